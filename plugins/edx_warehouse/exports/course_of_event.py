"""Which course an event belongs to: the first valid id in the order of trust."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.refusals import Reason, Refused

_BLOCK = re.compile(r"block-v1:([^+]+\+[^+]+\+[^+]+)\+type@")
_BLOCK_FIELDS = ("id", "problem_id", "module_id", "usage_key")
_NOT_WORD = re.compile(r"[^A-Za-z0-9_-]")
_MEMORY = 100_000  # spellings remembered; junk has no end


@dataclass(frozen=True, slots=True)
class FoundCourse:
    """A course as events need it: what is asked for each event is worked out once.

    :param course_id: the canonical id.
    :param known: whether it is one of the courses given.
    :param html_prefix: how HTML ids of its older blocks begin.
    """

    key: CourseKey
    course_id: str
    known: bool
    html_prefix: str


def html_prefix(key: CourseKey) -> str:
    """Return how HTML ids of a course's older blocks begin."""
    return f"i4x-{_NOT_WORD.sub('_', key.org)}-{_NOT_WORD.sub('_', key.course)}-"


class CourseFinder:
    """Finds the course of an event among the courses given."""

    def __init__(self, courses: Collection[CourseKey]) -> None:
        self.courses = frozenset(courses)
        self.spellings: dict[str, FoundCourse | None] = {}  # what each text seen so far stands for
        for key in courses:
            for text in (str(key), f"course-v1:{key.org}+{key.course}+{key.run}", key.org):
                self._course(text)

    def find(
        self, context: Mapping[str, Any], event: Any, event_type: str | None, page: str | None, referer: str | None
    ) -> tuple[FoundCourse, str]:
        """Return the course and where it was found; ids that are none are passed over.

        :raises Refused: no_course when there is no valid id, unknown_course when it is none of the courses.
        """
        found = self._course(context.get("course_id"))
        source = "context"
        if found is None:
            found, source = self._further(context, event, event_type, page, referer)
        if not found.known:
            raise Refused(Reason.UNKNOWN_COURSE)
        return found, source

    def _further(
        self, context: Mapping[str, Any], event: Any, event_type: str | None, page: str | None, referer: str | None
    ) -> tuple[FoundCourse, str]:
        fields: Mapping[str, Any] = event if type(event) is dict else {}
        if found := self._course(fields.get("course_id")):
            return found, "event"
        for source, url in (
            ("path", context.get("path")),
            ("path", event_type),
            ("page", page),
            ("referer", referer),
        ):
            if type(url) is str and "/courses/" in url:
                for spelling in _ids_in_url(url):
                    if found := self._course(spelling):
                        return found, source
        for name in _BLOCK_FIELDS:
            value = fields.get(name)
            if type(value) is str and (text := _id_in_block(value)) and (found := self._course(text)):
                return found, "block"
        raise Refused(Reason.NO_COURSE)

    def _course(self, text: Any) -> FoundCourse | None:
        if type(text) is not str:
            return None
        try:
            return self.spellings[text]
        except KeyError:
            if len(self.spellings) >= _MEMORY:
                self.spellings.clear()
            key = CourseKey.parse_loosely(text)
            found = None
            if key is not None:
                found = FoundCourse(key, str(key), key in self.courses, html_prefix(key))
            self.spellings[text] = found
            return found


def _ids_in_url(url: str) -> Iterator[str]:
    """Yield what may be an id in the path of a URL; its query may speak of another course."""
    path = url.split("?", 1)[0].split("#", 1)[0]
    after = path.partition("/courses/")[2]
    parts = after.split("/", 3)[:3]
    yield parts[0]
    if len(parts) == 3:
        yield "/".join(parts)


def _id_in_block(text: str) -> str | None:
    """Return the course id in a block id of the newer kind; the older kind does not tell the run."""
    match = _BLOCK.match(unquote(text).strip().replace(" ", "+"))
    return f"course-v1:{match[1]}" if match else None
