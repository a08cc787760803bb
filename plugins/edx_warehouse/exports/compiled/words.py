"""Bytes taken eight at a time: copying, escaping, finding and hashing them."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("NUMBA_CPU_NAME", "generic")  # compiled once, say in an image, for whatever machine runs it

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

PAD = 32
"""Bytes that must follow the used ones of every array."""
START = np.int64(0)
"""Zero as an argument: of a number written down Numba makes a function of its own."""


def _machine_code() -> Path:
    """Return the folder for machine code made of these very sources: Numba itself looks at one file of them only."""
    sources = Path(__file__).parent
    digest = hashlib.sha256(b"".join(it.read_bytes() for it in sorted(sources.glob("*.py")))).hexdigest()[:12]
    given = numba.config.CACHE_DIR  # NUMBA_CACHE_DIR of the environment
    for folder in (Path(given) if given else sources / "__pycache__", Path.home() / ".cache" / "edx-warehouse"):
        try:
            (folder / digest).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder / digest, os.W_OK):
            return folder / digest
    return Path()  # Numba's own choice


numba.config.CACHE_DIR = str(_machine_code()).removeprefix(".")
# Without _nrt: arrays are the caller's, and counting references to them took most of the time.
_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}
compiled = cast("Callable[[Any], Any]", njit(**_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True))
"""Decorator: compiled into what calls it, which is compiled too."""
entry = cast("Callable[[Any], Any]", njit(**_OPTIONS, cache=True, no_cfunc_wrapper=True))
"""Decorator: to be called from Python without the interpreter's lock; compiled at first use and kept on disk."""

_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(ir.IntType(8), 16)
_13, _16, _17, _21, _32, _64 = (np.uint64(it) for it in (13, 16, 17, 21, 32, 64))


@intrinsic
def load64(_: Any, array: Any, at: Any) -> Any:
    """``load64(array, at)``: the eight bytes from ``at`` on, the first one lowest; at any address."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), _WORD.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(array, types.intp), code


@intrinsic
def store64(_: Any, array: Any, at: Any, word: Any) -> Any:
    """``store64(array, at, word)``: put eight bytes at any address."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), _WORD.as_pointer())
        builder.store(args[2], address, align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64), code


@intrinsic
def zeros_below(_: Any, word: Any) -> Any:
    """``zeros_below(word)``: how many zero bits come before the lowest one that is set; the word is not zero."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


_13, _16, _17, _21, _32, _64 = (np.uint64(it) for it in (13, 16, 17, 21, 32, 64))
_SLASH_U = np.array(list(b"\\u00"), np.uint8)
_HEX = np.array(list(b"0123456789abcdef"), np.uint8)


def _vector(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.load(builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer()), align=1)


def _each(byte: int) -> Any:
    return ir.Constant(_VECTOR, [byte] * 16)


def _mask(builder: Any, lanes: Any) -> Any:
    return builder.zext(builder.bitcast(lanes, ir.IntType(16)), _WORD)


@intrinsic
def marks(_: Any, array: Any, at: Any) -> Any:
    """``marks(array, at)``: of 16 bytes, a bit for each that is a quote, a backslash, below 0x20 or above 0x7f."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _vector(context, builder, signature.args[0], args[0], args[1])
        found = builder.or_(
            builder.or_(builder.icmp_signed("==", lanes, _each(34)), builder.icmp_signed("==", lanes, _each(92))),
            builder.icmp_signed("<", lanes, _each(32)),  # bytes above 0x7f are negative
        )
        return _mask(builder, found)

    return types.uint64(array, types.intp), code


@intrinsic
def equal16(_: Any, array: Any, at: Any, byte: Any) -> Any:
    """``equal16(array, at, byte)``: of 16 bytes, a bit for each that is the given one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _vector(context, builder, signature.args[0], args[0], args[1])
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[2], ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), 16), [0] * 16)
        return _mask(builder, builder.icmp_signed("==", lanes, builder.shuffle_vector(one, one, mask)))

    return types.uint64(array, types.intp, types.uint8), code


@intrinsic
def copy16(_: Any, out: Any, to: Any, data: Any, at: Any) -> Any:
    """``copy16(out, to, data, at)``: copy 16 bytes."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _vector(context, builder, signature.args[2], args[2], args[3])
        target = context.make_array(signature.args[0])(context, builder, args[0]).data
        builder.store(lanes, builder.bitcast(builder.gep(target, [args[1]]), _VECTOR.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(out, types.intp, data, types.intp), code


@compiled
def copy(out: Any, o: int, data: Any, start: int, end: int) -> int:
    """Copy ``data[start:end]`` to ``out[o:]``; return where it ends there."""
    i = start
    to = o
    while i < end:
        copy16(out, to, data, i)
        i += 16
        to += 16
    return o + end - start


@compiled
def copy_exactly(out: Any, o: int, data: Any, start: int, end: int) -> None:
    """Copy ``data[start:end]`` to ``out[o:]`` and write nothing behind it."""
    i = start
    while end - i >= 16:
        copy16(out, o, data, i)
        i += 16
        o += 16
    while i < end:
        out[o] = data[i]
        i += 1
        o += 1


@compiled
def escape(out: Any, o: int, data: Any, start: int, end: int) -> int:
    """Copy ``data[start:end]`` as the inside of a JSON string; return where it ends. Up to six bytes come of one."""
    i = start
    while i < end:
        found = marks(data, i)
        copy16(out, o, data, i)
        step = 16 if found == np.uint64(0) else np.int64(zeros_below(found))
        if step > end - i:
            step = end - i
        i += step
        o += step
        if i < end and step < 16:
            byte = data[i]
            i += 1
            if byte == 34 or byte == 92:
                out[o] = 92
                out[o + 1] = byte
                o += 2
            elif byte >= 128:
                out[o] = byte
                o += 1
            else:
                for k in range(4):
                    out[o + k] = _SLASH_U[k]
                out[o + 4] = _HEX[byte >> 4]
                out[o + 5] = _HEX[byte & 15]
                o += 6
    return o


@compiled
def same(a: Any, i: int, b: Any, j: int, n: int) -> bool:
    """Return whether two spans of ``n`` bytes are equal."""
    k = 0
    while n - k >= 8:
        if load64(a, i + k) != load64(b, j + k):
            return False
        k += 8
    if k < n:
        keep = (np.uint64(1) << np.uint64(8 * (n - k))) - np.uint64(1)
        return (load64(a, i + k) ^ load64(b, j + k)) & keep == np.uint64(0)
    return True


@compiled
def quick_hash(data: Any, start: int, end: int) -> Any:
    """Return 64 bits that tell most spans apart; whoever finds two equal compares the bytes."""
    h = np.uint64(end - start) * np.uint64(0x9E3779B97F4A7C15)
    i = start
    while end - i >= 8:
        h = (h ^ load64(data, i)) * np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(32)
        i += 8
    if i < end:
        keep = (np.uint64(1) << np.uint64(8 * (end - i))) - np.uint64(1)
        h = (h ^ (load64(data, i) & keep)) * np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(32)
    return h


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
