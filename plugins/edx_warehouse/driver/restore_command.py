"""``edx-warehouse restore``: put course weeks back into the bucket from the archive's snapshots."""

import argparse
import sys
from datetime import date

from edx_warehouse.driver.archive_command import named
from edx_warehouse.driver.surroundings import enter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Put weeks back into the bucket from the newest snapshots that are good. The weekly runs that load and build "
        "them are due then: the mirror's next look, or `edx-warehouse run`, starts them. Exit code 0: all came back; "
        "1: some did not."
    )
    parser.add_argument("--institution", metavar="NAME", required=True)
    parser.add_argument("--course", metavar="COURSE", default="", help="course_id or slug (all courses)")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE", help="no earlier week")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE", help="no later week")
    parser.add_argument(
        "--weeks",
        choices=("newest", "all"),
        default="newest",
        help="of the span (newest good one, and those that windows are made from)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what the bucket has of these weeks")


def run(args: argparse.Namespace) -> int:
    """Restore."""
    registry = enter()
    institution = named(registry, args.institution)
    from edx_warehouse.driver.state import connect_buckets
    from edx_warehouse.hooks.archive import Archive
    from edx_warehouse.hooks.bags import Bags
    from edx_warehouse.operators.restore import Restorer, chosen
    from edx_warehouse.operators.span import Span

    courses = chosen([course.key for course in registry.courses_of(institution)], args.course)
    bucket = connect_buckets(registry)[institution.name]
    restorer = Restorer(Bags(Archive(institution.archive)), bucket, args.overwrite, registry.windows)
    span = Span(args.first or date.min, args.last or date.max)
    restored = restorer.all(courses, span) if args.weeks == "all" else restorer.newest(courses, span)
    for unit, bag in restored.weeks.items():
        print(f"{unit}: {bag}")
    for error in [*restored.passed_over, *restored.failed]:
        print(error.problem, file=sys.stderr)
        print(error.problem.to_json(), file=sys.stderr)
    if not (restored.weeks or restored.failed):
        print("there is no snapshot of these weeks")
    return 1 if restored.failed else 0
