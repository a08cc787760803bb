"""Which course a line belongs to: rules of :class:`edx_warehouse.exports.course_of_event.CourseFinder`."""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled import phrases
from edx_warehouse.exports.compiled.json_members import KIND, VALUE, VALUE_END
from edx_warehouse.exports.compiled.json_values import ESCAPED, TEXT
from edx_warehouse.exports.compiled.line_members import Room
from edx_warehouse.exports.compiled.machine_code import START, compiled
from edx_warehouse.exports.compiled.names import (
    COURSE_ID,
    EVENT_TYPE,
    ID,
    MODULE_ID,
    PAGE,
    PATH,
    PROBLEM_ID,
    REFERER,
    USAGE_KEY,
)
from edx_warehouse.exports.compiled.search import find_byte
from edx_warehouse.exports.compiled.spellings import Spellings, look_up

REFUSED, JUNK, STRANGER = -4, -2, -1
"""What a course may be that is none: not ordinary, no id at all, or a course that is not registered; or UNSEEN."""

_QUESTION, _HASH, _SLASH, _PERCENT = (np.uint8(ord(it)) for it in "?#/%")


class Courses(NamedTuple):
    """What stands for courses in rows.

    :param texts: bytes of all of them.
    :param spans: by course: start and end in ``texts`` of its id, of how HTML ids of its older blocks begin, and of
        ``Org/Course/``.
    """

    texts: Any
    spans: Any


@compiled
def find_course(data: Any, event: Any, courses: Spellings, room: Room) -> Any:
    """Return the course and the phrase that tells where it was found.

    :param event: the bytes in which the payload's members are.
    """
    context, payload, line = room.context, room.payload, room.line
    of_line, of_context, of_payload = room.found[0], room.found[1], room.found[2]
    course = _course_named(data, context, of_context[COURSE_ID], courses)
    if course != JUNK:
        return course, phrases.FROM_CONTEXT
    course = _course_named(event, payload, of_payload[COURSE_ID], courses)
    if course != JUNK:
        return course, phrases.FROM_EVENT
    course = _course_of_url(data, context, of_context[PATH], courses)
    if course != JUNK:
        return course, phrases.FROM_PATH
    for name, phrase in (
        (EVENT_TYPE, phrases.FROM_PATH),
        (PAGE, phrases.FROM_PAGE),
        (REFERER, phrases.FROM_REFERER),
    ):
        course = _course_of_url(data, line, of_line[name], courses)
        if course != JUNK:
            return course, phrase
    for name in (ID, PROBLEM_ID, MODULE_ID, USAGE_KEY):
        if _may_name_course(event, payload, of_payload[name]):
            return REFUSED, START
    return JUNK, START


@compiled
def _course_named(data: Any, members: Any, k: int, courses: Spellings) -> int:
    """Return the course whose id is a member's value."""
    if k < 0:
        return JUNK
    if members[k, KIND] == ESCAPED:
        return REFUSED
    if members[k, KIND] != TEXT:
        return JUNK
    return look_up(courses, data, members[k, VALUE], members[k, VALUE_END])


@compiled
def _course_of_url(data: Any, members: Any, k: int, courses: Spellings) -> int:
    """Return the course in the URL that is a member's value."""
    if k < 0:
        return JUNK
    if members[k, KIND] == ESCAPED:
        return REFUSED
    if members[k, KIND] != TEXT:
        return JUNK
    return _course_in_url(data, members[k, VALUE], members[k, VALUE_END], courses)


@compiled
def _course_in_url(data: Any, start: int, end: int, courses: Spellings) -> int:
    end = find_byte(data, start, end, _QUESTION)
    end = find_byte(data, start, end, _HASH)
    at = phrases.find(data, start, end, phrases.COURSES)
    if at < 0:
        return JUNK
    at += phrases.length(phrases.COURSES)
    first = find_byte(data, at, end, _SLASH)
    course = look_up(courses, data, at, first)
    if course != JUNK:
        return course
    second = find_byte(data, first + 1, end, _SLASH) if first < end else end
    if second >= end:
        return JUNK
    return look_up(courses, data, at, find_byte(data, second + 1, end, _SLASH))


@compiled
def _may_name_course(data: Any, members: Any, k: int) -> bool:
    """Return whether a member's value may be a block's id that tells the course, or has to be unquoted to tell."""
    if k < 0:
        return False
    if members[k, KIND] == ESCAPED:
        return True
    if members[k, KIND] != TEXT:
        return False
    start, end = members[k, VALUE], members[k, VALUE_END]
    return find_byte(data, start, end, _PERCENT) < end or phrases.find(data, start, end, phrases.NEW) >= 0
