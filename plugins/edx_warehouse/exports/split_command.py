"""``edx-warehouse split FILE… --out DIR``: splits delivered tracking logs without Airflow."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem, Terminal, WarehouseError
from edx_warehouse.domain.limits import Limits
from edx_warehouse.domain.registry import Institution, Registry, registry_path
from edx_warehouse.exports.day_manifest import DayManifest
from edx_warehouse.exports.tracking_log import split

_INCLUDE = Path(__file__).resolve().parents[3] / "include"
_FAILED, _HELD = 1, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="delivered logs of one institution")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a tree that mirrors the bucket")
    parser.add_argument("--registry", type=Path, default=None, metavar="PATH", help="default: the registry in force")
    parser.add_argument(
        "--day", type=date.fromisoformat, default=None, metavar="DATE", help="instead of the day in the files' names"
    )


def run(args: argparse.Namespace) -> int:
    """Split each delivered day and tell what became of it.

    :return: 0, 1 when something failed, 3 when something is held for a person.
    """
    try:
        registry = Registry.read(args.registry or registry_path(_INCLUDE))
        institution = _institution(args.files, registry)
        courses = [course.key for course in registry.courses_of(institution)]
        days = _days(args.files, args.day)
    except WarehouseError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    limits = institution.log_limits
    return max(_split(files, courses, args.out, day, limits) for day, files in sorted(days.items()))


def _split(files: Sequence[Path], courses: Collection[CourseKey], out: Path, day: date, limits: Limits) -> int:
    try:
        manifest = split(files, courses, out, day=day, limits=limits)
    except WarehouseError as error:
        sys.stderr.write(f"{error}\n")
        return _HELD if isinstance(error, Held) else _FAILED
    except OSError as error:
        sys.stderr.write(f"{_problem(f'what {day} needs of the disk', error.strerror or 'an error', error.filename)}\n")
        return _FAILED
    sys.stdout.write(f"{_told(manifest)}\n")
    return 0


def _told(manifest: DayManifest) -> str:
    totals = manifest.totals
    taking = sum(course.rows > 0 for course in manifest.courses)
    return (
        f"{manifest.day}: {totals.lines} lines = {totals.rows} rows + {totals.quarantined} quarantined "
        f"({manifest.bad} bad, {manifest.aside} aside) + {totals.duplicates} duplicates + {totals.blank} blank; "
        f"{taking} of {len(manifest.courses)} courses have events"
    )


def _institution(files: Sequence[Path], registry: Registry) -> Institution:
    found: dict[str, Institution] = {}
    for file in files:
        prefix = places.log_file_prefix(file.name).lower()
        owners = [it for it in registry.institutions if prefix in it.log_prefixes]
        if len(owners) != 1:
            raise Terminal(_problem("the log_prefixes of one institution", f"{len(owners)} institutions", file.name))
        found[owners[0].name] = owners[0]
    if len(found) != 1:
        raise Terminal(_problem("files of one institution", " and ".join(sorted(found))))
    return next(iter(found.values()))


def _days(files: Sequence[Path], given: date | None) -> dict[date, list[Path]]:
    days: defaultdict[date, list[Path]] = defaultdict(list)
    for file in files:
        day = given or places.log_file_day(file.name)
        if day is None:
            raise Terminal(_problem("a day in the file's name", "none", file.name))
        days[day].append(file)
    return days


def _problem(expected: str, found: str, file: str | None = None) -> Problem:
    return Problem(
        code="E-SPL-107",
        unit="split",
        file=file,
        expected=expected,
        found=found,
        done="nothing was published",
        next="correct the command, the names or the registry, then run it again",
    )
