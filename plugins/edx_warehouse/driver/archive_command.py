"""``edx-warehouse archive``: tell what is where, and read snapshots back."""

import argparse
import json
import sys
from datetime import date
from typing import TYPE_CHECKING

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.driver.surroundings import enter

if TYPE_CHECKING:  # it imports Airflow, which reads its settings when it is imported
    from edx_warehouse.domain.bags import BagName, Fault
    from edx_warehouse.driver.archive_report import FileRow, WeekRow

_NOT_LEVEL = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    parser.description = "Tell what is where, and read the archive's snapshots back (docs/archive.md)."
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    report = verbs.add_parser("report", help="tell of each course week and log day where it is and is not")
    verify = verbs.add_parser("verify", help="read snapshots back; name each file that is not what it should be")
    report.description = "Exit code 0: archive and bucket are level; 3: something is missing somewhere."
    verify.description = "All versions are read, unless --newest. Exit code 0: all are good; 1: some are damaged."
    report.add_argument("--verify", action="store_true", help="also read the newest snapshots back")
    verify.add_argument("--newest", action="store_true", help="only the newest version of each course week")
    for verb in (report, verify):
        verb.add_argument("--institution", metavar="NAME", help="only this one")
        verb.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE", help="no earlier")
        verb.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE", help="no later")
        verb.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Look and tell."""
    registry = enter()
    institutions = [named(registry, args.institution)] if args.institution else list(registry.institutions)
    return _report(registry, institutions, args) if args.verb == "report" else _verify(institutions, args)


def named(registry: Registry, name: str) -> Institution:
    """Return an institution of the registry.

    :raises Terminal: ``E-QUA-103`` when there is none of that name.
    """
    for institution in registry.institutions:
        if institution.name == name:
            return institution
    raise Terminal(
        Problem(
            code="E-QUA-103",
            unit="archive",
            expected=f"one of the institutions {', '.join(it.name for it in registry.institutions)}",
            found=name,
            done="nothing",
            next="correct the command",
        )
    )


def _report(registry: Registry, institutions: list[Institution], args: argparse.Namespace) -> int:
    from edx_warehouse.driver.archive_report import Report
    from edx_warehouse.driver.state import connect_buckets
    from edx_warehouse.operators.span import Span

    buckets = connect_buckets(registry)
    span = Span(args.first or date.min, args.last or date.max)
    weeks: list[WeekRow] = []
    files: list[FileRow] = []
    for institution in institutions:
        courses = [course.key for course in registry.courses_of(institution)]
        report = Report(institution, courses, buckets[institution.name], verify=args.verify)
        weeks += report.weeks(span)
        files += [*report.packages(span), *report.logs(span)]
    code = _NOT_LEVEL if any(it.missing for it in weeks) or any(it.missing for it in files) else 0
    if args.json:
        found = {"weeks": [it.to_dict() for it in weeks], "files": [it.to_dict() for it in files], "exit_code": code}
        print(json.dumps(found, indent=1))
        return code
    for week in weeks:
        states = [name for name in ("converted", "finished", "served") if getattr(week, name)]
        bag = f"snapshot v{week.version}" if week.version else "no snapshot"
        told = "; ".join(week.missing) or "level"
        print(f"{week.week} {week.course}: {week.incoming} in archive, {week.mirrored} mirrored, ", end="")
        print(f"{', '.join([*states, bag])}: {told}")
    for day in files:
        told = "; ".join(day.missing) or "level"
        print(f"{day.day} {day.institution} {day.feed}: {day.incoming} in archive, {day.mirrored} mirrored: {told}")
    return code


def _verify(institutions: list[Institution], args: argparse.Namespace) -> int:
    from edx_warehouse.hooks.archive import Archive
    from edx_warehouse.hooks.bags import Bags
    from edx_warehouse.operators.span import Span

    span = Span(args.first or date.min, args.last or date.max)
    read, damaged = 0, []
    for institution in institutions:
        bags = Bags(Archive(institution.archive))
        for week in (it for it in bags.weeks() if it in span):
            for versions in bags.of_week(week).values():
                for name in versions[-1:] if args.newest else versions:
                    read += 1
                    damaged += [_problem(institution, name, fault) for fault in bags.faults(name)]
    if args.json:
        print(json.dumps({"read": read, "damaged": [json.loads(it.to_json()) for it in damaged]}, indent=1))
    else:
        for problem in damaged:
            print(problem)
        print(f"{read} snapshots read, {len(damaged)} files damaged", file=sys.stderr)
    return 1 if damaged else 0


def _problem(institution: Institution, name: "BagName", fault: "Fault") -> Problem:
    return Problem(
        code="E-SNP-102",
        unit=f"{institution.name} {name.slug} {name.week}",
        file=f"{name.folder}/{fault.file}",
        expected=fault.expected,
        found=f"{fault.kind}: {fault.found}",
        done="nothing",
        next="bring the file back from a copy of the archive, or write a new version: archive_level with verify",
    )
