"""Bytes taken eight or sixteen at a time: loading, storing, comparing, copying and hashing them."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from edx_warehouse.exports.compiled.ascii import BACKSLASH, QUOTE, SPACE
from edx_warehouse.exports.compiled.machine_code import HAS_AVX, compiled

PAD = 32
"""Bytes that must follow the used ones of every array."""

_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(ir.IntType(8), 16)


def _vector(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.load(builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer()), align=1)


def _each(byte: int) -> Any:
    return ir.Constant(_VECTOR, [byte] * 16)


def _mask(builder: Any, lanes: Any) -> Any:
    return builder.zext(builder.bitcast(lanes, ir.IntType(16)), _WORD)


_VECTOR_REGISTERS = ",".join(f"~{{xmm{n}}}" for n in range(16))


@intrinsic
def clean_registers(_: Any) -> Any:
    """``clean_registers()``: forget the upper halves of vector registers.

    isal's checksums leave them in use, and then all that the thread does here takes half as long again.
    """

    def code(context: Any, builder: Any, _: Any, __: Any) -> Any:
        if HAS_AVX:
            # As assembly, since the machine code is made for any processor of its kind: LLVM's intrinsic is refused there.
            builder.asm(ir.FunctionType(ir.VoidType(), []), "vzeroupper", _VECTOR_REGISTERS, [], side_effect=True)
        return context.get_dummy_value()

    return types.void(), code


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


@intrinsic
def marks(_: Any, array: Any, at: Any) -> Any:
    """``marks(array, at)``: of 16 bytes, a bit for each that is a quote, a backslash, below 0x20 or above 0x7f."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _vector(context, builder, signature.args[0], args[0], args[1])
        found = builder.or_(
            builder.or_(
                builder.icmp_signed("==", lanes, _each(QUOTE)), builder.icmp_signed("==", lanes, _each(BACKSLASH))
            ),
            builder.icmp_signed("<", lanes, _each(SPACE)),  # bytes above 0x7f are negative
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
