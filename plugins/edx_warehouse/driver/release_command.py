"""``edx-warehouse release``: take a held weekly export of a course as it is."""

import argparse
import getpass
from datetime import date

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.driver.surroundings import enter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is released."""
    parser.description = (
        "Take a weekly export that is held because it differs too much (E-EXP-107) as it is. Who and why is written "
        "down; it is valid for these files only, and the week runs at the mirror's next look or by `edx-warehouse run`."
    )
    parser.add_argument("feed", choices=["weekly"])
    parser.add_argument("course", type=CourseKey.parse, metavar="COURSE")
    parser.add_argument("week", type=date.fromisoformat, metavar="WEEK", help="date of the weekly export")
    parser.add_argument("--reason", required=True, help="why it is right; no learner's data")
    parser.add_argument("--by", metavar="NAME", help="who says so; the account of this shell when left out")


def run(args: argparse.Namespace) -> int:
    """Release, and tell what is taken thereby."""
    registry = enter()
    course = next((it for it in registry.courses if it.key == args.course), None)
    if course is None:
        raise Terminal(
            Problem(
                code="E-EXP-108",
                unit=f"{args.course} week {args.week}",
                expected="a course of the registry",
                found="none of this name",
                done="nothing",
                next="correct the command",
            )
        )
    from edx_warehouse.driver.state import connect_buckets
    from edx_warehouse.operators.drift import release

    bucket = connect_buckets(registry)[course.institution.name]
    taken = release(bucket, course.key, args.week, by=args.by or getpass.getuser(), reason=args.reason)
    for it in taken:
        print(f"taken as it is: {it}")
    print(f"{course.key} {args.week} is due: the mirror's next look, or `edx-warehouse run`, goes on with it")
    return 0
