"""From the bytes of log lines to the rows of ``tracklog``, for all lines that are ordinary.

The rows are those that :class:`edx_warehouse.exports.event_row.RowMaker` makes, which takes all the others.
"""

from typing import Any, NamedTuple

from edx_warehouse.exports.compiled import phrases
from edx_warehouse.exports.compiled.ascii import NEWLINE, OPEN_OBJECT, QUOTE, RETURN, SPACE, TAB, ZERO
from edx_warehouse.exports.compiled.event_time import read_time
from edx_warehouse.exports.compiled.json_members import VALUE, VALUE_END
from edx_warehouse.exports.compiled.json_text import skip_blanks
from edx_warehouse.exports.compiled.line_block import write_block
from edx_warehouse.exports.compiled.line_columns import write_context, write_struct, write_texts
from edx_warehouse.exports.compiled.line_course import JUNK, REFUSED, Courses, find_course
from edx_warehouse.exports.compiled.line_members import LONGEST, Room, read_line
from edx_warehouse.exports.compiled.line_payload import write_payload
from edx_warehouse.exports.compiled.machine_code import START, compiled, entry
from edx_warehouse.exports.compiled.names import TIME
from edx_warehouse.exports.compiled.search import find_newline
from edx_warehouse.exports.compiled.siphash import siphash128
from edx_warehouse.exports.compiled.spellings import UNSEEN, Spellings
from edx_warehouse.exports.compiled.words import PAD, clean_registers, copy, copy_exactly

ROW, BLANK, SLOW, UNLEARNED, NO_COURSE, UNKNOWN_COURSE, DUPLICATE = range(7)
"""Fates of a line; SLOW is for the complete reader to say, UNLEARNED too, as a course is spelled in a new way."""


class Day(NamedTuple):
    """What is the same for all lines of a file.

    :param names: keys and their numbers.
    :param spellings: of courses, and their numbers, JUNK or STRANGER.
    :param courses: what stands for them in rows.
    :param constant: bytes that end each row.
    :param dates: first and last date that is taken, as YYYYMMDD.
    :param key: of the digests, two words.
    """

    names: Spellings
    spellings: Spellings
    courses: Courses
    constant: Any
    dates: Any
    key: Any


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
    :param digests: for each line that is not blank the digest of it without blanks around, two words.
    :return: number of lines, and the end of the rows.
    """
    clean_registers()
    i = n = o = START
    while i < end:
        stop = find_newline(data, i)
        lines[n, 0], lines[n, 1], lines[n, 2] = i, stop, SLOW
        lines[n, 3] = lines[n, 4] = o
        start, last = _without_blanks(data, i, stop, number + n)
        size = stop - i
        if last == start:
            lines[n, 2] = BLANK
        else:
            digests[n, 0], digests[n, 1] = siphash128(data, start, last, day.key[0], day.key[1])
            if data[start] == OPEN_OBJECT and size <= longest and size <= LONGEST and 16 * size + 4096 < len(out) - o:
                fate, brace, to, course, date = _make_row(data, start, last, number + n, day, room, out, o)
                if fate != SLOW and brace == last:
                    lines[n, 2] = fate
                    if fate == ROW:
                        out[to] = NEWLINE
                        o = to + 1
                        lines[n, 4], lines[n, 5], lines[n, 6] = o, course, date
        n += 1
        i = stop + 1
    return n, o


@compiled
def _without_blanks(data: Any, i: int, stop: int, number: int) -> Any:
    """Return start and end of a line without the blanks around it, and without a byte order mark in the first one."""
    start = skip_blanks(data, i)
    if number == 1 and data[start] == 0xEF and data[start + 1] == 0xBB and data[start + 2] == 0xBF:
        start = skip_blanks(data, start + 3)
    while stop > start and (data[stop - 1] == SPACE or data[stop - 1] == TAB or data[stop - 1] == RETURN):
        stop -= 1
    return start, stop


@compiled
def _make_row(data: Any, i: int, end: int, number: int, day: Day, room: Room, out: Any, o: int) -> Any:
    """Make a row of the line whose brace is at ``i``.

    :param end: of the bytes there are; the line has to end before or there.
    :return: fate, end of the line's object, end of the row, course, date as YYYYMMDD.
    """
    stop, n, in_context = read_line(data, i, end, day.names, room)
    if stop < 0:
        return SLOW, i, o, 0, 0
    begin = o
    o = phrases.say(out, o, phrases.ROW_BEGINS)
    time = room.found[0, TIME]
    date = read_time(data, room.line[time, VALUE], room.line[time, VALUE_END], out, o)
    if date < day.dates[0] or date > day.dates[1]:
        return SLOW, i, begin, 0, 0
    o += 32
    column_end, is_inner = write_payload(data, room, day.names, room.column, START)
    if column_end < 0:
        return SLOW, i, begin, 0, 0
    event = room.inner if is_inner else data
    course, source = find_course(data, event, day.spellings, room)
    if course < 0:
        return _fate(course), stop, begin, 0, 0
    o = _say_course(day.courses, course, source, out, o)
    o = write_texts(data, n, room, out, o)
    if o >= 0:
        o = write_context(data, in_context, room, out, o)
    if o >= 0:
        o = write_block(data, event, day.courses, room, course, out, o)
    if o >= 0:
        o = copy(out, o, room.column, START, column_end)
        o = write_struct(event, room, out, o)
    if o < 0:
        return SLOW, i, begin, 0, 0
    o = _write_decimal(out, phrases.say(out, o, phrases.LINE), number)
    o = copy(out, o, day.constant, START, len(day.constant) - PAD)
    return ROW, stop, o, course, date


@compiled
def _fate(course: int) -> int:
    """Return the fate of a line whose course is none."""
    if course == UNSEEN:
        return UNLEARNED
    if course == JUNK:
        return NO_COURSE
    return SLOW if course == REFUSED else UNKNOWN_COURSE


@compiled
def _say_course(courses: Courses, course: int, source: int, out: Any, o: int) -> int:
    o = phrases.say(out, o, phrases.COURSE)
    o = copy(out, o, courses.texts, courses.spans[course, 0], courses.spans[course, 1])
    o = phrases.say(out, o, phrases.SOURCE)
    o = phrases.say(out, o, source)
    out[o] = QUOTE
    return o + 1


@compiled
def _write_decimal(out: Any, o: int, number: int) -> int:
    end = o + 1
    rest = number
    while rest > 9:
        rest //= 10
        end += 1
    for at in range(end - 1, o - 1, -1):
        out[at] = ZERO + number % 10
        number //= 10
    return end


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
