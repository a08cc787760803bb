"""Answers and marks of problems, read from the JSON text in the states of ``studentmodule``.

What is not ordinary is given back for the complete reader (``problem_analysis.py``): lines of another layout, states that
are not strict JSON, keys with escapes or twice, values of other types, texts that would be spelled in another way.
"""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.ascii import (
    BACKSLASH,
    CLOSE_OBJECT,
    COMMA,
    LOWER_U,
    NEWLINE,
    OPEN_OBJECT,
    QUOTE,
    SLASH,
    SPACE,
)
from edx_warehouse.exports.compiled.json_members import (
    MEMBERS,
    new_stack,
    next_member,
    read_any_key,
    skip_value,
)
from edx_warehouse.exports.compiled.json_text import ODD, escape, skip_blanks, unescape
from edx_warehouse.exports.compiled.json_values import (
    ARRAY,
    BOOL,
    ESCAPED,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    TEXT,
    skip_simple,
)
from edx_warehouse.exports.compiled.machine_code import START, compiled, entry
from edx_warehouse.exports.compiled.search import find_byte, find_newline
from edx_warehouse.exports.compiled.table_values import FLOAT, kind_of, write_json
from edx_warehouse.exports.compiled.words import PAD, clean_registers, copy, same

NEEDED = 256 * MEMBERS
"""Bytes that a row may need beyond twice its line."""

_NO_ROW = 0
_DEEPEST = np.int64(40)
_BACKSLASH = np.uint8(BACKSLASH)
_FROM, _TO, _KIND, _HASH = range(4)
"""Columns of tables of values, quotes included; answers and marks have the place and hash of their key as well."""
_KEY = 4
_WORDS = (
    '"id":', '"module_type":', '"module_id":', '"student_id":', '"state":', '"grade":', '"created":', '"modified":',
    '"max_grade":', '"done":', '"course_id":',
    "correct_map", "student_answers", "attempts", "done",
    "correctness", "npoints", "msg", "hint",
    '"problem"', "/problem/", '"correct"', "null", "true", "false",
    '{"course_id":', ',"user_id":', ',"problem_url_name":"', ',"item":[', '{"answer_id":"', ',"response":"',
    ',"correctness":', ',"correct_bool":', ',"npoints":', ',"msg":', ',"hint":', '],"attempts":', ',"done":',
    ',"grade":', ',"max_grade":', ',"created":', ',"module_id":', ',"id":',
)  # fmt: skip
(
    _ID, _TYPE, _MODULE, _LEARNER, _STATE, _GRADE, _CREATED, _, _MAX_GRADE, _, _COURSE,
    _CORRECT_MAP, _ANSWERS, _ATTEMPTS, _DONE,
    _CORRECTNESS, _POINTS, _, _HINT,
    _PROBLEM, _A_PROBLEM, _CORRECT, _NULL, _TRUE, _FALSE,
    _SAY_COURSE, _SAY_LEARNER, _SAY_NAME, _SAY_ITEMS, _SAY_ANSWER, _SAY_RESPONSE,
    _SAY_CORRECTNESS, _SAY_BOOL, _SAY_POINTS, _, _, _SAY_ATTEMPTS, _SAY_DONE,
    _SAY_GRADE, _SAY_MAX_GRADE, _SAY_CREATED, _SAY_MODULE, _SAY_ID,
) = map(np.int64, range(len(_WORDS)))  # fmt: skip
_BYTES = np.frombuffer("".join(_WORDS).encode() + bytes(PAD), np.uint8)
_ENDS = np.cumsum([len(it) for it in _WORDS])
_STARTS = np.concatenate([[0], _ENDS[:-1]])


class Room(NamedTuple):
    """Working space.

    :param inner: bytes of a state; as many as the longest line has, and ``2 * PAD``.
    :param stack: of the keys of open objects.
    :param line: values of a line.
    :param state: values of a state.
    :param answers: values of ``student_answers``, with their keys.
    :param marks: for each entry of ``correct_map`` the values of a mark; the key is in the first one.
    """

    inner: Any
    stack: Any
    line: Any
    state: Any
    answers: Any
    marks: Any


def new_room(size: int) -> Room:
    """Return working space for lines of a number of bytes."""
    return Room(
        np.empty(size + 2 * PAD, np.uint8), new_stack(), np.zeros((_CORRECT_MAP, 3), np.int64), np.zeros((4, 3), np.int64),
        np.zeros((MEMBERS, 6), np.int64), np.zeros((MEMBERS, 4, 6), np.int64),
    )  # fmt: skip


@compiled
def _say(out: Any, o: int, word: int) -> int:
    return copy(out, o, _BYTES, _STARTS[word], _ENDS[word])


@compiled
def _is(data: Any, start: int, end: int, word: int) -> bool:
    n = _ENDS[word] - _STARTS[word]
    return end - start == n and same(data, start, _BYTES, _STARTS[word], n)


@compiled
def _which(data: Any, start: int, end: int, first: int) -> int:
    """Return the place of a key among four words, or ODD."""
    for k in range(4):
        if _is(data, start, end, first + k):
            return k
    return ODD


@compiled
def _note(value: Any, start: int, end: int, kind: int) -> None:
    value[_FROM], value[_TO], value[_KIND] = start, end, kind


@compiled
def _read_line(data: Any, i: int, size: int, line: Any) -> int:
    """Read a line's members; return ODD, or _NO_ROW when it is of no problem with a state."""
    if data[i] != OPEN_OBJECT:
        return ODD
    i += 1
    for k in range(_CORRECT_MAP):
        line[k, _KIND] = NULL
        n = _ENDS[k] - _STARTS[k]
        if not same(data, i, _BYTES, _STARTS[k], n):
            continue
        start = i + n
        i, kind = skip_simple(data, start, size)
        if i < 0:
            return ODD
        _note(line[k], start, i, kind)
        if k == _TYPE and not _is(data, start, i, _PROBLEM):
            return _NO_ROW
        if data[i] == COMMA:
            i += 1
    if data[i] != CLOSE_OBJECT or data[i + 1] != NEWLINE:
        return ODD
    state = line[_STATE]
    return _NO_ROW if line[_TYPE, _KIND] == NULL or state[_KIND] == NULL or state[_TO] - state[_FROM] == 2 else i


@compiled
def _name_of(data: Any, module: Any) -> int:
    """Return where a problem's own name begins; _NO_ROW when the id is of no problem, ODD when it has escapes."""
    if module[_KIND] != TEXT:
        return ODD
    i = module[_TO] - 2
    while i > module[_FROM] and data[i] != SLASH:
        i -= 1
    return i + 1 if i - 8 > module[_FROM] and _is(data, i - 8, i + 1, _A_PROBLEM) else _NO_ROW


@compiled
def _is_usual(data: Any, which: int, value: Any) -> bool:
    """Return whether a mark's value has its type, and a text the spelling that it is written in."""
    kind, start, end = value[_KIND], value[_FROM], value[_TO]
    if which == _POINTS - _CORRECTNESS:
        return kind == NULL or ((kind == INTEGER or kind == NUMBER) and kind_of(data, start, end, FLOAT) == FLOAT)
    if kind != ESCAPED:
        return kind == NULL or kind == TEXT
    while True:
        start = find_byte(data, start, end, _BACKSLASH)
        if start >= end:
            return True
        if data[start + 1] == LOWER_U or data[start + 1] == SLASH:
            return False
        start += 2


@compiled
def _read_mark(data: Any, i: int, size: int, stack: Any, top: int, mark: Any) -> int:
    """Read one entry of ``correct_map``; return its end or what is below zero."""
    for k in range(4):
        mark[k, _KIND] = NULL
    if data[i] != OPEN_OBJECT:
        return ODD
    i = skip_blanks(data, i + 1)
    if data[i] == CLOSE_OBJECT:
        return i + 1
    base = top
    while True:
        key = i + 1
        close, value, top = read_any_key(data, i, size, stack, base, top)
        if close < 0:
            return ODD
        i, kind = skip_value(data, value, size, stack, top, _DEEPEST)
        if i < 0:
            return ODD
        which = _which(data, key, close, _CORRECTNESS)
        if which >= 0:
            _note(mark[which], value, i, kind)
            if not _is_usual(data, which, mark[which]):
                return ODD
        i, stop = next_member(data, i, size)
        if i == 0:
            return stop


@compiled
def _read_map(data: Any, i: int, size: int, room: Any, top: int, marks: bool) -> Any:
    """Read ``correct_map`` or ``student_answers``; return its end, or what is below zero, and the number of entries."""
    stack = room.stack
    i = skip_blanks(data, i + 1)
    if data[i] == CLOSE_OBJECT:
        return i + 1, 0
    base = top
    n = 0
    while n < MEMBERS:
        key = i + 1
        close, value, top = read_any_key(data, i, size, stack, base, top)
        if close < 0:
            return ODD, n
        if marks:
            i = _read_mark(data, value, size, stack, top, room.marks[n])
            entry = room.marks[n, 0]
        else:
            i, kind = skip_value(data, value, size, stack, top, _DEEPEST)
            entry = room.answers[n]
            _note(entry, value, i, kind)
        if i < 0:
            return ODD, n
        entry[_HASH] = np.int64(stack[top - 1])
        entry[_KEY], entry[_KEY + 1] = key, close
        n += 1
        i, stop = next_member(data, i, size)
        if i == 0:
            return stop, n
    return ODD, n


@compiled
def _read_state(data: Any, size: int, room: Any) -> Any:
    """Read a state; return how many marks and answers it has, ODD in place of the first."""
    marks = answers = 0
    for k in range(4):
        room.state[k, _KIND] = NULL
    i = skip_blanks(data, START)
    if data[i] != OPEN_OBJECT:
        return ODD, answers
    i = skip_blanks(data, i + 1)
    if data[i] == CLOSE_OBJECT:
        return (0 if skip_blanks(data, i + 1) == size else ODD), answers
    top = START
    while True:
        key = i + 1
        close, value, top = read_any_key(data, i, size, room.stack, START, top)
        if close < 0:
            return ODD, answers
        which = _which(data, key, close, _CORRECT_MAP)
        if which == 0 or (which == 1 and data[value] == OPEN_OBJECT):
            if data[value] != OPEN_OBJECT:
                return ODD, answers
            i, n = _read_map(data, value, size, room, top, which == 0)
            kind = OBJECT
            if which == 0:
                marks = n
            else:
                answers = n
        else:
            i, kind = skip_value(data, value, size, room.stack, top, _DEEPEST)
        if i < 0:
            return ODD, answers
        if which >= 0:
            _note(room.state[which], value, i, kind)
        i, stop = next_member(data, i, size)
        if i == 0:
            return (marks if stop > 0 and skip_blanks(data, stop) == size else ODD), answers


@compiled
def _write_value(out: Any, o: int, word: int, data: Any, value: Any) -> int:
    """Write a member whose value stands as it is, or ``null``."""
    o = _say(out, o, word)
    return _say(out, o, _NULL) if value[_KIND] == NULL else copy(out, o, data, value[_FROM], value[_TO])


@compiled
def _write_response(out: Any, o: int, data: Any, answer: Any) -> int:
    start, end = answer[_FROM], answer[_TO]
    if answer[_KIND] == ARRAY or answer[_KIND] == OBJECT:
        for k in range(start, end):
            if data[k] < SPACE:
                return ODD
    o = escape(out, _say(out, o, _SAY_RESPONSE), data, start, end)
    out[o] = QUOTE
    return o + 1


@compiled
def _write_item(out: Any, o: int, data: Any, mark: Any, answers: Any, n: int) -> int:
    key, n_key = mark[0, _KEY], mark[0, _KEY + 1] - mark[0, _KEY]
    o = copy(out, _say(out, o, _SAY_ANSWER), data, key, key + n_key)
    out[o] = QUOTE
    o += 1
    for k in range(n):
        answer = answers[k]
        if answer[_HASH] == mark[0, _HASH] and answer[_KEY + 1] - answer[_KEY] == n_key:
            if not same(data, answer[_KEY], data, key, n_key):
                return ODD
            o = _write_response(out, o, data, answer)
            if o < 0:
                return ODD
    for k in range(4):
        value = mark[k]
        if value[_KIND] != NULL:
            o = _say(out, o, _SAY_CORRECTNESS if k == 0 else _SAY_BOOL + k)
            if k == _POINTS - _CORRECTNESS:
                o = write_json(out, o, data, value[_FROM], value[_TO], FLOAT, False)
                if o < 0:
                    return ODD
            else:
                o = copy(out, o, data, value[_FROM], value[_TO])
        if k == 0:
            right = value[_KIND] == TEXT and _is(data, value[_FROM], value[_TO], _CORRECT)
            o = _say(out, _say(out, o, _SAY_BOOL), _TRUE if right else _FALSE)
    out[o] = CLOSE_OBJECT
    out[o + 1] = COMMA
    return o + 2


@compiled
def _write_row(out: Any, o: int, data: Any, name: int, room: Any, marks: int, answers: int) -> int:
    line, state, inner = room.line, room.state, room.inner
    attempts, done = state[_ATTEMPTS - _CORRECT_MAP], state[_DONE - _CORRECT_MAP]
    if (attempts[_KIND] != NULL and (attempts[_KIND] != INTEGER or inner[attempts[_FROM]] < 48)) or (
        done[_KIND] != NULL and done[_KIND] != BOOL
    ):
        return ODD
    o = _write_value(out, o, _SAY_COURSE, data, line[_COURSE])
    o = _write_value(out, o, _SAY_LEARNER, data, line[_LEARNER])
    o = copy(out, _say(out, o, _SAY_NAME), data, name, line[_MODULE, _TO])
    o = _say(out, o, _SAY_ITEMS)
    for k in range(marks):
        o = _write_item(out, o, inner, room.marks[k], room.answers, answers)
        if o < 0:
            return ODD
    o = _write_value(out, o - 1, _SAY_ATTEMPTS, inner, attempts)
    o = _write_value(out, o, _SAY_DONE, inner, done)
    o = _write_value(out, o, _SAY_GRADE, data, line[_GRADE])
    o = _write_value(out, o, _SAY_MAX_GRADE, data, line[_MAX_GRADE])
    o = _write_value(out, o, _SAY_CREATED, data, line[_CREATED])
    o = _write_value(out, o, _SAY_MODULE, data, line[_MODULE])
    o = _write_value(out, o, _SAY_ID, data, line[_ID])
    out[o] = CLOSE_OBJECT
    out[o + 1] = NEWLINE
    return o + 2


@compiled
def _make_row(out: Any, o: int, data: Any, at: int, size: int, room: Any) -> int:
    """Write what becomes of the line at ``at``; return where it ends, ODD when it is not ordinary."""
    name = _read_line(data, at, size, room.line)
    if name > 0:
        name = _name_of(data, room.line[_MODULE])
    if name <= 0:
        return ODD if name < 0 else o
    state = room.line[_STATE]
    marks, answers = _read_state(room.inner, unescape(data, state[_FROM] + 1, state[_TO] - 1, room.inner), room)
    if marks < 0:
        return ODD
    kind = room.state[_ANSWERS - _CORRECT_MAP, _KIND]
    if marks == 0 or kind != OBJECT:
        return o if kind == OBJECT or kind == NULL else ODD
    return _write_row(out, o, data, name, room, marks, answers)


@entry
def make_answers(data: Any, at: int, size: int, room: Room, out: Any) -> Any:
    """Write a row for each answered problem in lines of ``studentmodule``, until one is not ordinary or has no room.

    :param data: ``data[at:size]`` are the lines, and a line feed and ``PAD`` bytes follow.
    :return: position of the next line, where the rows end, how many they are, and the end of the next line when that is
        not ordinary, else 0.
    """
    clean_registers()
    o = rows = 0
    while at < size:
        behind = find_newline(data, at) + 1
        if out.shape[0] - o < 2 * (behind - at) + NEEDED:
            return at, o, rows, 0
        end = _make_row(out, o, data, at, size, room)
        if end < 0:
            return at, o, rows, behind
        rows += 1 if end > o else 0
        o = end
        at = behind
    return at, o, rows, 0
