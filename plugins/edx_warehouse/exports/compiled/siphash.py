"""Digests of lines, which only who has the key can aim at."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.machine_code import START, compiled, entry
from edx_warehouse.exports.compiled.words import load64

_13, _16, _17, _21, _32, _64 = (np.uint64(it) for it in (13, 16, 17, 21, 32, 64))


@compiled
def _turn(word: Any, bits: Any) -> Any:
    return (word << bits) | (word >> (_64 - bits))


@compiled
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    v0 += v1
    v2 += v3
    v1 = _turn(v1, _13) ^ v0
    v3 = _turn(v3, _16) ^ v2
    v0 = _turn(v0, _32)
    v2 += v1
    v0 += v3
    v1 = _turn(v1, _17) ^ v2
    v3 = _turn(v3, _21) ^ v0
    v2 = _turn(v2, _32)
    return v0, v1, v2, v3


@compiled
def _begin(k0: Any, k1: Any) -> Any:
    return (
        k0 ^ np.uint64(0x736F6D6570736575),
        k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE),
        k0 ^ np.uint64(0x6C7967656E657261),
        k1 ^ np.uint64(0x7465646279746573),
    )


@compiled
def _take_words(data: Any, i: int, end: int, v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    """Take all whole words; return where the rest begins, and the state."""
    while end - i >= 8:
        word = load64(data, i)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        i += 8
    return i, v0, v1, v2, v3


@compiled
def _finish(data: Any, i: int, end: int, size: int, v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    """Take the less than eight bytes that are left of ``size``; return the digest."""
    word = np.uint64(size & 255) << np.uint64(56)
    if i < end:
        word |= load64(data, i) & ((np.uint64(1) << np.uint64(8 * (end - i))) - np.uint64(1))
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= word
    v2 ^= np.uint64(0xEE)
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= np.uint64(0xDD)
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return low, v0 ^ v1 ^ v2 ^ v3


@compiled
def siphash128(data: Any, start: int, end: int, k0: Any, k1: Any) -> Any:
    """Return SipHash-1-3 with 128 bits (Aumasson and Bernstein) of ``data[start:end]`` as two words.

    Without the key ``k0, k1`` nobody can make two lines that have one digest.
    """
    v0, v1, v2, v3 = _begin(k0, k1)
    i, v0, v1, v2, v3 = _take_words(data, start, end, v0, v1, v2, v3)
    return _finish(data, i, end, end - start, v0, v1, v2, v3)


@entry
def begin_digest(key: Any, state: Any) -> None:
    """Begin the digest of bytes that come in pieces.

    :param state: four words.
    """
    state[0], state[1], state[2], state[3] = _begin(key[0], key[1])


@entry
def take_piece(data: Any, end: int, size: int, state: Any, digest: Any) -> None:
    """Take the next piece, ``data[:end]``; all but the last have whole words of eight bytes.

    :param size: of all pieces so far.
    :param digest: becomes that of all pieces so far, two words.
    """
    i, v0, v1, v2, v3 = _take_words(data, START, end, state[0], state[1], state[2], state[3])
    state[0], state[1], state[2], state[3] = v0, v1, v2, v3
    digest[0], digest[1] = _finish(data, i, end, size, v0, v1, v2, v3)
