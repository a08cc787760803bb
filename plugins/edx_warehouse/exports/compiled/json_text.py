"""Reading strict JSON byte by byte, as far as it is ordinary.

What is not ordinary is not decided here but given back as :data:`ODD`, for the slow and complete reader: broken
syntax, two equal keys, escapes in keys, halves of surrogate pairs, NUL, integers of more than 18 digits, exponents of
three, nesting beyond :data:`DEEPEST`, keys that may name a secret. So nothing ordinary needs a second look.
"""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.words import compiled, load64, marks, quick_hash, zeros_below

ODD = -1
CUT = -2
"""The text ends where more has to come."""

NULL, BOOL, INTEGER, NUMBER, TEXT, ESCAPED, OBJECT, ARRAY = range(8)
"""Kinds of values; ESCAPED is a text with a backslash or beyond ASCII in it."""

_NULL, _TRUE, _FALSE = (np.uint64(int.from_bytes(it, "little")) for it in (b"null", b"true", b"false"))
_4, _5 = np.int64(4), np.int64(5)

DEEPEST = 48
_KEYS = 4096
KEY, KEY_END, VALUE, VALUE_END, KIND, NAME = range(6)
"""Columns of a table of members: where key and value of each member are, quotes not included, its kind, and what is
known of its key."""
MEMBERS = 256


def new_members() -> Any:
    """Return an empty table of members."""
    return np.zeros((MEMBERS, 6), np.int64)


def new_stack() -> Any:
    """Return room for the hashes of the keys of all open objects, and behind them for where each object's begin."""
    return np.zeros(_KEYS + DEEPEST, np.uint64)


@compiled
def skip_blanks(data: Any, i: int) -> int:
    """Return the next position that is no blank; a line's end is none."""
    while data[i] == 32 or data[i] == 9 or data[i] == 13:
        i += 1
    return i


@compiled
def _hex(byte: int) -> int:
    if 48 <= byte <= 57:
        return byte - 48
    byte |= 32
    return byte - 87 if 97 <= byte <= 102 else -1


@compiled
def code_unit(data: Any, i: int) -> int:
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
def skip_text(data: Any, i: int, end: int) -> Any:
    """Return the position of the closing quote of a text that begins at ``i``, and whether it has escapes or such."""
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
        if byte == 34:
            return i, special
        special = True
        if byte == 92:
            if i + 1 >= end:
                return CUT, special
            byte = data[i + 1]
            if byte == 117:
                if i + 6 > end:
                    return CUT, special
                code = code_unit(data, i + 2)
                if code <= 0 or 0xD800 <= code < 0xE000:
                    return ODD, special
                i += 6
            elif (
                byte == 34
                or byte == 92
                or byte == 47
                or byte == 110
                or byte == 116
                or byte == 114
                or byte == 98
                or byte == 102
            ):
                i += 2
            else:
                return ODD, special
        elif byte < 32:
            return ODD, special
        else:
            i = _beyond_ascii(data, i)
            if i < 0:
                return ODD, special
            if i > end:
                return CUT, special


@compiled
def _digits(data: Any, i: int) -> int:
    while 48 <= data[i] <= 57:
        i += 1
    return i


@compiled
def skip_number(data: Any, i: int, end: int) -> Any:
    """Return the end and the kind of the number at ``i``."""
    if data[i] == 45:
        i += 1
    first = i
    i = _digits(data, i)
    digits = i - first
    if digits > 18 or (digits > 1 and data[first] == 48):
        return ODD, NUMBER
    if digits == 0:
        return CUT if i >= end else ODD, NUMBER
    kind = INTEGER
    if data[i] == 46:
        kind = NUMBER
        first = i + 1
        i = _digits(data, first)
        if i == first:
            return CUT if i >= end else ODD, NUMBER
    if data[i] | 32 == 101:
        kind = NUMBER
        i += 1
        if data[i] == 43 or data[i] == 45:
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


@compiled
def names_secret(data: Any, i: int, end: int) -> bool:
    """Return whether a key has ``passw``, ``secret`` or ``access`` in it, in any case."""
    while end - i >= 5:
        found = load64(data, i) | np.uint64(0x2020202020202020)
        if found & np.uint64(0xFFFFFFFFFF) == np.uint64(0x7773736170):  # "passw"
            return True
        if end - i >= 6:
            found &= np.uint64(0xFFFFFFFFFFFF)
            if found == np.uint64(0x746572636573) or found == np.uint64(0x737365636361):  # "secret", "access"
                return True
        i += 1
    return False


@compiled
def speaks_of_secret(data: Any, i: int, end: int) -> bool:
    """Return whether one of those words is in a text, looking at places with an ``s`` only."""
    k = i
    while k < end:
        if data[k] | 32 == 115 and names_secret(data, max(i, k - 5), min(end, k + 6)):
            return True
        k += 1
    return False


@compiled
def read_key(data: Any, i: int, end: int, stack: Any, base: int, top: int) -> Any:
    """Read a key at its quote, and the colon; refuse it when the object has it already.

    :return: end of the key, where its value begins, and the new top of the stack; ODD or CUT in place of the first.
    """
    if i >= end:
        return CUT, 0, top
    if data[i] != 34:
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
    if data[i] != 58:
        return ODD, 0, top
    return close, skip_blanks(data, i + 1), top + 1


@compiled
def skip_simple(data: Any, i: int, end: int) -> Any:
    """Return the end and the kind of a value that is no container."""
    if i >= end:
        return CUT, NULL
    byte = data[i]
    if byte == 34:
        close, special = skip_text(data, i + 1, end)
        return close + 1 if close >= 0 else close, ESCAPED if special else TEXT
    if byte == 110:
        return _word(data, i, end, _NULL, _4), NULL
    if byte == 116:
        return _word(data, i, end, _TRUE, _4), BOOL
    if byte == 102:
        return _word(data, i, end, _FALSE, _5), BOOL
    return skip_number(data, i, end)


@compiled
def skip_value(data: Any, i: int, end: int, stack: Any, top: int, room: int) -> Any:
    """Return the end and the kind of the value at ``i``.

    :param top: of the stack of keys, which is as before afterwards.
    :param room: levels of nesting that are left.
    """
    if i >= end:
        return CUT, NULL
    if data[i] != 123 and data[i] != 91:
        return skip_simple(data, i, end)
    kind = OBJECT if data[i] == 123 else ARRAY
    depth = 0
    while True:
        # At the beginning of a value.
        byte = data[i] if i < end else 0
        if byte == 123 or byte == 91:
            if depth >= room:
                return ODD, kind
            stack[_KEYS + depth] = np.uint64(top + 1 if byte == 123 else 0)
            depth += 1
            i = skip_blanks(data, i + 1)
            if i >= end:
                return CUT, kind
            if data[i] != (125 if byte == 123 else 93):
                if byte == 123:
                    close, value, top = read_key(data, i, end, stack, top, top)
                    if close < 0:
                        return close, kind
                    if names_secret(data, i + 1, close):
                        return ODD, kind
                    i = value
                continue
        else:
            i, _ = skip_simple(data, i, end)
            if i < 0:
                return i, kind
            i = skip_blanks(data, i)
            if i >= end:
                return CUT, kind
            if data[i] == 44:
                i = skip_blanks(data, i + 1)
                base = np.int64(stack[_KEYS + depth - 1]) - 1
                if base >= 0:
                    close, value, top = read_key(data, i, end, stack, base, top)
                    if close < 0:
                        return close, kind
                    if names_secret(data, i + 1, close):
                        return ODD, kind
                    i = value
                continue
        # At the end of a container: one or more of them.
        while True:
            base = np.int64(stack[_KEYS + depth - 1]) - 1
            if data[i] != (125 if base >= 0 else 93):
                return ODD, kind
            if base >= 0:
                top = base
            depth -= 1
            i += 1
            if depth == 0:
                return i, kind
            i = skip_blanks(data, i)
            if i >= end:
                return CUT, kind
            if data[i] != 44:
                continue
            i = skip_blanks(data, i + 1)
            base = np.int64(stack[_KEYS + depth - 1]) - 1
            if base >= 0:
                close, value, top = read_key(data, i, end, stack, base, top)
                if close < 0:
                    return close, kind
                if names_secret(data, i + 1, close):
                    return ODD, kind
                i = value
            break


@compiled
def note_member(members: Any, n: int, key: int, close: int, h: Any, value: int, end: int, kind: int) -> None:
    """Enter a member into a table; for NAME stays the hash of its key for now."""
    quote = 1 if kind == TEXT or kind == ESCAPED else 0
    members[n, KEY] = key
    members[n, KEY_END] = close
    members[n, VALUE] = value + quote
    members[n, VALUE_END] = end - quote
    members[n, KIND] = kind
    members[n, NAME] = np.int64(h)


@compiled
def next_member(data: Any, i: int, end: int) -> Any:
    """Return where the next key is behind a value, or 0 and the end of the object; ODD or CUT in place of the second."""
    i = skip_blanks(data, i)
    if i >= end:
        return 0, CUT
    if data[i] == 125:
        return 0, i + 1
    if data[i] != 44:
        return 0, ODD
    return skip_blanks(data, i + 1), i


@compiled
def read_members(data: Any, i: int, end: int, stack: Any, top: int, room: int, members: Any) -> Any:
    """Read the object at ``i`` into a table of members.

    :return: its end and the number of members; ODD or CUT in place of the first.
    """
    i = skip_blanks(data, i + 1)
    if i >= end:
        return CUT, 0
    if data[i] == 125:
        return i + 1, 0
    base = top
    n = 0
    while True:
        key = i + 1
        close, value, top = read_key(data, i, end, stack, base, top)
        if close < 0:
            return close, n
        if n >= MEMBERS or names_secret(data, key, close):
            return ODD, n
        i, kind = skip_value(data, value, end, stack, top, room - 1)
        if i < 0:
            return i, n
        note_member(members, n, key, close, stack[top - 1], value, i, kind)
        n += 1
        i, stop = next_member(data, i, end)
        if i == 0:
            return stop, n
