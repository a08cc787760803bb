"""Course keys: one course run, however its id is written."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

_PART = r"[A-Za-z0-9_.-]*[A-Za-z0-9][A-Za-z0-9_.-]*"
_SLASHED = re.compile(rf"({_PART})/({_PART})/({_PART})")
_OPAQUE = re.compile(rf"course-v1:({_PART})\+({_PART})\+({_PART})")
_TRANSLATION = str.maketrans(".-", "__")


@dataclass(frozen=True, order=True)
class CourseKey:
    """The parts of a course run's id; the text ``Org/Course/Run`` is the canonical ``course_id``."""

    org: str
    course: str
    run: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``Org/Course/Run`` or ``course-v1:Org+Course+Run``; both are one course.

        :raises ValueError: when the text is neither.
        """
        match = _SLASHED.fullmatch(text) or _OPAQUE.fullmatch(text)
        if match is None:
            raise ValueError("a course id is Org/Course/Run or course-v1:Org+Course+Run")
        return cls(*match.groups())

    @classmethod
    def parse_loosely(cls, text: str) -> Self | None:
        """Read an id as found in events: blanks around it, ``%2B`` or a blank for ``+``; None when it is junk."""
        text = unquote(text).strip()
        if text.startswith("course-v1:"):
            text = text.replace(" ", "+")
        try:
            return cls.parse(text)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.org}/{self.course}/{self.run}"

    @property
    def opaque(self) -> str:
        """The id in edX's newer spelling."""
        return f"course-v1:{self.org}+{self.course}+{self.run}"

    @property
    def slug(self) -> str:
        """The name for datasets, prefixes and Dags: ``.`` and ``-`` become ``_``, so it is not always reversible."""
        return f"{self.org}__{self.course}__{self.run}".translate(_TRANSLATION)

    @property
    def file_prefix(self) -> str:
        """How edX begins this course's file names in a weekly export."""
        return f"{self.org}-{self.course}-{self.run}"
