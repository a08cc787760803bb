"""Research projects of the registry: who gets pseudonymised tables, of which courses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.yaml_files import refuse

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_CONNECTION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,199}")
_REQUIRED = ("institution", "name")
_OPTIONAL = ("courses", "key", "tables")

KEYS = "warehouse_keys"
"""The dataset of all pseudonyms of an institution, which only the warehouse itself may read."""

type CoursesOf = Mapping[str, Sequence[tuple[CourseKey, Sequence[str]]]]
"""The courses of each institution, each with its groups."""


@dataclass(frozen=True)
class ResearchProject:
    """A project whose researchers get tables without names.

    :param institution: name of the institution whose courses they are of.
    :param courses: the courses, in order.
    :param tables: the tables as ``layer.table``; None for all that have a row for each person.
    :param key: id of the Airflow connection whose password is the key of the project's pseudonyms.
    """

    name: str
    institution: str
    courses: tuple[CourseKey, ...]
    tables: tuple[str, ...] | None
    key: str

    def dataset(self, course: CourseKey) -> str:
        """Return the dataset of a course's tables for this project."""
        return f"{course.slug}_{self.suffix}"

    def pseudonyms(self, course: CourseKey) -> str:
        """Return the table of a course's pseudonyms, in the dataset :data:`KEYS`."""
        return f"{self.name}__{course.slug}"

    @property
    def suffix(self) -> str:
        """How the names of its datasets end, behind a course's slug and ``_``."""
        return f"research_{self.name}"


def read_projects(path: Path, value: Any, courses: CoursesOf) -> tuple[ResearchProject, ...]:
    """Read the registry's ``research``, in the order of names.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    if not isinstance(value, list):
        raise refuse(path, "a list", type(value).__name__, "begin each entry with a dash", key="research")
    projects = [_Entry(path, f"research[{number}]", it, courses).read() for number, it in enumerate(value)]
    names = [it.name for it in projects]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise refuse(path, "each name once", f"{twice[0]} twice", "rename one of them", key="research")
    return tuple(sorted(projects, key=lambda it: it.name))


class _Entry:
    """Turns one entry into a project, refusing what is doubtful."""

    def __init__(self, path: Path, key: str, value: Any, courses: CoursesOf) -> None:
        self.path = path
        self.key = key
        self.value = value
        self.courses = courses

    def read(self) -> ResearchProject:
        self._keys()
        name = self._text("name", _NAME)
        slugs = [course.slug for courses in self.courses.values() for course, _ in courses]
        if alike := [it for it in slugs if it.endswith(f"_research_{name}")]:
            raise self._wrong("name", "a name that no course's slug ends in", alike[0], "rename the project")
        institution = self._text("institution")
        if institution not in self.courses:
            known = ", ".join(sorted(self.courses))
            raise self._wrong("institution", f"one of {known}", institution, "declare it under institutions")
        return ResearchProject(
            name=name,
            institution=institution,
            courses=self._courses(institution),
            tables=tuple(sorted(set(self._texts("tables")))) if "tables" in self.value else None,
            key=self._text("key", _CONNECTION) if "key" in self.value else f"edx_warehouse_research_{name}",
        )

    def _keys(self) -> None:
        if not isinstance(self.value, dict):
            raise self._wrong("", "keys and values", type(self.value).__name__, "see docs/privacy.md")
        for name in self.value:
            if name not in (*_REQUIRED, *_OPTIONAL):
                known = ", ".join((*_REQUIRED, *_OPTIONAL))
                raise self._wrong(str(name), f"one of {known}", str(name), "correct or remove the key")
        for name in _REQUIRED:
            if name not in self.value:
                raise self._wrong(name, "a value", "none", "add the key")

    def _courses(self, institution: str) -> tuple[CourseKey, ...]:
        known = self.courses[institution]
        if "courses" not in self.value:
            return tuple(sorted(key for key, _ in known))
        found: set[CourseKey] = set()
        for text in self._texts("courses"):
            named = {key for key, groups in known if text in (str(key), key.opaque, *groups)}
            if not named:
                raise self._wrong("courses", f"courses or groups of {institution}", text, "correct or remove it")
            found |= named
        return tuple(sorted(found))

    def _texts(self, name: str) -> list[str]:
        value = self.value[name]
        if not isinstance(value, list) or not value or not all(isinstance(it, str) and it for it in value):
            raise self._wrong(name, "a list of texts", type(value).__name__, "begin each entry with a dash")
        return value

    def _text(self, name: str, form: re.Pattern[str] | None = None) -> str:
        value = self.value[name]
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text", type(value).__name__, "put the value in quotes")
        if form and not form.fullmatch(value):
            raise self._wrong(name, f"a text like {form.pattern}", value, "correct the value")
        return value

    def _wrong(self, name: str, expected: str, found: str, mend: str) -> Terminal:
        return refuse(self.path, expected, found, mend, key=f"{self.key}.{name}".rstrip("."))
