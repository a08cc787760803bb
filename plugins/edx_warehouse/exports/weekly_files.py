"""Which file of a weekly export is which table of which course.

``-`` both separates organisation, course, run and table in a file's name and occurs inside them, so a name can
only be read against the courses of the registry: the longest course that fits wins.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from enum import StrEnum

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.places import is_opt_in

REQUIRED = ("users", "profiles", "enrollment", "course_structure")
#: Absent from a delivery when the course has no rows.
MAY_BE_ABSENT = ("certificates", "studentmodule")
#: Canonical names of what is no table: copied as it is.
DOCUMENTS = {
    "course_structure": "course_structure.json.gz",
    "course_xml": "course.xml.tar.gz",
    "forum": "forum.mongo.gz",
}

_TABLES = {
    "auth_user": "users",
    "auth_userprofile": "profiles",
    "student_courseenrollment": "enrollment",
    "certificates_generatedcertificate": "certificates",
    "courseware_studentmodule": "studentmodule",
    "student_courseaccessrole": "rolecourse",
    "django_comment_client_role_users": "roleforum",
    "teams_courseteam": "teams",
    "teams_courseteammembership": "teams_membership",
} | {
    name: name
    for name in (
        "user_id_map",
        "user_api_usercoursetag",
        "student_anonymoususerid",
        "student_languageproficiency",
        "course_groups_cohortmembership",
        "grades_persistentcoursegrade",
        "grades_persistentsubsectiongrade",
        "credit_crediteligibility",
        "teams",
        "teams_membership",
        "wiki_article",
        "wiki_articlerevision",
        "verify_student_verificationstatus",
    )
}
_ORA = re.compile(r"(assessment|submissions|workflow)_[a-z_]+")
_SITE = r"(?P<site>[a-z]+(?:-[a-z]+)*?)"
_FORMS = (
    re.compile(rf"(?P<table>[a-z_]+)-{_SITE}-(?:analytics|replica)\.sql(?:\.gz)?"),
    re.compile(rf"(?P<table>course_structure)-{_SITE}-(?:analytics|replica)\.json(?:\.gz)?"),
    re.compile(rf"(?P<table>course)(?:-{_SITE}-(?:analytics|replica))?\.xml\.tar\.gz"),
    re.compile(rf"{_SITE}\.mongo(?:\.gz)?"),
)
_EDGE = re.compile(r".*-edge(?:-[a-z]+)*\.[a-z.]+")
_MANIFEST = "MANIFEST.json"


class Aside(StrEnum):
    """Why a file is set aside; each begins a sentence for people."""

    ENCRYPTED = "encrypted"
    EDGE = "from the Edge site"
    AMBIGUOUS = "ambiguous"
    UNKNOWN_TABLE = "no known table"
    UNKNOWN_COURSE = "no registered course"

    @classmethod
    def of(cls, reason: str) -> "Aside":
        """Return the kind of a sentence of :func:`unknown_files`."""
        return next(it for it in cls if reason.startswith(it))


def is_table(name: str) -> bool:
    """Tell whether a canonical name is that of a table that a weekly export may have."""
    return name in _TABLES.values() or _ORA.fullmatch(name) is not None


def files_of(names: Iterable[str], courses: Collection[CourseKey]) -> dict[CourseKey, dict[str, str]]:
    """Return each course's files: canonical table name to file name, as it was given.

    A course without any file is not in the answer; what is in none is told by :func:`unknown_files`.

    :param names: names or relative paths of one delivery; only the last part of a path is read.
    """
    return _sorted_out(names, courses)[0]


def unknown_files(names: Iterable[str], courses: Collection[CourseKey]) -> dict[str, str]:
    """Return the files that are set aside and why, in a sentence that begins with a value of :class:`Aside`."""
    return _sorted_out(names, courses)[1]


def _sorted_out(
    names: Iterable[str], courses: Collection[CourseKey]
) -> tuple[dict[CourseKey, dict[str, str]], dict[str, str]]:
    by_length = sorted(courses, key=lambda course: (-len(course.file_prefix), course))
    claims: defaultdict[tuple[CourseKey, str], list[str]] = defaultdict(list)
    aside: dict[str, str] = {}
    for name in sorted(set(names)):
        base = name.rsplit("/", 1)[-1]
        if base == _MANIFEST or is_opt_in(base):  # of all courses together: see operators/surveys.py
            continue
        found = _read(base, by_length)
        if isinstance(found, str):
            aside[name] = found
        else:
            claims[found].append(name)
    known: defaultdict[CourseKey, dict[str, str]] = defaultdict(dict)
    for (course, table), claimants in sorted(claims.items()):
        if len(claimants) == 1:
            known[course][table] = claimants[0]
        else:
            for name in claimants:
                aside[name] = f"{Aside.AMBIGUOUS}: {len(claimants)} files are {table} of {course}"
    return dict(known), dict(sorted(aside.items()))


def _read(base: str, by_length: Iterable[CourseKey]) -> tuple[CourseKey, str] | str:
    """Return course and canonical name, or the reason why there is none."""
    if base.endswith((".gpg", ".pgp")):
        return f"{Aside.ENCRYPTED}: decrypt it first"
    reason = str(Aside.UNKNOWN_COURSE)
    for course in by_length:
        if not base.startswith(f"{course.file_prefix}-"):
            continue
        rest = base.removeprefix(f"{course.file_prefix}-")
        match = next((match for form in _FORMS if (match := form.fullmatch(rest))), None)
        table = _canonical(match) if match else None
        if match is None or table is None:
            # A shorter course may still fit: its run can be the beginning of this one's.
            reason = f"{Aside.UNKNOWN_TABLE} of a registered course (perhaps a course that is not registered)"
        elif "edge" in (match["site"] or "").split("-"):
            return str(Aside.EDGE)
        else:
            return course, table
    return str(Aside.EDGE) if _EDGE.fullmatch(base) else reason


def _canonical(match: re.Match[str]) -> str | None:
    table = match.groupdict().get("table")
    if table is None:
        return "forum"
    if table == "course":
        return "course_xml"
    if table in DOCUMENTS or _ORA.fullmatch(table):
        return table
    return _TABLES.get(table)
