"""``edx-warehouse drift``: what of the weekly exports differs from what was agreed, and from the week before."""

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Course, Institution, Registry
from edx_warehouse.driver.surroundings import enter

if TYPE_CHECKING:  # it imports Airflow, which reads its settings when it is imported
    from edx_warehouse.hooks.bucket import Bucket

_HELD = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Tell what is open: how the newest week of each course, and each week that is held, differs from its contracts "
        "and from the week before, since when, and what to do; and which files of the newest export were set aside. "
        "Exit code 0: nothing holds a week; 3: something does."
    )
    parser.add_argument("--course", type=CourseKey.parse, metavar="ID", help="only this one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Look and tell."""
    registry = enter()
    from edx_warehouse.driver.state import connect_buckets

    buckets = connect_buckets(registry)
    found: list[dict[str, Any]] = []
    for institution in registry.institutions:
        courses = [it for it in registry.courses_of(institution) if args.course in (None, it.key)]
        for course in courses:
            found += _of_course(buckets[institution.name], course)
        if args.course is None:
            found += _of_institution(buckets[institution.name], institution, registry)
    code = _HELD if any(it["holds"] for it in found) else 0
    if args.json:
        print(json.dumps({"drift": found, "exit_code": code}, indent=1))
    else:
        for it in found:
            print(_line(it))
    return code


def _of_course(bucket: "Bucket", course: Course) -> Iterator[dict[str, Any]]:
    from edx_warehouse.operators.drift import open_drift

    for week in open_drift(bucket, course.key):
        for it in week.drift:
            yield {
                "institution": course.institution.name,
                "course_id": str(course.key),
                "week": str(week.week),
                **it.to_dict(),
                "holds": week.held and it.policy == "held",
                "compared_with": week.compared_with or None,
                "release": week.release,
            }


def _of_institution(bucket: "Bucket", institution: Institution, registry: Registry) -> Iterator[dict[str, Any]]:
    from edx_warehouse.operators.deliveries import set_aside

    for it in set_aside(bucket, [course.key for course in registry.courses_of(institution)]):
        yield {"institution": institution.name, "course_id": None, **vars(it), "week": str(it.week), "holds": False}


def _line(it: dict[str, Any]) -> str:
    word = "HELD" if it["holds"] else it.get("policy", "aside")
    parts = [
        f"{word:8} {it['institution']} {it['course_id'] or 'all'} {it['week']}",
        f"{it['kind']} {it['file']}: {it['found']}",
    ]
    if it.get("since"):
        parts.append(f"since {it['since']}")
    if it.get("release") and it["policy"] == "released":
        parts.append(f"released by {it['release']['by']}: {it['release']['reason']}")
    return " · ".join([*parts, f"next: {it['next']}"])
