"""``edx-warehouse sample``: write an archive of invented learners to try the warehouse on."""

import argparse
import sys
from datetime import date
from pathlib import Path

from edx_warehouse.sample.plan import FIRST_DAY
from edx_warehouse.sample.world import CannotWrite, World, write_world


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be asked for."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a directory that is new or empty")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal bytes (default: %(default)s)")
    parser.add_argument("--courses", type=int, default=4, help="courses of both institutions (default: %(default)s)")
    parser.add_argument("--learners", type=int, default=200, help="invented accounts (default: %(default)s)")
    parser.add_argument("--weeks", type=int, default=2, help="weekly exports (default: %(default)s)")
    parser.add_argument("--days", type=int, default=5, help="days of tracking logs (default: %(default)s)")
    parser.add_argument("--events", type=int, metavar="N", help="log lines a day, about (default: 15 a learner)")
    parser.add_argument("--poison", action="store_true", help="add files and lines that must be held or quarantined")
    parser.add_argument("--windows", action="store_true", help="declare two windows, one inside the other")
    parser.add_argument(
        "--start",
        type=date.fromisoformat,
        default=FIRST_DAY,
        metavar="DATE",
        help="first log day (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the world and say what is in it; 0 when written, 2 when it could not be."""
    try:
        world = write_world(
            args.out,
            seed=args.seed,
            courses=args.courses,
            learners=args.learners,
            weeks=args.weeks,
            days=args.days,
            events_per_day=args.events,
            poison=args.poison,
            windows=args.windows,
            first_day=args.start,
        )
    except (CannotWrite, OSError) as error:
        sys.stderr.write(f"edx-warehouse sample: {error}\n")
        return 2
    sys.stdout.write(_summary(world))
    return 0


def _summary(world: World) -> str:
    lines = sum(log.lines for log in world.logs)
    size = sum(log.bytes for log in world.logs)
    told = [
        f"Sample world in {world.root}",
        f"  {len(world.courses)} courses at {' and '.join(world.institutions)}",
        f"  {len(world.weeks)} weekly exports: {', '.join(map(str, world.weeks))}, {len(world.weekly_files)} files",
        f"  {len(world.days)} log days from {world.days[0]}: {lines:,} lines, {size / 1e6:,.1f} MB",
    ]
    if world.poison is not None:
        spoilt = world.poison
        told += [
            f"  cut off: {spoilt.broken_log.relative_to(world.root)}",
            f"  {len(spoilt.bad_lines)} kinds of odd lines: {spoilt.bad_log.relative_to(world.root)}",
            f"  renamed column: {spoilt.renamed_file.relative_to(world.root)}",
        ]
    told.append(f"  EDX_WAREHOUSE_REGISTRY={world.registry}")
    return "\n".join(told) + "\n"
