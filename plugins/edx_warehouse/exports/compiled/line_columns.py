"""Columns of a row that are members of the line, its context and its payload, and what has no column."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled import phrases
from edx_warehouse.exports.compiled.ascii import (
    CLOSE_OBJECT,
    COLON,
    COMMA,
    DASH,
    NINE,
    ONE,
    OPEN_OBJECT,
    POINT,
    QUOTE,
    SPACE,
    ZERO,
)
from edx_warehouse.exports.compiled.event_time import read_time
from edx_warehouse.exports.compiled.json_members import KEY, KEY_END, KIND, NAME, VALUE, VALUE_END
from edx_warehouse.exports.compiled.json_text import ODD, escape
from edx_warehouse.exports.compiled.json_values import ESCAPED, INTEGER, NULL, NUMBER, TEXT
from edx_warehouse.exports.compiled.line_members import Room
from edx_warehouse.exports.compiled.machine_code import compiled, within
from edx_warehouse.exports.compiled.names import (
    COURSE_ID,
    EVENT,
    FIRST_INTEGER,
    FIRST_JSON,
    FIRST_NUMBER,
    FIRST_TEXT_FIELD,
    IP,
    MODULE,
    ORG_ID,
    PATH,
    RECEIVED_AT,
    TIME,
    USER_ID,
    USERNAME,
)
from edx_warehouse.exports.compiled.search import find_byte
from edx_warehouse.exports.compiled.spellings import UNSEEN
from edx_warehouse.exports.compiled.words import copy

_COMMA = np.uint8(COMMA)


@compiled
def write_texts(data: Any, n: int, room: Room, out: Any, o: int) -> int:
    """Write the columns that are texts of the line, and ``other``; return their end, ODD when not ordinary.

    :param n: members of the line.
    """
    line, found = room.line, room.found[0]
    for name in range(TIME):
        k = found[name]
        if k < 0 or line[k, KIND] == NULL:
            continue
        if line[k, KIND] != TEXT and line[k, KIND] != ESCAPED:
            return ODD
        start, end = line[k, VALUE], line[k, VALUE_END]
        if name == USERNAME:
            if line[k, KIND] == ESCAPED:
                return ODD
            start, end = _trim(data, start, end)
            if start == end:
                continue
        elif name == IP:
            comma = find_byte(data, start, end, _COMMA)
            if comma < end:
                if line[k, KIND] == ESCAPED:
                    return ODD
                start, end = _trim(data, start, comma)
                line[k, NAME] = UNSEEN  # the whole of it is kept with what has no column
        o = phrases.say_text(out, o, name, data, start, end)
    begin = o
    for k in range(n):
        if line[k, NAME] < 0 or line[k, NAME] > EVENT:
            o = _write_member(data, line, k, out, o, phrases.OTHER, o == begin)
    return _end_object(out, begin, o)


@compiled
def _trim(data: Any, start: int, end: int) -> Any:
    """Take blanks off both ends."""
    while start < end and data[start] == SPACE:
        start += 1
    while start < end and data[end - 1] == SPACE:
        end -= 1
    return start, end


@compiled
def write_context(data: Any, n: int, room: Room, out: Any, o: int) -> int:
    """Write the columns of the context, and ``context`` for the rest of it; return their end, ODD when not ordinary.

    :param n: members of the context.
    """
    members, found = room.context, room.found[1]
    for name in (ORG_ID, PATH):
        k = found[name]
        if k >= 0:
            kind = members[k, KIND]
            if kind == TEXT or kind == ESCAPED:
                o = phrases.say_text(out, o, name, data, members[k, VALUE], members[k, VALUE_END])
            elif kind != NULL:
                return ODD
    k = found[USER_ID]
    if k >= 0:
        o = _write_integer(data, members, k, out, o, USER_ID)
        if o < 0:
            return ODD
    k = found[RECEIVED_AT]
    if k >= 0:
        if members[k, KIND] != TEXT:
            return ODD
        o = phrases.say(out, o, RECEIVED_AT)
        out[o] = QUOTE
        if read_time(data, members[k, VALUE], members[k, VALUE_END], out, o + 1) < 0:
            return ODD
        out[o + 33] = QUOTE
        o += 34
    begin = o
    for k in range(n):
        if members[k, NAME] < COURSE_ID or members[k, NAME] > RECEIVED_AT:
            o = _write_member(data, members, k, out, o, phrases.REST, o == begin)
    return _end_object(out, begin, o)


@within
def _write_member(data: Any, members: Any, k: int, out: Any, o: int, phrase: int, first: bool) -> int:
    """Write a member into an object inside a text, which the first one opens."""
    if first:
        o = phrases.say(out, o, phrase)
        out[o] = OPEN_OBJECT
    else:
        out[o] = COMMA
    quote = 1 if members[k, KIND] == TEXT or members[k, KIND] == ESCAPED else 0
    o = escape(out, o + 1, data, members[k, KEY] - 1, members[k, KEY_END] + 1)
    out[o] = COLON
    return escape(out, o + 1, data, members[k, VALUE] - quote, members[k, VALUE_END] + quote)


@compiled
def _end_object(out: Any, begin: int, o: int) -> int:
    """End the object inside a text that was opened at ``begin``, if it was."""
    if o == begin:
        return o
    out[o] = CLOSE_OBJECT
    out[o + 1] = QUOTE
    return o + 2


@compiled
def write_struct(event: Any, room: Room, out: Any, o: int) -> int:
    """Write the typed fields of the payload, nothing when there are none; return their end, ODD when not ordinary.

    :param event: the bytes in which the payload's members are.
    """
    begin = o
    o = phrases.say(out, o, phrases.STRUCT)
    first = o
    found = room.found[2]
    for name in range(COURSE_ID, len(found)):
        k = found[name]
        if k >= 0 and not (ORG_ID <= name <= MODULE and name != USER_ID):
            o = _write_field(event, room.payload, k, out, o, name)
            if o < 0:
                return ODD
    if o == first:
        return begin
    out[first] = SPACE  # no comma before the first field
    out[o] = CLOSE_OBJECT
    return o + 1


@compiled
def _write_field(data: Any, members: Any, k: int, out: Any, o: int, name: int) -> int:
    """Write a field of its name's type; nothing for what has no such value, ODD for what is not ordinary."""
    kind, start, end = members[k, KIND], members[k, VALUE], members[k, VALUE_END]
    if name == COURSE_ID or FIRST_TEXT_FIELD <= name < FIRST_INTEGER:
        return phrases.say_text(out, o, name, data, start, end) if kind == TEXT or kind == ESCAPED else o
    if name < FIRST_NUMBER:
        return _write_integer(data, members, k, out, o, name)
    if name < FIRST_JSON:
        return _write_number(data, members, k, out, o, name)
    if kind == ESCAPED:
        return ODD
    if kind == NULL:
        return o
    quote = 1 if kind == TEXT else 0
    o = phrases.say(out, o, name)
    out[o] = QUOTE
    o = escape(out, o + 1, data, start - quote, end + quote)
    out[o] = QUOTE
    return o + 1


@compiled
def _write_integer(data: Any, members: Any, k: int, out: Any, o: int, name: int) -> int:
    """Write an integer, from digits in a text too; nothing for null and empty text, ODD for all else."""
    kind, start, end = members[k, KIND], members[k, VALUE], members[k, VALUE_END]
    if kind == NULL or (kind == TEXT and start == end):
        return o
    if kind == TEXT:
        first = start + 1 if data[start] == DASH else start
        if end - first > 18 or end == first or data[first] < ONE or _skip_digits(data, first, end) < end:
            return ODD
    elif kind != INTEGER:
        return ODD
    return copy(out, phrases.say(out, o, name), data, start, end)


@compiled
def _write_number(data: Any, members: Any, k: int, out: Any, o: int, name: int) -> int:
    """Write a number, from ``1.50`` in a text too, as speeds come; nothing for null, ODD for all else."""
    kind, start, end = members[k, KIND], members[k, VALUE], members[k, VALUE_END]
    if kind == NULL:
        return o
    if kind == TEXT:
        point = _skip_digits(data, start, end)
        whole = point - start
        if whole == 0 or whole > 15 or (whole > 1 and data[start] == ZERO):
            return ODD
        if point < end:
            fraction = end - point - 1
            if data[point] != POINT or fraction == 0 or fraction > 14 or _skip_digits(data, point + 1, end) < end:
                return ODD
    elif kind != INTEGER and kind != NUMBER:
        return ODD
    return copy(out, phrases.say(out, o, name), data, start, end)


@compiled
def _skip_digits(data: Any, i: int, end: int) -> int:
    while i < end and ZERO <= data[i] <= NINE:
        i += 1
    return i
