"""The block that a line is about: the column ``module_id``."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled import phrases
from edx_warehouse.exports.compiled.ascii import (
    COLON,
    DASH,
    LOWER_A,
    LOWER_Z,
    NINE,
    PLUS,
    POINT,
    QUOTE,
    SEMICOLON,
    SLASH,
    UNDERSCORE,
    ZERO,
)
from edx_warehouse.exports.compiled.json_members import KIND, VALUE, VALUE_END
from edx_warehouse.exports.compiled.json_text import ODD
from edx_warehouse.exports.compiled.json_values import ESCAPED, TEXT
from edx_warehouse.exports.compiled.line_course import Courses
from edx_warehouse.exports.compiled.line_members import Room
from edx_warehouse.exports.compiled.machine_code import compiled
from edx_warehouse.exports.compiled.names import EVENT_TYPE, ID, MODULE, MODULE_ID, PAGE, PATH, PROBLEM_ID, USAGE_KEY
from edx_warehouse.exports.compiled.search import find_byte
from edx_warehouse.exports.compiled.words import copy, equal16, same

_QUESTION, _PERCENT, _BACKSLASH, _FOUR, _X, _K, _DASH = (np.uint8(ord(it)) for it in "?%\\4xk-")
_STRICT, _LOOSE = np.bool_(False), np.bool_(True)


@compiled
def write_block(data: Any, event: Any, courses: Courses, room: Room, course: int, out: Any, o: int) -> int:
    """Write the column; return its end, ``o`` when the line names no block, ODD when it is not ordinary.

    :param event: the bytes in which the payload's members are.
    """
    begin = o
    o = phrases.say(out, o, MODULE_ID)
    out[o] = QUOTE
    end = _find_block(data, event, courses, room, course, out, o + 1)
    if end == o + 1:
        return begin
    if end < 0:
        return ODD
    out[end] = QUOTE
    return end + 1


@compiled
def _find_block(data: Any, event: Any, courses: Courses, room: Room, course: int, out: Any, o: int) -> int:
    """Write the first block that is named anywhere; return as :func:`_block` does."""
    for name in (PROBLEM_ID, MODULE_ID, USAGE_KEY, ID):
        end = _block(event, room.payload, room.found[2, name], courses, course, out, o)
        if end != o:
            return end
    end = _block(data, room.module, room.found[1, MODULE], courses, course, out, o)
    if end != o:
        return end
    end = _block(data, room.line, room.found[0, PAGE], courses, course, out, o)
    if end != o:
        return end
    end = _block(data, room.context, room.found[1, PATH], courses, course, out, o)
    if end != o:
        return end
    return _block(data, room.line, room.found[0, EVENT_TYPE], courses, course, out, o)


@compiled
def _block(data: Any, members: Any, k: int, courses: Courses, course: int, out: Any, o: int) -> int:
    """Write the block that a member names; return its end, ``o`` when it names none, ODD when it is not ordinary."""
    if k < 0 or (members[k, KIND] != TEXT and members[k, KIND] != ESCAPED):
        return o
    start, end = members[k, VALUE], members[k, VALUE_END]
    if members[k, KIND] == ESCAPED and find_byte(data, start, end, _BACKSLASH) < end:
        return ODD
    if not _may_name_block(data, start, end):
        return o
    old = phrases.find(data, start, end, phrases.OLD) >= 0
    if not old and phrases.find(data, start, end, phrases.NEW) < 0:
        return o
    end = find_byte(data, start, end, _QUESTION)
    if find_byte(data, start, end, _PERCENT) < end:
        return ODD
    if not old:
        return _new_block(data, start, end, out, o)
    stop = _old_block(data, start, end, out, o)
    return stop if stop != o else _html_block(data, start, end, courses, course, out, o)


@compiled
def _may_name_block(data: Any, i: int, end: int) -> bool:
    """Return whether a span has ``4x`` or ``k-`` in it, as every id of a block has, or almost."""
    while i < end:
        old = equal16(data, i, _FOUR) & equal16(data, i + 1, _X)
        new = equal16(data, i, _K) & equal16(data, i + 1, _DASH)
        if old | new != np.uint64(0):
            return True
        i += 16
    return False


@compiled
def _new_block(data: Any, start: int, end: int, out: Any, o: int) -> int:
    """Write the block of an id such as block-v1:Org+Course+Run+type@category+block@name; return its end, o without."""
    at = start
    while True:
        at = phrases.find(data, at, end, phrases.NEW)
        if at < 0:
            return o
        at += phrases.length(phrases.NEW)
        if at >= end or data[at] != COLON:
            continue
        org = at + 1
        course = _behind_plus(data, org, end)
        if course < 0:
            continue
        run = _behind_plus(data, course, end)
        if run < 0:
            continue
        kind = _behind_plus(data, run, end)
        if kind < 0 or not phrases.begins(data, kind, end, phrases.TYPE):
            continue
        kind += phrases.length(phrases.TYPE)
        name = _behind_plus(data, kind, end)
        if name < 0 or not phrases.begins(data, name, end, phrases.BLOCK):
            continue
        kind_end = name - 1
        name += phrases.length(phrases.BLOCK)
        stop = _skip_part(data, name, end, _LOOSE)
        if stop == name:
            continue
        o = _write_part(out, o, data, org, course - 1)
        o = _write_part(out, o, data, course, run - 1)
        o = _write_part(out, o, data, kind, kind_end)
        return copy(out, o, data, name, stop)


@compiled
def _behind_plus(data: Any, i: int, end: int) -> int:
    """Return what is behind a part of an id and a plus, ODD where they are not."""
    stop = _skip_part(data, i, end, _LOOSE)
    return stop + 1 if i < stop < end and data[stop] == PLUS else ODD


@compiled
def _old_block(data: Any, start: int, end: int, out: Any, o: int) -> int:
    """Write the block of an id such as i4x://Org/Course/category/name; return its end, o without.

    In place of the slashes there may be ``;_;_`` and ``;_``.
    """
    at = start
    while True:
        at = phrases.find(data, at, end, phrases.OLD)
        if at < 0:
            return o
        at += phrases.length(phrases.OLD)
        if at >= end or data[at] != COLON:
            continue
        if phrases.begins(data, at, end, phrases.SLASHES):
            stop = _write_four(data, at + 3, end, out, o)
        elif phrases.begins(data, at + 1, end, phrases.MARKS):
            stop = _write_four(data, at + 5, end, out, o)
        else:
            continue
        if stop >= 0:
            return stop


@compiled
def _write_four(data: Any, part: int, end: int, out: Any, o: int) -> int:
    """Write the four parts of an older id; return where they end, ODD where they are not."""
    for k in range(4):
        stop = _skip_part(data, part, end, _LOOSE)
        if stop == part:
            return ODD
        if k == 3:
            break
        o = _write_part(out, o, data, part, stop)
        part = _skip_joint(data, stop, end)
        if part < 0:
            return ODD
    return copy(out, o, data, part, stop)


@compiled
def _skip_joint(data: Any, i: int, end: int) -> int:
    """Return what is behind a slash or ``;_``, ODD where there is neither."""
    if i < end and data[i] == SLASH:
        return i + 1
    if end - i >= 2 and data[i] == SEMICOLON and data[i + 1] == UNDERSCORE:
        return i + 2
    return ODD


@compiled
def _html_block(data: Any, start: int, end: int, courses: Courses, course: int, out: Any, o: int) -> int:
    """Write the block of an id of the course such as i4x-Org-Course-category-name; return its end, o without."""
    spans = courses.spans[course]
    n = spans[3] - spans[2]
    if end - start <= n or not same(data, start, courses.texts, spans[2], n):
        return o
    kind = start + n
    stop = _skip_part(data, kind, end, _STRICT)
    if stop == kind or stop >= end or data[stop] != DASH:
        return o
    last = _skip_part(data, stop + 1, end, _LOOSE)
    if last == stop + 1:
        return o
    o = copy(out, o, courses.texts, spans[4], spans[5])
    o = _write_part(out, o, data, kind, stop)
    return copy(out, o, data, stop + 1, last)


@compiled
def _write_part(out: Any, o: int, data: Any, start: int, end: int) -> int:
    """Write a part of an id, and a slash."""
    o = copy(out, o, data, start, end)
    out[o] = SLASH
    return o + 1


@compiled
def _skip_part(data: Any, i: int, end: int, marks_too: bool) -> int:
    """Return the end of a part of an id."""
    while i < end and _is_word(data[i], marks_too):
        i += 1
    return i


@compiled
def _is_word(byte: int, marks_too: bool) -> bool:
    """Return whether a byte is one of ``A-Za-z0-9_``, or with ``marks_too`` also one of ``.-``."""
    lower = byte | 32
    return (
        LOWER_A <= lower <= LOWER_Z
        or ZERO <= byte <= NINE
        or byte == UNDERSCORE
        or (marks_too and (byte == DASH or byte == POINT))
    )
