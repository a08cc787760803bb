"""Rows of a delivered table: each line checked, and written as a record of CSV and as JSON."""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.machine_code import compiled, entry
from edx_warehouse.exports.compiled.sixty_four import beyond64, ends64
from edx_warehouse.exports.compiled.table_values import (
    COURSE,
    NULL,
    ODD,
    TEXT,
    is_null,
    is_utf8,
    kind_of,
    number_of,
    write_csv,
    write_json,
    write_plain_csv,
)
from edx_warehouse.exports.compiled.words import PAD, clean_registers, copy, same, zeros_below

END, FULL, STRANGE = range(3)
"""Why :func:`make_rows` stopped: no whole line is left, there is no room for the next row, the next row is not ordinary."""
PLACE, KIND, REQUIRED = range(3)
"""Columns of the table of columns: place of the field in the line, ``-1`` when it is not delivered; its kind."""
COLUMN, VALUE, KEY, KEY_END = range(4)
"""Columns of the table of members: number of the column, kind of the value, where its key is in the texts."""
PERSON, RANK, START, STOP = range(4)
"""Columns of the table of parts."""
_NONE, _ONE = np.uint64(0), np.uint64(1)
_USER_ID = np.array(list(b'{"user_id":'), np.uint8)
_MOST = 64
"""Bytes that a value that is no text may take beyond its own."""


class Plan(NamedTuple):
    r"""What a table's rows become.

    :param columns: (n, 3), the columns that are written as CSV.
    :param members: (m, 4), the members of each JSON object, in order; none: no JSON is written.
    :param texts: keys of the members, as ``"name":``, and the spellings of the course's id.
    :param courses: (3, 2) places in texts: the course's id as a JSON text, and the two ways of writing it.
    :param course: number of the column that has the course's id; ``-1`` when no row is of another course.
    :param whole: 1 when a JSON object is a line, 0 when its members are a part of a person's row.
    :param person: number of the column with the person of a part.
    :param rank: number of the column that decides between two parts of one person; ``-1`` when there is none.
    :param width: fields in each line.
    :param tail: bytes at the end of a line: 2 for CR LF.
    :param mysql: 1 when ``\t``, ``\n`` and ``\r`` are escapes.
    :param limit: bytes of a line.
    """

    columns: Any
    members: Any
    texts: Any
    courses: Any
    course: int
    whole: int
    person: int
    rank: int
    width: int
    tail: int
    mysql: int
    limit: int


@compiled
def _fields(data: Any, start: int, size: int, plan: Any, fields: Any) -> Any:
    """Find where each field begins, and behind the last one where a next would; return the next line, ODD, or END."""
    n = 0
    fields[0] = start
    high = _NONE
    i = start
    while i < size:
        found = ends64(data, i)
        high |= beyond64(data, i)
        while found != _NONE:
            at = i + np.int64(zeros_below(found))
            found &= found - _ONE
            if at >= size:
                return END, False
            byte = data[at]
            if byte == 9:
                n += 1
                if n == plan.width:
                    return ODD, False
                fields[n] = at + 1
            elif byte == 10:
                if n + 1 != plan.width or at + 1 - start > plan.limit or at + 1 - plan.tail < fields[n]:
                    return ODD, False
                if plan.tail == 2 and data[at - 1] != 13:
                    return ODD, False
                fields[n + 1] = at + 2 - plan.tail
                return at + 1, high != _NONE
            elif byte == 0:
                return ODD, False
        i += 64
    return END, False


@compiled
def _write_record(data: Any, plan: Any, fields: Any, kinds: Any, csv: Any, o: int) -> int:
    columns = plan.columns
    for k in range(columns.shape[0]):
        place = columns[k, PLACE]
        if place < 0:
            kinds[k] = NULL
        else:
            start, end = fields[place], fields[place + 1] - 1
            kinds[k] = kind_of(data, start, end, columns[k, KIND])
            if kinds[k] == ODD or (columns[k, REQUIRED] and (kinds[k] == NULL or start == end)):
                return ODD
            if kinds[k] > TEXT:
                o = write_plain_csv(csv, o, data, start, end)
            elif not is_null(data, start, end):
                o = write_csv(csv, o, data, start, end, plan.mysql == 1)
        csv[o] = 44
        o += 1
    csv[o - 1] = 10
    return o


@compiled
def _is_own(data: Any, plan: Any, fields: Any, kinds: Any) -> bool:
    place = plan.columns[plan.course, PLACE]
    if place < 0 or kinds[plan.course] == NULL:
        return True
    start, end = fields[place], fields[place + 1] - 1
    for k in range(1, 3):
        first, last = plan.courses[k, 0], plan.courses[k, 1]
        if end - start == last - first and same(data, start, plan.texts, first, last - first):
            return True
    return start == end


@compiled
def _write_members(data: Any, plan: Any, fields: Any, kinds: Any, out: Any, o: int) -> int:
    members = plan.members
    first = o
    for k in range(members.shape[0]):
        column, kind = members[k, COLUMN], members[k, VALUE]
        if kind != COURSE and kinds[column] == NULL:
            continue
        o = copy(out, o, plan.texts, members[k, KEY], members[k, KEY_END])
        if kind == COURSE:
            o = copy(out, o, plan.texts, plan.courses[0, 0], plan.courses[0, 1])
        else:
            place = plan.columns[column, PLACE]
            o = write_json(out, o, data, fields[place], fields[place + 1] - 1, kind, plan.mysql == 1)
            if o < 0:
                return ODD
        out[o] = 44
        o += 1
    return o if o == first else o - 1  # without the last comma


@compiled
def _number(data: Any, plan: Any, fields: Any, kinds: Any, column: int) -> int:
    if column < 0 or kinds[column] == NULL:
        return -1
    place = plan.columns[column, PLACE]
    return number_of(data, fields[place], fields[place + 1] - 1)


@entry
def make_rows(
    data: Any, at: int, size: int, plan: Any, fields: Any, kinds: Any, csv: Any, json: Any, parts: Any
) -> Any:
    """Write the rows of ``data[at:size]`` to ``csv`` and ``json`` until one is not ordinary.

    :param plan: a :class:`Plan`.
    :param fields: room for width + 1 places.
    :param kinds: room for a kind for each column.
    :param parts: room for (PERSON, RANK, START, STOP) of each row that is a part; full: no more rows.
    :return: position of the next line, where CSV and JSON end, rows, objects, and why it stopped.
    """
    clean_registers()
    c = j = rows = objects = 0
    spare = plan.texts.shape[0] + _MOST * (plan.columns.shape[0] + plan.members.shape[0] + 1) + PAD
    while True:
        behind, beyond = _fields(data, at, size, plan, fields)
        if behind == END:
            return at, c, j, rows, objects, END
        if behind < 0 or (beyond and not is_utf8(data, at, behind - 1)):
            return at, c, j, rows, objects, STRANGE
        need = 2 * (behind - at) + spare
        if csv.shape[0] - c < need:
            return at, c, j, rows, objects, FULL
        end = _write_record(data, plan, fields, kinds, csv, c)
        if end < 0 or (plan.course >= 0 and not _is_own(data, plan, fields, kinds)):
            return at, c, j, rows, objects, STRANGE
        if plan.members.shape[0] > 0:
            if json.shape[0] - j < need or (plan.whole == 0 and objects == parts.shape[0]):
                return at, c, j, rows, objects, FULL
            first = j + plan.whole
            last = _write_members(data, plan, fields, kinds, json, first)
            if last < 0:
                return at, c, j, rows, objects, STRANGE
            if plan.whole == 1:
                json[j] = 123
                json[last] = 125
                json[last + 1] = 10
                last += 2
            else:
                parts[objects, PERSON] = _number(data, plan, fields, kinds, plan.person)
                parts[objects, RANK] = _number(data, plan, fields, kinds, plan.rank)
                parts[objects, START] = first
                parts[objects, STOP] = last
            j = last
            objects += 1
        c = end
        rows += 1
        at = behind


@entry
def join_parts(data: Any, parts: Any, makers: int, out: Any) -> Any:
    """Write the parts of persons, in order of person and table, as one JSON line a person.

    :param parts: (n, 4): person, number of the table, start and end in ``data``.
    :param makers: tables below this number make a person; parts of the others join one.
    :param out: room for all.
    :return: where the lines end, and how many there are.
    """
    o = lines = k = 0
    while k < parts.shape[0]:
        person = parts[k, 0]
        if parts[k, 1] < makers:
            for it in _USER_ID:
                out[o] = it
                o += 1
            o = _write_number(out, o, person)
            lines += 1
            while k < parts.shape[0] and parts[k, 0] == person:
                if parts[k, 3] > parts[k, 2]:
                    out[o] = 44
                    o = copy(out, o + 1, data, parts[k, 2], parts[k, 3])
                k += 1
            out[o] = 125
            out[o + 1] = 10
            o += 2
        else:
            while k < parts.shape[0] and parts[k, 0] == person:
                k += 1
    return o, lines


@compiled
def _write_number(out: Any, o: int, number: int) -> int:
    if number < 0:
        out[o] = 45
        o += 1
        number = -number
    digits = 1
    rest = number // 10
    while rest > 0:
        digits += 1
        rest //= 10
    for k in range(digits):
        out[o + digits - 1 - k] = 48 + number % 10
        number //= 10
    return o + digits
