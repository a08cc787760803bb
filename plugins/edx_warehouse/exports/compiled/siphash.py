"""Digests of lines, which only who has the key can aim at."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.machine_code import compiled
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
def siphash128(data: Any, start: int, end: int, k0: Any, k1: Any) -> Any:
    """Return SipHash-1-3 with 128 bits (Aumasson and Bernstein) of ``data[start:end]`` as two words.

    Without the key ``k0, k1`` nobody can make two lines that have one digest.
    """
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    i = start
    while end - i >= 8:
        word = load64(data, i)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        i += 8
    word = np.uint64((end - start) & 255) << np.uint64(56)
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
