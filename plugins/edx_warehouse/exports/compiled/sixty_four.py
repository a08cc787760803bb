"""Looking at 64 bytes at a time: a bit for each byte that is what is looked for, the first byte the lowest."""

from typing import Any

from edx_warehouse.exports.compiled.words import PAD as _PAD  # first of all: it tells Numba for which processors

# isort: split
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

BEYOND = 2 * _PAD
"""Bytes that must follow the used ones of an array that is looked at."""
_LANES = ir.VectorType(ir.IntType(8), 64)


def _lanes(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.load(builder.bitcast(builder.gep(data, [args[1]]), _LANES.as_pointer()), align=1)


def _each(byte: int) -> Any:
    return ir.Constant(_LANES, [byte] * 64)


def _mask(builder: Any, *found: Any) -> Any:
    lanes = found[0]
    for more in found[1:]:
        lanes = builder.or_(lanes, more)
    return builder.bitcast(lanes, ir.IntType(64))


@intrinsic
def ends64(_: Any, array: Any, at: Any) -> Any:
    """``ends64(array, at)``: of 64 bytes, a bit for each that may end a field: tab, line feed and below."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _lanes(context, builder, signature, args)
        return _mask(builder, builder.icmp_unsigned("<", lanes, _each(11)))

    return types.uint64(array, types.intp), code


@intrinsic
def beyond64(_: Any, array: Any, at: Any) -> Any:
    """``beyond64(array, at)``: of 64 bytes, a bit for each beyond ASCII."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _lanes(context, builder, signature, args)
        return _mask(builder, builder.icmp_signed("<", lanes, _each(0)))

    return types.uint64(array, types.intp), code


@intrinsic
def signs64(_: Any, array: Any, at: Any) -> Any:
    """``signs64(array, at)``: of 64 bytes, a bit for each quote and backslash."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _lanes(context, builder, signature, args)
        return _mask(builder, builder.icmp_signed("==", lanes, _each(34)), builder.icmp_signed("==", lanes, _each(92)))

    return types.uint64(array, types.intp), code


@intrinsic
def controls64(_: Any, array: Any, at: Any) -> Any:
    """``controls64(array, at)``: of 64 bytes, a bit for each control character."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = _lanes(context, builder, signature, args)
        return _mask(builder, builder.icmp_unsigned("<", lanes, _each(32)))

    return types.uint64(array, types.intp), code
