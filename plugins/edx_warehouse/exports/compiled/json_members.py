"""Objects and arrays of strict JSON: skipping them, and reading the members of one object into a table.

Not ordinary are two equal keys, escapes in keys, keys that may name a secret, more than :data:`MEMBERS` members and
nesting beyond what the caller allows, which is at most ``_DEEPEST``.
"""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import CLOSE_ARRAY, CLOSE_OBJECT, COLON, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE
from edx_warehouse.exports.compiled.json_text import CUT, ODD, skip_blanks, skip_text
from edx_warehouse.exports.compiled.json_values import ARRAY, ESCAPED, NULL, OBJECT, TEXT, skip_simple
from edx_warehouse.exports.compiled.machine_code import compiled, within
from edx_warehouse.exports.compiled.secret_words import names_secret
from edx_warehouse.exports.compiled.words import quick_hash

KEY, KEY_END, VALUE, VALUE_END, KIND, NAME = range(6)
"""Columns of a table of members: where key and value of each member are, quotes not included, its kind, and what is
known of its key: its hash at first, its number later."""
MEMBERS = 256

_DEEPEST = 48
_KEYS = 4096
_NO_OBJECT = -1


def new_members() -> Any:
    """Return an empty table of members."""
    return np.zeros((MEMBERS, 6), np.int64)


def new_stack() -> Any:
    """Return room for the hashes of the keys of all open objects, and behind them for where each object's begin."""
    return np.zeros(_KEYS + _DEEPEST, np.uint64)


@within
def read_any_key(data: Any, i: int, end: int, stack: Any, base: int, top: int) -> Any:
    """Read a key at its quote, and the colon; refuse it when the object has it already.

    :param base: where the object's keys begin in the stack.
    :return: end of the key, where its value begins, and the new top of the stack; ODD or CUT in place of the first.
    """
    if i >= end:
        return CUT, 0, top
    if data[i] != QUOTE:
        return ODD, 0, top
    start = i + 1
    close, special = skip_text(data, start, end)
    if close < 0:
        return close, 0, top
    if special or top >= _KEYS - 1:
        return ODD, 0, top
    h = quick_hash(data, start, close)
    for k in range(base, top):
        if stack[k] == h:
            return ODD, 0, top
    stack[top] = h
    i = skip_blanks(data, close + 1)
    if i >= end:
        return CUT, 0, top
    if data[i] != COLON:
        return ODD, 0, top
    return close, skip_blanks(data, i + 1), top + 1


@within
def _read_key(data: Any, i: int, end: int, stack: Any, base: int, top: int) -> Any:
    """Read a key, and refuse one that may name a secret as well."""
    close, value, top = read_any_key(data, i, end, stack, base, top)
    if close >= 0 and names_secret(data, i + 1, close):
        close = ODD
    return close, value, top


@compiled
def _base(stack: Any, depth: int) -> int:
    """Return where the keys of the innermost container begin in the stack, _NO_OBJECT for an array."""
    return np.int64(stack[_KEYS + depth - 1]) - 1


@within
def _skip_ends(data: Any, i: int, end: int, stack: Any, top: int, depth: int) -> Any:
    """Skip the ends of containers, and the comma behind them unless the outermost one has ended.

    :return: where it goes on, top of the stack, and how many containers are open; ODD or CUT in place of the first.
    """
    while True:
        if i >= end:
            return CUT, top, depth
        if data[i] == COMMA:
            return skip_blanks(data, i + 1), top, depth
        base = _base(stack, depth)
        if data[i] != (CLOSE_ARRAY if base == _NO_OBJECT else CLOSE_OBJECT):
            return ODD, top, depth
        if base != _NO_OBJECT:
            top = base
        depth -= 1
        i += 1
        if depth == 0:
            return i, top, depth
        i = skip_blanks(data, i)


@compiled
def skip_value(data: Any, i: int, end: int, stack: Any, top: int, room: int) -> Any:
    """Return the end and the kind of the value at ``i``; ODD or CUT in place of the first.

    :param top: of the stack of keys, which is as before afterwards.
    :param room: levels of nesting that are left.
    """
    if i >= end:
        return CUT, NULL
    if data[i] != OPEN_OBJECT and data[i] != OPEN_ARRAY:
        return skip_simple(data, i, end)
    kind = OBJECT if data[i] == OPEN_OBJECT else ARRAY
    depth = 0
    while True:
        byte = data[i] if i < end else 0
        if byte == OPEN_OBJECT or byte == OPEN_ARRAY:
            if depth >= room:
                return ODD, kind
            stack[_KEYS + depth] = np.uint64(top + 1 if byte == OPEN_OBJECT else 0)
            depth += 1
            i = skip_blanks(data, i + 1)
            if i >= end:
                return CUT, kind
            ended = data[i] == (CLOSE_OBJECT if byte == OPEN_OBJECT else CLOSE_ARRAY)
        else:
            i, _ = skip_simple(data, i, end)
            if i < 0:
                return i, kind
            i = skip_blanks(data, i)
            ended = True
        if ended:
            i, top, depth = _skip_ends(data, i, end, stack, top, depth)
            if i < 0 or depth == 0:
                return i, kind
        base = _base(stack, depth)
        if base != _NO_OBJECT:
            close, i, top = _read_key(data, i, end, stack, base, top)
            if close < 0:
                return close, kind


@within
def note_member(members: Any, n: int, key: int, close: int, h: Any, value: int, end: int, kind: int) -> None:
    """Enter a member into a table, with the hash of its key as NAME."""
    quote = 1 if kind == TEXT or kind == ESCAPED else 0
    members[n, KEY] = key
    members[n, KEY_END] = close
    members[n, VALUE] = value + quote
    members[n, VALUE_END] = end - quote
    members[n, KIND] = kind
    members[n, NAME] = np.int64(h)


@within
def next_member(data: Any, i: int, end: int) -> Any:
    """Return where the next key is behind a value, or 0 and the end of the object; ODD or CUT in place of the second."""
    i = skip_blanks(data, i)
    if i >= end:
        return 0, CUT
    if data[i] == CLOSE_OBJECT:
        return 0, i + 1
    if data[i] != COMMA:
        return 0, ODD
    return skip_blanks(data, i + 1), i


@compiled
def read_members(data: Any, i: int, end: int, stack: Any, top: int, room: int, members: Any) -> Any:
    """Read the object at ``i`` into a table of members.

    :param top: of the stack of keys.
    :param room: levels of nesting that are left.
    :return: its end and the number of members; ODD or CUT in place of the first.
    """
    if room <= 0:
        return ODD, 0
    i = skip_blanks(data, i + 1)
    if i >= end:
        return CUT, 0
    if data[i] == CLOSE_OBJECT:
        return i + 1, 0
    base = top
    n = 0
    while True:
        key = i + 1
        close, value, top = _read_key(data, i, end, stack, base, top)
        if close < 0:
            return close, n
        if n >= MEMBERS:
            return ODD, n
        i, kind = skip_value(data, value, end, stack, top, room - 1)
        if i < 0:
            return i, n
        note_member(members, n, key, close, stack[top - 1], value, i, kind)
        n += 1
        i, stop = next_member(data, i, end)
        if i == 0:
            return stop, n
