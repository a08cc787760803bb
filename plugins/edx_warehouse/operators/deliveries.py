"""What of an institution's newest weekly export belongs to no course's week: files set aside, and courses left out."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.weekly_files import Aside, files_of, unknown_files
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.due import weeks

_NEXT = {
    Aside.ENCRYPTED: "decrypt it and deliver it again",
    Aside.EDGE: "nothing: Edge courses are not loaded",
    Aside.AMBIGUOUS: "take away all but the right one of the files",
    Aside.UNKNOWN_TABLE: "see whether edX has a new table; if the name is a course's, add the course to the registry",
    Aside.UNKNOWN_COURSE: "add the course to the registry, if it is one of yours",
}


@dataclass(frozen=True)
class SetAside:
    """A file of the newest export that no course's week has, or a course that it leaves out.

    :param kind: encrypted, edge, ambiguous, unknown_table, unknown_course or absent_course.
    :param file: its name in the export; of a course that is left out its id.
    :param next: what to do about it.
    """

    week: date
    kind: str
    file: str
    found: str
    next: str


def set_aside(bucket: Bucket, courses: Collection[CourseKey]) -> list[SetAside]:
    """Read it from the manifests that are there, for the courses there are now."""
    mirrored = weeks(bucket)
    if not mirrored:
        return []
    newest, names = mirrored[-1], _names(bucket, mirrored[-1])
    found = []
    for name, reason in unknown_files(names, courses).items():
        kind = Aside.of(reason)
        found.append(SetAside(newest, kind.name.lower(), name, reason, _NEXT[kind]))
    left_out = set(courses) - files_of(names, courses).keys()
    for week in reversed(mirrored[:-1]):
        if not left_out:
            break
        had = left_out & files_of(_names(bucket, week), sorted(left_out)).keys()
        left_out -= had
        found += [
            SetAside(newest, "absent_course", str(it), f"no file of it; the week of {week} had some", "ask edX")
            for it in sorted(had)
        ]
    return found


def _names(bucket: Bucket, week: date) -> list[str]:
    document = json.loads(bucket.read(places.weekly_manifest(week)) or b'{"files": []}')
    return [it["name"] for it in document["files"]]
