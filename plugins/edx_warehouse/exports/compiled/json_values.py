"""Values of strict JSON that are neither objects nor arrays.

Not ordinary are integers of more than 18 digits and exponents of three.
"""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import (
    DASH,
    LOWER_E,
    LOWER_F,
    LOWER_N,
    LOWER_T,
    NINE,
    PLUS,
    POINT,
    QUOTE,
    ZERO,
)
from edx_warehouse.exports.compiled.json_text import CUT, ODD, skip_text
from edx_warehouse.exports.compiled.machine_code import compiled, within
from edx_warehouse.exports.compiled.words import load64

NULL, BOOL, INTEGER, NUMBER, TEXT, ESCAPED, OBJECT, ARRAY = range(8)
"""Kinds of values; ESCAPED is a text with a backslash or beyond ASCII in it."""

_NULL, _TRUE, _FALSE = (np.uint64(int.from_bytes(it, "little")) for it in (b"null", b"true", b"false"))
_4, _5 = np.int64(4), np.int64(5)


@compiled
def _digits(data: Any, i: int) -> int:
    while ZERO <= data[i] <= NINE:
        i += 1
    return i


@compiled
def _skip_number(data: Any, i: int, end: int) -> Any:
    """Return the end and the kind of the number at ``i``."""
    if data[i] == DASH:
        i += 1
    first = i
    i = _digits(data, i)
    digits = i - first
    if digits > 18 or (digits > 1 and data[first] == ZERO):
        return ODD, NUMBER
    if digits == 0:
        return CUT if i >= end else ODD, NUMBER
    kind = INTEGER
    if data[i] == POINT:
        kind = NUMBER
        first = i + 1
        i = _digits(data, first)
        if i == first:
            return CUT if i >= end else ODD, NUMBER
    if data[i] | 32 == LOWER_E:
        kind = NUMBER
        i += 1
        if data[i] == PLUS or data[i] == DASH:
            i += 1
        first = i
        i = _digits(data, i)
        if i == first:
            return CUT if i >= end else ODD, NUMBER
        if i - first > 2:
            return ODD, NUMBER
    return i, kind


@compiled
def _word(data: Any, i: int, end: int, word: Any, n: Any) -> int:
    there = min(n, end - i)
    keep = (np.uint64(1) << np.uint64(8 * there)) - np.uint64(1)
    if (load64(data, i) ^ word) & keep != np.uint64(0):
        return ODD
    return i + n if there == n else CUT


@within
def skip_simple(data: Any, i: int, end: int) -> Any:
    """Return the end and the kind of a value that is no container."""
    if i >= end:
        return CUT, NULL
    byte = data[i]
    if byte == QUOTE:
        close, special = skip_text(data, i + 1, end)
        return close + 1 if close >= 0 else close, ESCAPED if special else TEXT
    if byte == LOWER_N:
        return _word(data, i, end, _NULL, _4), NULL
    if byte == LOWER_T:
        return _word(data, i, end, _TRUE, _4), BOOL
    if byte == LOWER_F:
        return _word(data, i, end, _FALSE, _5), BOOL
    return _skip_number(data, i, end)
