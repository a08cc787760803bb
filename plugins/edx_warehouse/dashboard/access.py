"""Who sees what: the mapping of users to roles in institutions and courses.

Airflow says who somebody is; it knows no courses. The mapping is a YAML file that ``EDX_WAREHOUSE_DASHBOARD_ACCESS``
names. What it does not grant is refused, and without the file so is everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Course, Registry
from edx_warehouse.domain.yaml_files import read_yaml, refuse

VARIABLE = "EDX_WAREHOUSE_DASHBOARD_ACCESS"
ROLES = {
    "course_team": "course team",
    "instructor": "instructor",
    "program_manager": "program manager",
    "researcher": "researcher",
    "admin": "administrator",
}
_SEES_INSTITUTIONS = {"program_manager", "researcher", "admin"}
SEES_SMALL_NUMBERS = {"researcher", "admin"}
_KEYS = ("user", "role", "institution", "course", "group")


@dataclass(frozen=True)
class Grant:
    """One role of one user: of a course, of a group of an institution's courses, of an institution, or everywhere.

    :param course: id as ``Org/Course/Run``; empty when the grant is not of one course.
    """

    user: str
    role: str
    institution: str = ""
    course: str = ""
    group: str = ""

    def covers(self, course: Course) -> bool:
        """Tell whether a course is in this grant's scope."""
        if self.course:
            return self.course == str(course.key)
        if self.group and self.group not in course.groups:
            return False
        return self.institution in ("", course.institution.name)

    def covers_institution(self, name: str) -> bool:
        """Tell whether all of an institution is in this grant's scope."""
        return not (self.course or self.group) and self.institution in ("", name)


@dataclass(frozen=True)
class Permissions:
    """What one user may see."""

    user: str
    grants: tuple[Grant, ...]

    def roles(self, course: Course) -> set[str]:
        """Return the roles of the user in a course."""
        return {it.role for it in self.grants if it.covers(course)}

    def institution_roles(self, name: str) -> set[str]:
        """Return the roles of the user in an institution as a whole."""
        return {it.role for it in self.grants if it.covers_institution(name)}

    def sees_course(self, course: Course) -> bool:
        """Tell whether the user may see a course."""
        return bool(self.roles(course))

    def sees_institution(self, name: str) -> bool:
        """Tell whether the user may see the numbers of all courses of an institution."""
        return bool(self.institution_roles(name) & _SEES_INSTITUTIONS)

    def sees_small_numbers(self, roles: Iterable[str]) -> bool:
        """Tell whether one of these roles sees numbers of few people."""
        return bool(set(roles) & SEES_SMALL_NUMBERS)

    @property
    def is_admin(self) -> bool:
        """Tell whether the user is administrator everywhere."""
        return any(it.role == "admin" and it == Grant(self.user, "admin") for it in self.grants)


class Access:
    """The mapping, read again whenever its file changes: who loses a role loses it at once."""

    def __init__(self, path: Path | None, registry: Registry) -> None:
        self.path = path
        self.registry = registry
        self._lock = Lock()
        self._read_at: tuple[int, int] | None = None
        self._grants: tuple[Grant, ...] = ()

    def of(self, user: str) -> Permissions:
        """Return what a user may see.

        :raises Terminal: ``E-CFG-101`` when the file cannot be taken; nobody sees anything then.
        """
        return Permissions(user, tuple(it for it in self._current() if it.user == user))

    def _current(self) -> tuple[Grant, ...]:
        if self.path is None:
            return ()
        with self._lock:
            try:
                stat = self.path.stat()
            except OSError:
                self._read_at = None
                return read_grants(self.path, self.registry)  # which refuses it
            state = (stat.st_mtime_ns, stat.st_size)
            if state != self._read_at:
                self._grants = read_grants(self.path, self.registry)
                self._read_at = state
            return self._grants


def read_grants(path: Path, registry: Registry) -> tuple[Grant, ...]:
    """Read and validate a mapping.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    document = read_yaml(path)
    if not isinstance(document, dict) or set(document) != {"grants"} or not isinstance(document["grants"], list):
        raise refuse(path, "the key grants with a list", type(document).__name__, "see docs/dashboard.md")
    return tuple(_grant(path, f"grants[{number}]", it, registry) for number, it in enumerate(document["grants"]))


def _grant(path: Path, key: str, value: Any, registry: Registry) -> Grant:
    if not isinstance(value, dict):
        raise refuse(path, "keys and values", type(value).__name__, "see docs/dashboard.md", key=key)
    for name, text in value.items():
        if name not in _KEYS:
            raise refuse(path, f"one of {', '.join(_KEYS)}", name, "correct or remove the key", key=f"{key}.{name}")
        if not isinstance(text, str) or not text:
            raise refuse(path, "a text", repr(text), "put the value in quotes", key=f"{key}.{name}")
    for name in ("user", "role"):
        if name not in value:
            raise refuse(path, "a value", "none", "add the key", key=f"{key}.{name}")
    if value["role"] not in ROLES:
        raise refuse(path, f"one of {', '.join(ROLES)}", value["role"], "correct the role", key=f"{key}.role")
    course, institution, group = (value.get(it, "") for it in ("course", "institution", "group"))
    if course:
        course = _course(path, key, course, registry.courses)
    if course and (institution or group):
        raise refuse(path, "course alone, or institution", "both", "remove one of them", key=key)
    if group and not institution:
        raise refuse(path, "institution beside group", "none", "add the key", key=f"{key}.institution")
    if not course and not institution and value["role"] != "admin":
        # A role that lost its course must not become a role everywhere.
        raise refuse(path, "course or institution", "none", "say what the role is of", key=key)
    if institution and institution not in {it.name for it in registry.institutions}:
        raise refuse(path, "an institution of the registry", institution, "correct it", key=f"{key}.institution")
    return Grant(value["user"], value["role"], institution, course, group)


def _course(path: Path, key: str, text: str, courses: Sequence[Course]) -> str:
    try:
        course = CourseKey.parse(text)
    except ValueError as error:
        raise refuse(path, "a course id", text, "correct it", key=f"{key}.course") from error
    if course not in {it.key for it in courses}:
        raise refuse(path, "a course of the registry", text, "correct it", key=f"{key}.course")
    return str(course)
