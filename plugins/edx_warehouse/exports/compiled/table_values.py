"""Fields of tab-separated text: seeing what they are, and writing them as CSV and JSON.

What is not ordinary is given back as :data:`ODD`, for the complete reader (``tsv.py``, ``values.py``) to decide:
numbers and times in other spellings, broken UTF-8, control characters that JSON names in its own way.
"""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.sixty_four import beyond64, controls64, signs64
from edx_warehouse.exports.compiled.words import compiled, copy, copy16, load64, zeros_below

ODD = -1
NULL, TEXT, INTEGER, FLOAT, TIMESTAMP, BLOCK, COURSE = range(7)
"""Kinds of values; a BLOCK is the id of a content block, a COURSE the id of the course itself."""

_NULL = np.uint64(int.from_bytes(b"NULL", "little"))
_FOUR = np.uint64(0xFFFFFFFF)
_NONE = np.uint64(0)
_ONE = np.uint64(1)
_EXACT = 15
"""Digits that a double keeps: a decimal number of no more is written as it was read."""
_LONGEST_FLOAT = 300
_NO_DATE = np.array(list(b"0000-00-00"), np.uint8)
_OLD_BLOCK = np.array(list(b"i4x://"), np.uint8)
_NEW_BLOCK = np.array(list(b"block-v1:"), np.uint8)
_TYPE = np.array(list(b"type@"), np.uint8)
_NAME = np.array(list(b"block@"), np.uint8)


@compiled
def begins(data: Any, start: int, end: int, text: Any) -> bool:
    """Return whether a field begins with a text."""
    if end - start < text.shape[0]:
        return False
    for k in range(text.shape[0]):
        if data[start + k] != text[k]:
            return False
    return True


@compiled
def is_null(data: Any, start: int, end: int) -> bool:
    """Return whether a field is the four letters ``NULL``."""
    return end - start == 4 and load64(data, start) & _FOUR == _NULL


@compiled
def _after(data: Any, i: int) -> int:
    """Return the end of the UTF-8 sequence beyond ASCII at ``i``, ODD when it is none."""
    a, b = data[i], data[i + 1]
    if b & 0xC0 != 0x80 or a < 0xC2 or a > 0xF4:
        return ODD
    if a < 0xE0:
        return i + 2
    if data[i + 2] & 0xC0 != 0x80 or (a == 0xE0 and b < 0xA0) or (a == 0xED and b > 0x9F):
        return ODD
    if a < 0xF0:
        return i + 3
    if data[i + 3] & 0xC0 != 0x80 or (a == 0xF0 and b < 0x90) or (a == 0xF4 and b > 0x8F):
        return ODD
    return i + 4


@compiled
def is_utf8(data: Any, start: int, end: int) -> bool:
    """Return whether a line is UTF-8; at its end is a line feed, which cuts every sequence."""
    i = start
    while i < end:
        found = beyond64(data, i)
        if found == _NONE:
            i += 64
            continue
        i += np.int64(zeros_below(found))
        while i < end and data[i] >= 128:
            i = _after(data, i)
            if i < 0:
                return False
    return True


@compiled
def _digits(data: Any, i: int, end: int) -> int:
    while i < end and 48 <= data[i] <= 57:
        i += 1
    return i


@compiled
def _integer(data: Any, start: int, end: int) -> int:
    first = start + 1 if data[start] == 45 else start
    digits = end - first
    if digits < 1 or digits > 18 or _digits(data, first, end) != end:
        return ODD
    if data[first] == 48 and (digits > 1 or first > start):
        return ODD
    return INTEGER


@compiled
def _float(data: Any, start: int, end: int) -> int:
    point = _digits(data, start, end)
    if point == start or end - start > _LONGEST_FLOAT:
        return ODD
    if point < end and (data[point] != 46 or _digits(data, point + 1, end) != end):
        return ODD
    return FLOAT


@compiled
def _two(data: Any, i: int) -> int:
    a, b = np.int64(data[i]) - 48, np.int64(data[i + 1]) - 48
    return a * 10 + b if 0 <= a <= 9 and 0 <= b <= 9 else 100


@compiled
def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@compiled
def _timestamp(data: Any, start: int, end: int) -> int:
    if begins(data, start, end, _NO_DATE):
        return NULL
    size = end - start
    if size < 19 or size > 26 or size == 20:
        return ODD
    century, year = _two(data, start), _two(data, start + 2)
    month, day = _two(data, start + 5), _two(data, start + 8)
    if century == 100 or year == 100 or century + year == 0 or not 1 <= month <= 12:
        return ODD
    if not 1 <= day <= _days(100 * century + year, month):
        return ODD
    if _two(data, start + 11) > 23 or _two(data, start + 14) > 59 or _two(data, start + 17) > 59:
        return ODD
    if data[start + 4] != 45 or data[start + 7] != 45 or data[start + 13] != 58 or data[start + 16] != 58:
        return ODD
    if data[start + 10] != 32 and data[start + 10] != 84:
        return ODD
    if size > 19 and (data[start + 19] != 46 or _digits(data, start + 20, end) != end):
        return ODD
    return TIMESTAMP


@compiled
def kind_of(data: Any, start: int, end: int, wanted: int) -> int:
    """Return the kind of value in a field: ``wanted``, NULL when there is none, ODD when it is not ordinary."""
    if is_null(data, start, end):
        return NULL
    if wanted == TEXT:
        return TEXT
    if start == end:
        return NULL
    if wanted == INTEGER:
        return _integer(data, start, end)
    if wanted == FLOAT:
        return _float(data, start, end)
    return _timestamp(data, start, end)


@compiled
def number_of(data: Any, start: int, end: int) -> int:
    """Return the number that an ordinary INTEGER is."""
    i = start + 1 if data[start] == 45 else start
    value = np.int64(0)
    while i < end:
        value = value * 10 + np.int64(data[i]) - 48
        i += 1
    return -value if data[start] == 45 else value


@compiled
def _signs(data: Any, i: int, end: int) -> Any:
    """Return the signs of the 64 bytes at ``i``, as far as they are before the end."""
    found = signs64(data, i)
    return found if end - i >= 64 else found & ((_ONE << np.uint64(end - i)) - _ONE)


@compiled
def _run(out: Any, o: int, data: Any, start: int, end: int) -> int:
    copy16(out, o, data, start)
    return o + end - start if end - start <= 16 else copy(out, o, data, start, end)


@compiled
def write_plain_csv(out: Any, o: int, data: Any, start: int, end: int) -> int:
    """Write a field without quotes and backslashes in quotes; return where it ends."""
    out[o] = 34
    o = _run(out, o + 1, data, start, end)
    out[o] = 34
    return o + 1


@compiled
def write_csv(out: Any, o: int, data: Any, start: int, end: int, mysql: bool) -> int:
    """Write a field that is not NULL in quotes, its escapes undone; return where it ends."""
    out[o] = 34
    o += 1
    i = start  # the next byte that is not written
    window = start
    while window < end:
        found = _signs(data, window, end)
        while found != _NONE:
            at = window + np.int64(zeros_below(found))
            found &= found - _ONE
            if at < i:
                continue  # the second backslash of a pair
            o = _run(out, o, data, i, at)
            out[o] = data[at]
            out[o + 1] = 34
            i = at + 1
            if data[at] == 34:
                o += 2
                continue
            o += 1
            after = data[i] if i < end else np.uint8(0)
            if after == 92:
                i += 1
            elif mysql and (after == 110 or after == 114 or after == 116):
                out[o - 1] = 10 if after == 110 else 13 if after == 114 else 9
                i += 1
        window += 64
        stop = window if window < end else end
        if i < stop:
            o = _run(out, o, data, i, stop)
            i = stop
    out[o] = 34
    return o + 1


@compiled
def _write_text(out: Any, o: int, data: Any, start: int, end: int, mysql: bool) -> int:
    out[o] = 34
    o += 1
    i = start
    window = start
    while window < end:
        strange = controls64(data, window)
        if strange != _NONE and window + np.int64(zeros_below(strange)) < end:
            return ODD
        found = _signs(data, window, end)
        while found != _NONE:
            at = window + np.int64(zeros_below(found))
            found &= found - _ONE
            if at < i:
                continue
            o = _run(out, o, data, i, at)
            out[o] = 92
            out[o + 1] = data[at]
            o += 2
            i = at + 1
            if data[at] == 92:
                after = data[i] if i < end else np.uint8(0)
                if after == 92:
                    i += 1
                elif mysql and (after == 110 or after == 114 or after == 116):  # JSON has the same escapes
                    out[o - 1] = after
                    i += 1
        window += 64
        stop = window if window < end else end
        if i < stop:
            o = _run(out, o, data, i, stop)
            i = stop
    out[o] = 34
    return o + 1


@compiled
def _write_float(out: Any, o: int, data: Any, start: int, end: int) -> int:
    point = _digits(data, start, end)
    while end > point and (data[end - 1] == 48 or end - 1 == point):
        end -= 1
    whole = point - start
    if (whole > 1 and data[start] == 48) or end - start > _EXACT:
        return ODD
    if data[start] == 48 and end > point and load64(data, point + 1) & _FOUR == np.uint64(0x30303030):
        return ODD  # so small that it may be written with an exponent
    o = copy(out, o, data, start, end)
    if end == point:
        out[o] = 46
        out[o + 1] = 48
        o += 2
    return o


@compiled
def _write_timestamp(out: Any, o: int, data: Any, start: int, end: int) -> int:
    out[o] = 34
    copy(out, o + 1, data, start, end)
    out[o + 11] = 84
    o += 1 + end - start
    out[o] = 90
    out[o + 1] = 34
    return o + 2


@compiled
def _plain(data: Any, start: int, end: int, sign: int, others: int) -> int:
    """Return the next ``sign``, else ``end``; ODD when a byte is no graphic of ASCII, is to be escaped or is ``others``."""
    i = start
    while i < end and data[i] != sign:
        byte = data[i]
        if byte <= 32 or byte >= 127 or byte == 34 or byte == 92 or byte == others:
            return ODD
        i += 1
    return i


@compiled
def _write_old_block(out: Any, o: int, data: Any, start: int, end: int) -> int:
    i = start = start + 6
    for k in range(4):
        stop = _plain(data, i, end, 47, 64)
        if stop <= i or (stop == end) != (k == 3):
            return ODD
        i = stop + 1
    return copy(out, o, data, start, end)


@compiled
def _write_new_block(out: Any, o: int, data: Any, start: int, end: int) -> int:
    i = start + 9
    for k in range(4):
        stop = _plain(data, i, end, 43, 0)
        if stop <= i or stop == end:
            return ODD
        if k == 3:
            if not begins(data, i, stop, _TYPE) or stop == i + 5:
                return ODD
            i += 5
        if k != 2:  # ids are unique in a course: its run is left out
            o = copy(out, o, data, i, stop)
            out[o] = 47
            o += 1
        i = stop + 1
    if not begins(data, i, end, _NAME) or end == i + 6 or _plain(data, i + 6, end, 0, 0) != end:
        return ODD
    return copy(out, o, data, i + 6, end)


@compiled
def _write_block(out: Any, o: int, data: Any, start: int, end: int) -> int:
    out[o] = 34
    if begins(data, start, end, _OLD_BLOCK):
        o = _write_old_block(out, o + 1, data, start, end)
    elif begins(data, start, end, _NEW_BLOCK):
        o = _write_new_block(out, o + 1, data, start, end)
    else:
        return ODD
    if o < 0:
        return ODD
    out[o] = 34
    return o + 1


@compiled
def write_json(out: Any, o: int, data: Any, start: int, end: int, kind: int, mysql: bool) -> int:
    """Write a field that is not NULL as a JSON value of its kind; return where it ends, ODD when it is not ordinary."""
    if kind == TEXT:
        return _write_text(out, o, data, start, end, mysql)
    if kind == INTEGER:
        return copy(out, o, data, start, end)
    if kind == FLOAT:
        return _write_float(out, o, data, start, end)
    if kind == TIMESTAMP:
        return _write_timestamp(out, o, data, start, end)
    return _write_block(out, o, data, start, end)
