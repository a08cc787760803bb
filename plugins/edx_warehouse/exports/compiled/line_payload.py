"""The payload of a line as text: the column ``event``."""

from typing import Any

from edx_warehouse.exports.compiled import phrases
from edx_warehouse.exports.compiled.ascii import (
    DASH,
    LOWER_F,
    LOWER_N,
    LOWER_T,
    NINE,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    ZERO,
)
from edx_warehouse.exports.compiled.json_members import KIND, VALUE, VALUE_END, read_members, skip_value
from edx_warehouse.exports.compiled.json_text import CUT, ODD, escape, unescape
from edx_warehouse.exports.compiled.json_values import ESCAPED, NULL, OBJECT, TEXT
from edx_warehouse.exports.compiled.line_members import Room, sort_out
from edx_warehouse.exports.compiled.machine_code import START, compiled
from edx_warehouse.exports.compiled.names import EVENT
from edx_warehouse.exports.compiled.secret_words import speaks_of_secret
from edx_warehouse.exports.compiled.spellings import Spellings
from edx_warehouse.exports.compiled.words import copy


@compiled
def write_payload(data: Any, room: Room, names: Spellings, out: Any, o: int) -> Any:
    """Write the column; return its end, ODD when it is not ordinary, and whether the members are in ``room.inner``."""
    k = room.found[0, EVENT]
    if k < 0 or room.line[k, KIND] == NULL:
        return o, False
    kind, start, stop = room.line[k, KIND], room.line[k, VALUE], room.line[k, VALUE_END]
    if kind == TEXT or kind == ESCAPED:
        if start == stop:
            return o, False
        inner = _read_inner(room, names, unescape(data, start, stop, room.inner))
        if inner == ODD:
            return ODD, False
        if inner != TEXT:
            o = copy(out, phrases.say(out, o, phrases.PAYLOAD), data, start, stop)
            out[o] = QUOTE
            return o + 1, inner == OBJECT
        start -= 1
        stop += 1
    o = escape(out, phrases.say(out, o, phrases.PAYLOAD), data, start, stop)
    out[o] = QUOTE
    return o + 1, False


@compiled
def _read_inner(room: Room, names: Spellings, size: int) -> int:
    """Read a payload that is a text; return OBJECT, ARRAY, or TEXT of no JSON; ODD when it is not ordinary."""
    data = room.inner
    first, last = data[0], data[size - 1]
    if first <= SPACE or first >= 127 or last <= SPACE or last >= 127:
        return ODD
    if first == OPEN_OBJECT:
        kind = OBJECT
        at, n = read_members(data, START, size, room.stack, START, room.deep_inside, room.payload)
        if at == size:
            sort_out(data, room.payload, n, names, room.found[2])
    elif first == OPEN_ARRAY:
        at, kind = skip_value(data, START, size, room.stack, START, room.deep_inside)
    elif _may_begin_value(first, size):
        return ODD
    else:
        return ODD if speaks_of_secret(data, START, size) else TEXT
    if at == size:
        return kind
    if at != CUT:
        return ODD
    # Cut short it is a text, unless it can be mended.
    for phrase in (phrases.NAN, phrases.INFINITY):
        if phrases.find(data, START, size, phrase) >= 0:
            return ODD
    return ODD if speaks_of_secret(data, START, size) else TEXT


@compiled
def _may_begin_value(byte: int, size: int) -> bool:
    """Return whether a text of this size may be JSON that is a string, a number, true, false or null."""
    return (
        byte == QUOTE
        or byte == DASH
        or ZERO <= byte <= NINE
        or (size <= 5 and (byte == LOWER_T or byte == LOWER_F or byte == LOWER_N))
    )
