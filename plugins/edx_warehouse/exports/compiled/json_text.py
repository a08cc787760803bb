"""Strings of strict JSON: reading, escaping and unescaping them.

What is not ordinary is not decided here but given back as :data:`ODD`, for the slow and complete reader: broken
syntax, escapes of halves of surrogate pairs and of NUL.
"""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import (
    BACKSLASH,
    LOWER_A,
    LOWER_B,
    LOWER_F,
    LOWER_N,
    LOWER_R,
    LOWER_T,
    LOWER_U,
    NEWLINE,
    NINE,
    QUOTE,
    RETURN,
    SLASH,
    SPACE,
    TAB,
    ZERO,
)
from edx_warehouse.exports.compiled.machine_code import compiled, within
from edx_warehouse.exports.compiled.words import PAD, copy16, equal16, marks, zeros_below

ODD = -1
"""In place of an end: not ordinary."""
CUT = -2
"""In place of an end: the text ends where more has to come."""

_BACKSLASH = np.uint8(ord("\\"))
_SLASH_U = np.array(list(b"\\u00"), np.uint8)
_HEX = np.array(list(b"0123456789abcdef"), np.uint8)


@compiled
def skip_blanks(data: Any, i: int) -> int:
    """Return the next position that is no blank; a line's end is none."""
    while data[i] == SPACE or data[i] == TAB or data[i] == RETURN:
        i += 1
    return i


@compiled
def _hex(byte: int) -> int:
    if ZERO <= byte <= NINE:
        return byte - ZERO
    byte |= 32
    return byte - LOWER_A + 10 if LOWER_A <= byte <= LOWER_F else -1


@compiled
def _code_unit(data: Any, i: int) -> int:
    """Return the number of four hexadecimal digits, negative when they are none."""
    code = 0
    for k in range(4):
        digit = _hex(data[i + k])
        if digit < 0:
            return ODD
        code = code * 16 + digit
    return code


@compiled
def _beyond_ascii(data: Any, i: int) -> int:
    """Return the end of the UTF-8 sequence at ``i``, ODD when it is none."""
    a, b, c, d = data[i], data[i + 1], data[i + 2], data[i + 3]
    if 0xC2 <= a <= 0xDF:
        return i + 2 if b & 0xC0 == 0x80 else ODD
    if b & 0xC0 != 0x80 or c & 0xC0 != 0x80:
        return ODD
    if 0xE0 <= a <= 0xEF:
        return ODD if (a == 0xE0 and b < 0xA0) or (a == 0xED and b > 0x9F) else i + 3
    if d & 0xC0 != 0x80 or not 0xF0 <= a <= 0xF4:
        return ODD
    return ODD if (a == 0xF0 and b < 0x90) or (a == 0xF4 and b > 0x8F) else i + 4


@compiled
def _skip_escape(data: Any, i: int, end: int) -> int:
    """Return the end of the escape at ``i``, ODD or CUT in place of it."""
    if i + 1 >= end:
        return CUT
    byte = data[i + 1]
    if byte == LOWER_U:
        if i + 6 > end:
            return CUT
        code = _code_unit(data, i + 2)
        return ODD if code <= 0 or 0xD800 <= code < 0xE000 else i + 6
    if (
        byte == QUOTE
        or byte == BACKSLASH
        or byte == SLASH
        or byte == LOWER_N
        or byte == LOWER_T
        or byte == LOWER_R
        or byte == LOWER_B
        or byte == LOWER_F
    ):
        return i + 2
    return ODD


@within
def skip_text(data: Any, i: int, end: int) -> Any:
    """Return where the closing quote is of the text that begins at ``i``, and whether it has escapes or such.

    ODD or CUT are in place of the first.
    """
    special = False
    while True:
        found = marks(data, i)
        if found == np.uint64(0):
            i += 16
            if i >= end:
                return CUT, special
            continue
        i += np.int64(zeros_below(found))
        if i >= end:
            return CUT, special
        byte = data[i]
        if byte == QUOTE:
            return i, special
        special = True
        if byte < SPACE:
            return ODD, special
        i = _skip_escape(data, i, end) if byte == BACKSLASH else _beyond_ascii(data, i)
        if i < 0:
            return i, special
        if i > end:
            return CUT, special


@within
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
            if byte == QUOTE or byte == BACKSLASH:
                out[o] = BACKSLASH
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
def unescape(data: Any, i: int, end: int, out: Any) -> int:
    """Write what a valid JSON text without halves of surrogate pairs says to ``out``; return its length."""
    o = 0
    while i < end:
        found = equal16(data, i, _BACKSLASH)
        copy16(out, o, data, i)
        step = 16 if found == np.uint64(0) else np.int64(zeros_below(found))
        if step > end - i:
            step = end - i
        i += step
        o += step
        if i >= end or step == 16:
            continue
        byte = data[i + 1]
        i += 2
        if byte == LOWER_U:
            o = _write_utf8(out, o, _code_unit(data, i))
            i += 4
        else:
            out[o] = _escaped(byte)
            o += 1
    for k in range(PAD):  # nothing of a longer text before is taken for more of this one
        out[o + k] = 0
    return o


@compiled
def _escaped(byte: int) -> int:
    """Return what the letter behind a backslash stands for."""
    if byte == LOWER_N:
        return NEWLINE
    if byte == LOWER_T:
        return TAB
    if byte == LOWER_R:
        return RETURN
    if byte == LOWER_B:
        return 8
    return 12 if byte == LOWER_F else byte


@compiled
def _write_utf8(out: Any, o: int, code: int) -> int:
    if code < 0x80:
        out[o] = code
        return o + 1
    if code < 0x800:
        out[o] = 0xC0 | code >> 6
        out[o + 1] = 0x80 | code & 0x3F
        return o + 2
    out[o] = 0xE0 | code >> 12
    out[o + 1] = 0x80 | (code >> 6) & 0x3F
    out[o + 2] = 0x80 | code & 0x3F
    return o + 3
