"""From the bytes of log lines to the rows of ``tracklog``, for all lines that are ordinary.

The rows are those that :class:`edx_warehouse.exports.event_row.RowMaker` makes, which takes all the others.
"""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.event_parts import (
    UNSEEN,
    Spellings,
    find,
    find_byte,
    find_newline,
    look_up,
    look_up_hashed,
    may_name_block,
    read_time,
    skip_part,
    unescape,
)
from edx_warehouse.exports.compiled.json_text import (
    CUT,
    ESCAPED,
    INTEGER,
    KEY,
    KEY_END,
    KIND,
    MEMBERS,
    NAME,
    NULL,
    NUMBER,
    OBJECT,
    ODD,
    TEXT,
    VALUE,
    VALUE_END,
    names_secret,
    new_members,
    new_stack,
    next_member,
    note_member,
    read_key,
    read_members,
    skip_blanks,
    skip_value,
    speaks_of_secret,
)
from edx_warehouse.exports.compiled.words import (
    PAD,
    START,
    compiled,
    copy,
    copy_exactly,
    entry,
    escape,
    same,
    siphash128,
)

ROW, BLANK, SLOW, UNLEARNED, NO_COURSE, UNKNOWN_COURSE, DUPLICATE = range(7)
"""Fates of a line; SLOW is for the complete reader to say, UNLEARNED too, as a course is spelled in a new way."""

REFUSED, JUNK, STRANGER = -4, -2, -1
"""What a course may be that is none: not ordinary, no id at all, or a course that is not registered."""

_TEXTS = (
    "event_type", "username", "ip", "event_source", "agent", "page", "host", "session", "name", "referer",
    "accept_language",
)  # fmt: skip
_CONTEXT = ("org_id", "path", "user_id", "received_at", "module")
_TEXT_FIELDS = ("mode", "id", "code", "type", "problem_id", "module_id", "usage_key", "success", "query", "target_url")
_INTEGER_FIELDS = ("attempts", "old", "new")
_NUMBER_FIELDS = (
    "currentTime", "current_time", "old_time", "new_time", "speed", "old_speed", "new_speed", "duration", "grade",
    "max_grade",
)  # fmt: skip
_JSON_FIELDS = ("GET", "POST")
NAMES = (
    *_TEXTS, "time", "context", "event", "course_id", *_CONTEXT, *_TEXT_FIELDS, *_INTEGER_FIELDS, *_NUMBER_FIELDS,
    *_JSON_FIELDS,
)  # fmt: skip
"""Keys that have a meaning somewhere; their place in here is their number."""
_NUMBER_OF = {name: number for number, name in enumerate(NAMES)}
(_USERNAME, _IP, _TIME, _CONTEXT_KEY, _EVENT, _COURSE_ID, _ORG_ID, _PATH, _USER_ID, _RECEIVED_AT, _MODULE, _USAGE_KEY,
 _ID, _PROBLEM_ID, _MODULE_ID, _EVENT_TYPE, _PAGE, _REFERER) = (
    np.int64(_NUMBER_OF[name]) for name in (
        "username", "ip", "time", "context", "event", "course_id", "org_id", "path", "user_id", "received_at", "module",
        "usage_key", "id", "problem_id", "module_id", "event_type", "page", "referer",
    )
)  # fmt: skip
_FIRST_TEXT_FIELD, _FIRST_INTEGER, _FIRST_NUMBER, _FIRST_JSON = (
    np.int64(_NUMBER_OF[it]) for it in (_TEXT_FIELDS[0], _INTEGER_FIELDS[0], _NUMBER_FIELDS[0], _JSON_FIELDS[0])
)

_PHRASES = (
    *(f',"{name}":' for name in NAMES), '{"time":"', '","course_id":"', '","course_id_source":"', ',"source_line":',
    ',"context":"', ',"other":"', ',"event":"', ',"event_struct":{', "/courses/", "i4x", "block-v1", "://", ";_;_",
    "type@", "block@", "context", "event", "path", "page", "referer", "NaN", "Infinity",
)  # fmt: skip
(_ROW_BEGINS, _COURSE, _SOURCE, _LINE, _REST, _OTHER, _PAYLOAD, _STRUCT, _COURSES, _OLD, _NEW, _SLASHES, _MARKS, _TYPE,
 _BLOCK, _FROM_CONTEXT, _FROM_EVENT, _FROM_PATH, _FROM_PAGE, _FROM_REFERER, _NAN, _INFINITY) = map(
    np.int64, range(len(NAMES), len(_PHRASES))
)  # fmt: skip
PHRASES = np.frombuffer(bytearray("".join(_PHRASES).encode() + bytes(PAD)), np.uint8)
_ENDS = np.cumsum([len(it) for it in _PHRASES])
_AT = np.concatenate([[0], _ENDS[:-1]])


_QUESTION, _HASH, _SLASH, _PERCENT, _BACKSLASH, _COMMA = (np.uint8(ord(it)) for it in "?#/%\\,")
_DEEP, _DEEP_INSIDE = np.int64(44), np.int64(40)
_STRICT, _LOOSE = np.bool_(False), np.bool_(True)


class Day(NamedTuple):
    """What is the same for all lines of a file.

    :param names: keys and their numbers.
    :param courses: spellings of courses and their numbers, JUNK or STRANGER.
    :param tails: bytes; of each course what stands for it in rows, and how HTML ids of its older blocks begin.
    :param spans: by course: start and end in ``tails`` of the id, of the beginning of HTML ids, and of Org/Course/.
    :param constant: bytes that end each row but for its line's number.
    :param dates: first and last date that is taken, as YYYYMMDD.
    :param key: of the digests.
    :param phrases: PHRASES.
    """

    names: Spellings
    courses: Spellings
    tails: Any
    spans: Any
    constant: Any
    dates: Any
    key: Any
    phrases: Any


class Room(NamedTuple):
    """Working space of one thread.

    :param found: where a table of members has each name, or -1: of the line, its context and its payload.
    """

    line: Any
    context: Any
    payload: Any
    module: Any
    found: Any
    stack: Any
    inner: Any
    struct: Any


LONGEST = 256 * 1024
"""Bytes of a line that is ordinary."""


def new_room() -> Room:
    """Return working space."""
    return Room(
        new_members(), new_members(), new_members(), new_members(), np.zeros((3, len(NAMES)), np.int64), new_stack(),
        np.zeros(LONGEST + 2 * PAD, np.uint8), np.zeros(6 * LONGEST + 4096, np.uint8),
    )  # fmt: skip


@compiled
def _say(words: Any, out: Any, o: int, phrase: int) -> int:
    return copy(out, o, words, _AT[phrase], _ENDS[phrase])


@compiled
def _is(words: Any, data: Any, i: int, end: int, phrase: int) -> bool:
    n = _ENDS[phrase] - _AT[phrase]
    return end - i >= n and same(data, i, words, _AT[phrase], n)


@compiled
def _decimal(out: Any, o: int, number: int) -> int:
    end = o + 1
    rest = number
    while rest > 9:
        rest //= 10
        end += 1
    for at in range(end - 1, o - 1, -1):
        out[at] = 48 + number % 10
        number //= 10
    return end


@compiled
def _sort_out(data: Any, members: Any, n: int, names: Spellings, found: Any) -> None:
    """Note where each known name is, and -1 for the others."""
    for k in range(len(found)):
        found[k] = -1
    for k in range(n):
        number = look_up_hashed(names, data, members[k, KEY], members[k, KEY_END], np.uint64(members[k, NAME]))
        members[k, NAME] = number
        if number >= 0:
            found[number] = k


@compiled
def _course_in_url(words: Any, data: Any, start: int, end: int, courses: Spellings) -> int:
    end = find_byte(data, start, end, _QUESTION)
    end = find_byte(data, start, end, _HASH)
    at = find(data, start, end, words, _AT[_COURSES], _ENDS[_COURSES])
    if at < 0:
        return JUNK
    at += _ENDS[_COURSES] - _AT[_COURSES]
    first = find_byte(data, at, end, _SLASH)
    course = look_up(courses, data, at, first)
    if course != JUNK:
        return course
    second = find_byte(data, first + 1, end, _SLASH) if first < end else end
    if second >= end:
        return JUNK
    return look_up(courses, data, at, find_byte(data, second + 1, end, _SLASH))


@compiled
def _find_course(data: Any, event: Any, day: Day, room: Room) -> Any:
    """Return the course and the phrase that tells where it was found.

    :param event: the bytes in which the payload's members are.
    """
    words = day.phrases
    context, payload, line = room.context, room.payload, room.line
    of_context, of_payload, of_line = room.found[1], room.found[2], room.found[0]
    k = of_context[_COURSE_ID]
    if k >= 0:
        if context[k, KIND] == ESCAPED:
            return REFUSED, START
        if context[k, KIND] == TEXT:
            course = look_up(day.courses, data, context[k, VALUE], context[k, VALUE_END])
            if course != JUNK:
                return course, _FROM_CONTEXT
    k = of_payload[_COURSE_ID]
    if k >= 0:
        if payload[k, KIND] == ESCAPED:
            return REFUSED, START
        if payload[k, KIND] == TEXT:
            course = look_up(day.courses, event, payload[k, VALUE], payload[k, VALUE_END])
            if course != JUNK:
                return course, _FROM_EVENT
    k = of_context[_PATH]
    if k >= 0:
        if context[k, KIND] == ESCAPED:
            return REFUSED, START
        if context[k, KIND] == TEXT:
            course = _course_in_url(words, data, context[k, VALUE], context[k, VALUE_END], day.courses)
            if course != JUNK:
                return course, _FROM_PATH
    for name, phrase in ((_EVENT_TYPE, _FROM_PATH), (_PAGE, _FROM_PAGE), (_REFERER, _FROM_REFERER)):
        k = of_line[name]
        if k >= 0:
            if line[k, KIND] == ESCAPED:
                return REFUSED, START
            if line[k, KIND] == TEXT:
                course = _course_in_url(words, data, line[k, VALUE], line[k, VALUE_END], day.courses)
                if course != JUNK:
                    return course, phrase
    for name in (_ID, _PROBLEM_ID, _MODULE_ID, _USAGE_KEY):
        k = of_payload[name]
        if k >= 0 and (payload[k, KIND] == ESCAPED or payload[k, KIND] == TEXT):
            start, end = payload[k, VALUE], payload[k, VALUE_END]
            # An id of a block may tell the course, but has to be unquoted first.
            if payload[k, KIND] == ESCAPED or find_byte(event, start, end, _PERCENT) < end:
                return REFUSED, START
            if find(event, start, end, words, _AT[_NEW], _ENDS[_NEW]) >= 0:
                return REFUSED, START
    return JUNK, START


@compiled
def _new_block(words: Any, data: Any, start: int, end: int, out: Any, o: int) -> int:
    """Write the block of an id such as block-v1:Org+Course+Run+type@category+block@name; return its end, o without."""
    at = start
    n = _ENDS[_NEW] - _AT[_NEW]
    while True:
        at = find(data, at, end, words, _AT[_NEW], _ENDS[_NEW])
        if at < 0:
            return o
        at += n
        if at >= end or data[at] != 58:
            continue
        org = at + 1
        course = skip_part(data, org, end, _LOOSE) + 1
        run = skip_part(data, course, end, _LOOSE) + 1
        kind = skip_part(data, run, end, _LOOSE) + 1
        if course >= end or run >= end or kind >= end or course == org + 1 or run == course + 1 or kind == run + 1:
            continue
        if (
            data[course - 1] != 43
            or data[run - 1] != 43
            or data[kind - 1] != 43
            or not _is(words, data, kind, end, _TYPE)
        ):
            continue
        kind += 5
        name = skip_part(data, kind, end, _LOOSE) + 1
        if name >= end or name == kind + 1 or data[name - 1] != 43 or not _is(words, data, name, end, _BLOCK):
            continue
        name += 6
        last = skip_part(data, name, end, _LOOSE)
        if last == name:
            continue
        o = copy(out, o, data, org, course - 1)
        out[o] = 47
        o = copy(out, o + 1, data, course, run - 1)
        out[o] = 47
        o = copy(out, o + 1, data, kind, name - 7)
        out[o] = 47
        return copy(out, o + 1, data, name, last)


@compiled
def _skip_joint(data: Any, i: int, end: int) -> int:
    """Return what is behind a slash or ``;_``, ODD where there is neither."""
    if i < end and data[i] == 47:
        return i + 1
    if end - i >= 2 and data[i] == 59 and data[i + 1] == 95:
        return i + 2
    return ODD


@compiled
def _old_block(words: Any, data: Any, start: int, end: int, day: Day, course: int, out: Any, o: int) -> int:
    """Write the block of an id such as i4x://Org/Course/category/name or i4x-Org-Course-category-name."""
    at = start
    while True:
        at = find(data, at, end, words, _AT[_OLD], _ENDS[_OLD])
        if at < 0:
            break
        at += 3
        if at >= end or data[at] != 58:
            continue
        if _is(words, data, at, end, _SLASHES):
            part = at + 3
        elif _is(words, data, at + 1, end, _MARKS):
            part = at + 5
        else:
            continue
        to = o
        for k in range(4):
            stop = skip_part(data, part, end, _LOOSE)
            if stop == part:
                to = ODD
                break
            to = copy(out, to, data, part, stop)
            if k < 3:
                part = _skip_joint(data, stop, end)
                if part < 0:
                    to = ODD
                    break
                out[to] = 47
                to += 1
        if to >= 0:
            return to
    head, tail = day.spans[course, 2], day.spans[course, 3]
    if end - start > tail - head and same(data, start, day.tails, head, tail - head):
        kind = start + tail - head
        stop = skip_part(data, kind, end, _STRICT)
        if stop > kind and stop + 1 < end and data[stop] == 45:
            last = skip_part(data, stop + 1, end, _LOOSE)
            if last > stop + 1:
                o = copy(out, o, day.tails, day.spans[course, 4], day.spans[course, 5])
                o = copy(out, o, data, kind, stop)
                out[o] = 47
                return copy(out, o + 1, data, stop + 1, last)
    return o


@compiled
def _block(words: Any, data: Any, members: Any, k: int, day: Day, course: int, out: Any, o: int) -> int:
    """Write the block that a member names; return its end, ``o`` when it names none, ODD when it is not ordinary."""
    if k < 0 or (members[k, KIND] != TEXT and members[k, KIND] != ESCAPED):
        return o
    start, end = members[k, VALUE], members[k, VALUE_END]
    if members[k, KIND] == ESCAPED and find_byte(data, start, end, _BACKSLASH) < end:
        return ODD
    if not may_name_block(data, start, end):
        return o
    old = new = False
    for i in range(start, end - 2):
        if data[i] == 105 and _is(words, data, i, end, _OLD):
            old = True
            break
        if data[i] == 98 and _is(words, data, i, end, _NEW):
            new = True
    if not old and not new:
        return o
    end = find_byte(data, start, end, _QUESTION)
    if find_byte(data, start, end, _PERCENT) < end:
        return ODD
    if old:
        return _old_block(words, data, start, end, day, course, out, o)
    return _new_block(words, data, start, end, out, o)


@compiled
def _write_block(data: Any, event: Any, day: Day, room: Room, course: int, out: Any, o: int) -> int:
    words = day.phrases
    begin = o
    o = _say(words, out, o, _MODULE_ID)
    out[o] = 34
    o += 1
    end = o
    for name in (_PROBLEM_ID, _MODULE_ID, _USAGE_KEY, _ID):
        end = _block(words, event, room.payload, room.found[2, name], day, course, out, o)
        if end != o:
            break
    if end == o:
        end = _block(words, data, room.module, room.found[1, _MODULE], day, course, out, o)
    if end == o:
        end = _block(words, data, room.line, room.found[0, _PAGE], day, course, out, o)
    if end == o:
        end = _block(words, data, room.context, room.found[1, _PATH], day, course, out, o)
    if end == o:
        end = _block(words, data, room.line, room.found[0, _EVENT_TYPE], day, course, out, o)
    if end == o:
        return begin
    if end > 0:
        out[end] = 34
        return end + 1
    return end


@compiled
def _write_integer(words: Any, data: Any, members: Any, k: int, out: Any, o: int, name: int) -> int:
    """Write an integer, from digits in a text too; nothing for other texts and null; ODD for what is not ordinary."""
    kind, start, end = members[k, KIND], members[k, VALUE], members[k, VALUE_END]
    if kind == NULL or (kind == TEXT and start == end):
        return o
    if kind == TEXT:
        first = start + 1 if data[start] == 45 else start
        if end - first > 18 or end == first or data[first] < 49 or data[first] > 57:
            return ODD
        for i in range(first, end):
            if data[i] < 48 or data[i] > 57:
                return ODD
    elif kind != INTEGER:
        return ODD
    return copy(out, _say(words, out, o, name), data, start, end)


@compiled
def _write_number(words: Any, data: Any, members: Any, k: int, out: Any, o: int, name: int) -> int:
    kind, start, end = members[k, KIND], members[k, VALUE], members[k, VALUE_END]
    if kind == NULL:
        return o
    if kind == TEXT:  # "1.50", as speeds come
        i = start
        while i < end and 48 <= data[i] <= 57:
            i += 1
        whole = i - start
        if whole == 0 or whole > 15 or (whole > 1 and data[start] == 48):
            return ODD
        if i < end:
            if data[i] != 46 or i + 1 == end or end - i > 15:
                return ODD
            for j in range(i + 1, end):
                if data[j] < 48 or data[j] > 57:
                    return ODD
    elif kind != INTEGER and kind != NUMBER:
        return ODD
    return copy(out, _say(words, out, o, name), data, start, end)


@compiled
def _write_struct(words: Any, event: Any, room: Room, out: Any, o: int) -> int:
    """Write the typed fields of the payload, nothing when there are none."""
    begin = o
    o = _say(words, out, o, _STRUCT)
    first = o
    members, found = room.payload, room.found[2]
    for name in range(_COURSE_ID, len(found)):
        k = found[name]
        if k < 0 or (_ORG_ID <= name <= _MODULE and name != _USER_ID):
            continue
        if name == _COURSE_ID or _FIRST_TEXT_FIELD <= name < _FIRST_INTEGER:
            if members[k, KIND] != TEXT and members[k, KIND] != ESCAPED:
                continue
            o = _say(words, out, o, name)
            out[o] = 34
            o = copy(out, o + 1, event, members[k, VALUE], members[k, VALUE_END])
            out[o] = 34
            o += 1
        elif name == _USER_ID or name < _FIRST_NUMBER:
            o = _write_integer(words, event, members, k, out, o, name)
        elif name < _FIRST_JSON:
            o = _write_number(words, event, members, k, out, o, name)
        elif members[k, KIND] == ESCAPED:
            return ODD
        elif members[k, KIND] != NULL:
            quote = 1 if members[k, KIND] == TEXT else 0
            o = _say(words, out, o, name)
            out[o] = 34
            o = escape(out, o + 1, event, members[k, VALUE] - quote, members[k, VALUE_END] + quote)
            out[o] = 34
            o += 1
        if o < 0:
            return ODD
    if o == first:
        return begin
    out[first] = 32  # no comma before the first field
    out[o] = 125
    return o + 1


@compiled
def _write_payload(data: Any, room: Room, day: Day, out: Any, o: int) -> Any:
    """Write the payload as text; return its end, and 1 when its members are in the line, 2 when in ``room.inner``."""
    words = day.phrases
    k = room.found[0, _EVENT]
    for name in range(len(room.found[2])):
        room.found[2, name] = -1
    if k < 0 or room.line[k, KIND] == NULL:
        return o, 0
    kind, start, stop = room.line[k, KIND], room.line[k, VALUE], room.line[k, VALUE_END]
    where = 0
    if kind == OBJECT:
        where = 1
    elif kind == TEXT or kind == ESCAPED:
        if start == stop:
            return o, 0
        size = unescape(data, start, stop, room.inner)
        first, last = room.inner[0], room.inner[size - 1]
        if first <= 32 or first >= 127 or last <= 32 or last >= 127:
            return ODD, 0
        if first == 123 or first == 91:
            if first == 123:
                at, n = read_members(room.inner, START, size, room.stack, START, _DEEP_INSIDE, room.payload)
            else:
                at, _ = skip_value(room.inner, START, size, room.stack, START, _DEEP_INSIDE)
                n = 0
            if at == size:
                o = copy(out, _say(words, out, o, _PAYLOAD), data, start, stop)
                out[o] = 34
                if first == 123:
                    _sort_out(room.inner, room.payload, n, day.names, room.found[2])
                    return o + 1, 2
                return o + 1, 0
            if at != CUT:
                return ODD, 0
            for phrase in (_NAN, _INFINITY):
                if find(room.inner, START, size, words, _AT[phrase], _ENDS[phrase]) >= 0:
                    return ODD, 0
        elif (
            first == 34
            or first == 45
            or 48 <= first <= 57
            or ((first == 116 or first == 102 or first == 110) and size <= 5)
        ):
            return ODD, 0
        if speaks_of_secret(room.inner, START, size):
            return ODD, 0
        start -= 1
        stop += 1
    o = escape(out, _say(words, out, o, _PAYLOAD), data, start, stop)
    out[o] = 34
    return o + 1, where


@compiled
def _write_context(words: Any, data: Any, n: int, room: Room, out: Any, o: int) -> int:
    members, found = room.context, room.found[1]
    for name in (_ORG_ID, _PATH):
        k = found[name]
        if k >= 0:
            kind = members[k, KIND]
            if kind == TEXT or kind == ESCAPED:
                o = copy(out, _say(words, out, o, name), data, members[k, VALUE] - 1, members[k, VALUE_END] + 1)
            elif kind != NULL:
                return ODD
    k = found[_USER_ID]
    if k >= 0:
        o = _write_integer(words, data, members, k, out, o, _USER_ID)
        if o < 0:
            return ODD
    k = found[_RECEIVED_AT]
    if k >= 0:
        if members[k, KIND] != TEXT:
            return ODD
        o = _say(words, out, o, _RECEIVED_AT)
        out[o] = 34
        if read_time(data, members[k, VALUE], members[k, VALUE_END], out, o + 1) < 0:
            return ODD
        out[o + 33] = 34
        o += 34
    begin = o
    for k in range(n):
        if (
            k == found[_COURSE_ID]
            or k == found[_ORG_ID]
            or k == found[_PATH]
            or k == found[_USER_ID]
            or k == found[_RECEIVED_AT]
        ):
            continue
        o = _write_member(words, data, members, k, out, o, _REST, o == begin)
    if o > begin:
        out[o] = 125
        out[o + 1] = 34
        o += 2
    return o


@compiled
def _write_member(words: Any, data: Any, members: Any, k: int, out: Any, o: int, phrase: int, first: bool) -> int:
    """Write a member into an object inside a text, which the first one opens."""
    if first:
        o = _say(words, out, o, phrase)
        out[o] = 123
    else:
        out[o] = 44
    quote = 1 if members[k, KIND] == TEXT or members[k, KIND] == ESCAPED else 0
    o = escape(out, o + 1, data, members[k, KEY] - 1, members[k, KEY_END] + 1)
    out[o] = 58
    return escape(out, o + 1, data, members[k, VALUE] - quote, members[k, VALUE_END] + quote)


@compiled
def _trim(data: Any, start: int, end: int) -> Any:
    """Take blanks off both ends."""
    while start < end and data[start] == 32:
        start += 1
    while start < end and data[end - 1] == 32:
        end -= 1
    return start, end


@compiled
def _write_texts(words: Any, data: Any, n: int, room: Room, out: Any, o: int) -> int:
    """Write the columns that are texts of the line, and the members that have no column."""
    line, found = room.line, room.found[0]
    for name in range(_TIME):
        k = found[name]
        if k < 0 or line[k, KIND] == NULL:
            continue
        if line[k, KIND] != TEXT and line[k, KIND] != ESCAPED:
            return ODD
        start, end = line[k, VALUE], line[k, VALUE_END]
        if name == _USERNAME:
            if line[k, KIND] == ESCAPED:
                return ODD
            start, end = _trim(data, start, end)
            if start == end:
                continue
        elif name == _IP:
            comma = find_byte(data, start, end, _COMMA)
            if comma < end:
                if line[k, KIND] == ESCAPED:
                    return ODD
                start, end = _trim(data, start, comma)
                line[k, NAME] = UNSEEN  # the whole of it is kept with what has no column
        o = _say(words, out, o, name)
        out[o] = 34
        o = copy(out, o + 1, data, start, end)
        out[o] = 34
        o += 1
    begin = o
    for k in range(n):
        if 0 <= line[k, NAME] <= _EVENT:
            continue
        o = _write_member(words, data, line, k, out, o, _OTHER, o == begin)
    if o > begin:
        out[o] = 125
        out[o + 1] = 34
        o += 2
    return o


@compiled
def _read_line(data: Any, i: int, end: int, names: Spellings, room: Room) -> Any:
    """Read the object at ``i``, and the members of its context and payload, into the tables of ``room``.

    :return: its end, and the numbers of members of the line, its context and its payload; ODD in place of the first.
    """
    line, found = room.line, room.found
    for k in range(found.shape[1]):
        found[0, k] = -1
    n = in_context = in_payload = base = top = START
    i = skip_blanks(data, i + 1)
    while True:
        key = i + 1
        close, value, top = read_key(data, i, end, room.stack, base, top)
        if close < 0 or n >= MEMBERS:
            return ODD, n, in_context, in_payload
        number = look_up_hashed(names, data, key, close, room.stack[top - 1])
        if number < 0 and names_secret(data, key, close):
            return ODD, n, in_context, in_payload
        if number == _CONTEXT_KEY and data[value] == 123:
            i, in_context = read_members(data, value, end, room.stack, top, _DEEP, room.context)
            kind = OBJECT
        elif number == _EVENT and data[value] == 123:
            i, in_payload = read_members(data, value, end, room.stack, top, _DEEP, room.payload)
            kind = OBJECT
        else:
            i, kind = skip_value(data, value, end, room.stack, top, _DEEP)
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
def make_row(data: Any, i: int, end: int, number: int, day: Day, room: Room, out: Any, o: int) -> Any:
    """Make a row of the line whose brace is at ``i``.

    :param end: of the bytes there are; the line has to end before or there.
    :return: fate, end of the line's object, end of the row, course, date as YYYYMMDD.
    """
    begin = o
    words = day.phrases
    stop, n, in_context, in_payload = _read_line(data, i, end, day.names, room)
    if stop < 0:
        return SLOW, i, o, 0, 0
    k = room.found[0, _TIME]
    if k < 0 or room.line[k, KIND] != TEXT:
        return SLOW, i, o, 0, 0
    o = _say(words, out, o, _ROW_BEGINS)
    date = read_time(data, room.line[k, VALUE], room.line[k, VALUE_END], out, o)
    if date < day.dates[0] or date > day.dates[1]:
        return SLOW, i, begin, 0, 0
    o += 32
    k = room.found[0, _CONTEXT_KEY]
    if k >= 0 and room.line[k, KIND] != OBJECT and room.line[k, KIND] != NULL:
        return SLOW, i, begin, 0, 0
    _sort_out(data, room.context, in_context, day.names, room.found[1])
    _find_module(data, end, room, day.names)

    to, where = _write_payload(data, room, day, room.struct, START)
    if to < 0:
        return SLOW, i, begin, 0, 0
    if where == 1:
        _sort_out(data, room.payload, in_payload, day.names, room.found[2])
    event = room.inner if where == 2 else data
    course, source = _find_course(data, event, day, room)
    if course < 0:
        fate = UNKNOWN_COURSE
        if course == UNSEEN:
            fate = UNLEARNED
        elif course == JUNK:
            fate = NO_COURSE
        elif course == REFUSED:
            fate = SLOW
        return fate, stop, begin, 0, 0

    o = _say(words, out, o, _COURSE)
    o = copy(out, o, day.tails, day.spans[course, 0], day.spans[course, 1])
    o = _say(words, out, o, _SOURCE)
    o = _say(words, out, o, source)
    out[o] = 34
    o = _write_texts(words, data, n, room, out, o + 1)
    if o >= 0:
        o = _write_context(words, data, in_context, room, out, o)
    if o >= 0:
        o = _write_block(data, event, day, room, course, out, o)
    if o >= 0:
        o = copy(out, o, room.struct, START, to)
        o = _write_struct(words, event, room, out, o)
    if o < 0:
        return SLOW, i, begin, 0, 0
    o = _decimal(out, _say(words, out, o, _LINE), number)
    o = copy(out, o, day.constant, START, len(day.constant) - PAD)
    return ROW, stop, o, course, date


@compiled
def _find_module(data: Any, end: int, room: Room, names: Spellings) -> None:
    """Let ``room.found`` tell the usage key of the context's module in place of the module itself."""
    k = room.found[1, _MODULE]
    room.found[1, _MODULE] = -1
    if k >= 0 and room.context[k, KIND] == OBJECT:
        _, n = read_members(data, room.context[k, VALUE], end, room.stack, START, _DEEP, room.module)
        for j in range(n):
            if look_up(names, data, room.module[j, KEY], room.module[j, KEY_END]) == _USAGE_KEY:
                room.found[1, _MODULE] = j


@entry
def make_rows(
    data: Any, end: int, number: int, longest: int, day: Day, room: Room, out: Any, lines: Any, digests: Any
) -> Any:
    r"""Make rows of all lines of a block.

    :param data: whole lines, each with its ``\n``, in ``data[:end]``.
    :param number: the first line's.
    :param longest: bytes of a line that is taken at all.
    :param out: where the rows go, each with its ``\n``.
    :param lines: for each line: start, end, fate, start and end of the row, course, date.
    :param digests: for each line the digest of it without blanks around, two words.
    :return: number of lines, and the end of the rows.
    """
    i = n = o = START
    while i < end:
        stop = find_newline(data, i)
        lines[n, 0], lines[n, 1], lines[n, 2] = i, stop, SLOW
        lines[n, 3] = lines[n, 4] = o
        start = skip_blanks(data, i)
        if n + number == 1 and data[start] == 0xEF and data[start + 1] == 0xBB and data[start + 2] == 0xBF:
            start = skip_blanks(data, start + 3)  # a byte order mark
        last = stop
        while last > start and (data[last - 1] == 32 or data[last - 1] == 9 or data[last - 1] == 13):
            last -= 1
        size = stop - i
        if last == start:
            lines[n, 2] = BLANK
        else:
            digests[n, 0], digests[n, 1] = siphash128(data, start, last, day.key[0], day.key[1])
            if data[start] == 123 and size <= longest and size <= LONGEST and 16 * size + 4096 < len(out) - o:
                fate, brace, to, course, date = make_row(data, start, last, number + n, day, room, out, o)
                if fate != SLOW and brace == last:
                    lines[n, 2] = fate
                    if fate == ROW:
                        out[to] = 10
                        o = to + 1
                        lines[n, 4], lines[n, 5], lines[n, 6] = o, course, date
        n += 1
        i = stop + 1
    return n, o


@entry
def gather(rows: Any, lines: Any, starts: Any, at: Any, out: Any) -> None:
    """Put the rows of each course together, in their order.

    :param lines: those that became rows.
    :param starts: one more than courses, zeros; becomes where each course's rows begin in ``out``.
    :param at: as many, for counting.
    """
    for k in range(len(lines)):
        starts[lines[k, 5] + 1] += lines[k, 4] - lines[k, 3]
    for course in range(len(starts) - 1):
        starts[course + 1] += starts[course]
        at[course] = starts[course]
    for k in range(len(lines)):
        course = lines[k, 5]
        copy_exactly(out, at[course], rows, lines[k, 3], lines[k, 4])
        at[course] += lines[k, 4] - lines[k, 3]
