"""``grading_policy`` and ``grade_cutoffs``: how a course's grade is made of its assignments, and what passes."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.values import integer, number

_NAMED = ("type", "name", "weight", "short_label", "min_count", "drop_count")
_encode = msgspec.json.Encoder().encode


class GradingPolicy:
    """The rows of a course's ``grading_policy.json``.

    :param document: the policy; nothing for a course without one.
    :param notes: what was found wanting and accepted, with counts; complete after reading all rows.
    """

    def __init__(self, course: CourseKey, document: Mapping[str, Any]) -> None:
        self.course = course
        self.notes: Counter[str] = Counter()
        self._graders = document.get("GRADER") or []
        self._cutoffs = document.get("GRADE_CUTOFFS") or {}

    def types(self) -> Iterator[bytes]:
        """Give one JSON line per assignment type, in the policy's order; a column that is NULL is left out."""
        graders = self._graders if isinstance(self._graders, list) else []
        for index, grader in enumerate((it for it in graders if isinstance(it, dict)), start=1):
            others = {name: it for name, it in grader.items() if name not in _NAMED}
            kind = _text(grader.get("type"))
            yield self._line(
                index=index,
                assignment_type=kind,
                name=_text(grader.get("name")) or kind,
                fraction_of_overall_grade=self._number(grader.get("weight")),
                short_label=_text(grader.get("short_label")),
                min_count=self._whole(grader.get("min_count")),
                drop_count=self._whole(grader.get("drop_count")),
                others=json.dumps(others, sort_keys=True) if others else None,
            )

    def cutoffs(self) -> Iterator[bytes]:
        """Give one JSON line per letter or word, the highest first."""
        cutoffs = self._cutoffs if isinstance(self._cutoffs, dict) else {}
        known = {letter: it for letter, value in cutoffs.items() if (it := self._number(value)) is not None}
        for letter, cutoff in sorted(known.items(), key=lambda it: (-it[1], it[0])):
            yield self._line(letter=letter, cutoff=cutoff)

    def _line(self, **columns: Any) -> bytes:
        row = {"course_id": str(self.course), **columns}
        return _encode({name: value for name, value in row.items() if value is not None}) + b"\n"

    def _number(self, value: Any) -> float | None:
        return self._read(number, value)

    def _whole(self, value: Any) -> int | None:
        return self._read(integer, value)

    def _read(self, parse: Any, value: Any) -> Any:
        """Read a number, or a text of one: course teams write both."""
        try:
            return None if value is None else parse(str(value).strip())
        except ValueError:
            self.notes["numbers that are none"] += 1
            return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
