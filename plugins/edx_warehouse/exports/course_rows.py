"""Whose rows these are: the course id of a row, in either spelling, against the course of the file."""

from collections import Counter
from functools import lru_cache

from edx_warehouse.domain.courses import CourseKey

_parsed = lru_cache(maxsize=1024)(CourseKey.parse_loosely)


class CourseRows:
    """Tells a course's own rows, and counts the others.

    :param others: per table, rows of another course.
    """

    def __init__(self, course: CourseKey) -> None:
        self.course = course
        self.others: Counter[str] = Counter()

    def own(self, table: str, course_id: str | None) -> bool:
        """Whether a row belongs to the course; one without a course id does."""
        if course_id is None or not course_id.strip() or _parsed(course_id) == self.course:
            return True
        self.others[table] += 1
        return False
