"""The members of a log line, of its context and of its payload, in tables."""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.ascii import OPEN_OBJECT
from edx_warehouse.exports.compiled.json_members import (
    KEY,
    KEY_END,
    KIND,
    MEMBERS,
    NAME,
    VALUE,
    new_members,
    new_stack,
    next_member,
    note_member,
    read_any_key,
    read_members,
    skip_value,
)
from edx_warehouse.exports.compiled.json_text import ODD, skip_blanks
from edx_warehouse.exports.compiled.json_values import NULL, OBJECT, TEXT
from edx_warehouse.exports.compiled.machine_code import START, compiled, within
from edx_warehouse.exports.compiled.names import CONTEXT, EVENT, MODULE, NAMES, TIME, USAGE_KEY
from edx_warehouse.exports.compiled.secret_words import names_secret
from edx_warehouse.exports.compiled.spellings import Spellings, look_up, look_up_hashed
from edx_warehouse.exports.compiled.words import PAD

LONGEST = 256 * 1024
"""Bytes of a line that is ordinary."""
_DEEP = 44
_DEEP_INSIDE = 40


class Room(NamedTuple):
    """Working space of one thread.

    :param line: table of members, as are ``context``, ``payload`` and ``module``, which is the context's.
    :param found: where a table of members has each name, or -1: of the line, its context and its payload.
    :param stack: of the keys of open objects.
    :param inner: bytes of what a payload that is a text says.
    :param column: bytes of the payload's column, until those before it are written.
    :param deep: levels of nesting inside a line that is ordinary; ``deep_inside`` of a payload that is a text.
    """

    line: Any
    context: Any
    payload: Any
    module: Any
    found: Any
    stack: Any
    inner: Any
    column: Any
    deep: Any
    deep_inside: Any


def new_room(depth: int) -> Room:
    """Return working space.

    :param depth: levels of nesting that are allowed; of more than some forty the complete reader has to judge.
    """
    return Room(
        new_members(), new_members(), new_members(), new_members(), np.zeros((3, len(NAMES)), np.int64), new_stack(),
        np.zeros(LONGEST + 2 * PAD, np.uint8), np.zeros(6 * LONGEST + 4096, np.uint8),
        np.int64(min(_DEEP, depth - 1)), np.int64(min(_DEEP_INSIDE, depth)),
    )  # fmt: skip


@within
def sort_out(data: Any, members: Any, n: int, names: Spellings, found: Any) -> None:
    """Let members tell the numbers of their keys; note where each known name is, and -1 for the others."""
    for k in range(len(found)):
        found[k] = -1
    for k in range(n):
        number = look_up_hashed(names, data, members[k, KEY], members[k, KEY_END], np.uint64(members[k, NAME]))
        members[k, NAME] = number
        if number >= 0:
            found[number] = k


@compiled
def read_line(data: Any, i: int, end: int, names: Spellings, room: Room) -> Any:
    """Read the object at ``i``, its context and its payload into the tables of ``room``.

    :return: its end, and the numbers of members of the line and its context; ODD in place of the first.
    """
    stop, n, in_context, in_payload = _read_tables(data, i, end, names, room)
    if stop < 0:
        return ODD, n, in_context
    line, time, context = room.line, room.found[0, TIME], room.found[0, CONTEXT]
    if time < 0 or line[time, KIND] != TEXT:
        return ODD, n, in_context
    if context >= 0 and line[context, KIND] != OBJECT and line[context, KIND] != NULL:
        return ODD, n, in_context
    sort_out(data, room.context, in_context, names, room.found[1])
    sort_out(data, room.payload, in_payload, names, room.found[2])
    _find_module(data, end, room, names)
    return stop, n, in_context


@compiled
def _read_tables(data: Any, i: int, end: int, names: Spellings, room: Room) -> Any:
    """Read what :func:`read_line` says, without knowing yet which keys context and payload have.

    :return: end, and the numbers of members of the line, its context and its payload; ODD in place of the first.
    """
    line, found = room.line, room.found
    for k in range(found.shape[1]):
        found[0, k] = -1
    n = in_context = in_payload = base = top = START
    i = skip_blanks(data, i + 1)
    while True:
        key = i + 1
        close, value, top = read_any_key(data, i, end, room.stack, base, top)
        if close < 0 or n >= MEMBERS:
            return ODD, n, in_context, in_payload
        number = look_up_hashed(names, data, key, close, room.stack[top - 1])
        if number < 0 and names_secret(data, key, close):
            return ODD, n, in_context, in_payload
        if number == CONTEXT and data[value] == OPEN_OBJECT:
            i, in_context = read_members(data, value, end, room.stack, top, room.deep, room.context)
            kind = OBJECT
        elif number == EVENT and data[value] == OPEN_OBJECT:
            i, in_payload = read_members(data, value, end, room.stack, top, room.deep, room.payload)
            kind = OBJECT
        else:
            i, kind = skip_value(data, value, end, room.stack, top, room.deep)
        if i < 0:
            return ODD, n, in_context, in_payload
        note_member(line, n, key, close, room.stack[top - 1], value, i, kind)
        line[n, NAME] = number
        if number >= 0:
            found[0, number] = n
        n += 1
        i, stop = next_member(data, i, end)
        if i == 0:
            return stop, n, in_context, in_payload


@compiled
def _find_module(data: Any, end: int, room: Room, names: Spellings) -> None:
    """Let ``room.found`` tell the usage key of the context's module in place of the module itself."""
    k = room.found[1, MODULE]
    room.found[1, MODULE] = -1
    if k >= 0 and room.context[k, KIND] == OBJECT:
        _, n = read_members(data, room.context[k, VALUE], end, room.stack, START, room.deep, room.module)
        for j in range(n):
            if look_up(names, data, room.module[j, KEY], room.module[j, KEY_END]) == USAGE_KEY:
                room.found[1, MODULE] = j
