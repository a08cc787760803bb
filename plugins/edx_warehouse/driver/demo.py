"""``edx-warehouse demo``: invented institutions through the whole pipeline, and a look at what came of it."""

import argparse
import json
import os
import shutil
import time
from typing import TYPE_CHECKING

from edx_warehouse.domain.registry import Course, Registry
from edx_warehouse.driver.command import drive, print_result
from edx_warehouse.driver.state import Result
from edx_warehouse.local.home import Home
from edx_warehouse.local.stack import Stack
from edx_warehouse.sample.world import write_world

if TYPE_CHECKING:  # it imports Airflow, which reads its settings when it is imported: not before the stack is known
    from edx_warehouse.driver.inspection import Inspection

_SHOWN = "person_course_day"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Make a sample world, run the main job on it through Airflow and the local cloud, check the result, run it "
        "again to see that nothing is done twice, and leave the stack running."
    )
    parser.add_argument("--learners", type=int, default=200, help="invented learners (200)")
    parser.add_argument("--fresh", action="store_true", help="first remove everything that the local stack holds")


def run(args: argparse.Namespace) -> int:
    """Run the demo; return 0 only if all of it is right."""
    begun = time.monotonic()
    root = Home.from_environment(os.environ).root / "demo"
    stack = Stack.from_environment({**os.environ, "EDX_WAREHOUSE_REGISTRY": str(root / "registry.yaml")})
    if args.fresh:
        stack.reset()
        shutil.rmtree(root, ignore_errors=True)
    if not stack.registry.exists():
        write_world(root, learners=args.learners)
    first = drive(stack)
    print_result(first)
    second = drive(stack)
    registry = Registry.read(stack.registry)
    from edx_warehouse.driver.inspection import Inspection

    inspection = Inspection(registry)
    _show_course(inspection, registry.courses[0])
    mistakes = _mistakes(registry, inspection, first, second)
    print(f"\nThe main job again, without new files: {second.bigquery_jobs} BigQuery jobs, ", end="")
    print(f"{second.objects_written} objects written")
    for mistake in mistakes:
        print(f"WRONG: {mistake}")
    print(f"\nAirflow UI: {stack.airflow_url}   (stop everything with `make down`)")
    print(f"{'All is right' if not mistakes else 'Not all is right'} after {time.monotonic() - begun:.0f} s")
    return 1 if mistakes else 0


def _show_course(inspection: "Inspection", course: Course) -> None:
    print(f"\n{course.key}: its tables")
    for table, rows in inspection.tables(course):
        print(f"  {rows:>9}  {table}")
    print(f"\nThe description of {_SHOWN}:\n")
    print(inspection.description(course, _SHOWN))


def _mistakes(registry: Registry, inspection: "Inspection", first: Result, second: Result) -> list[str]:
    wrong = [f"the first run ended with {json.dumps(it)}" for it in (*first.held, *first.failed)]
    if second.bigquery_jobs or second.objects_written or second.exit_code:
        wrong.append(f"the second run did something: {json.dumps(second.to_dict())}")
    for course in registry.courses:
        wrong += inspection.mistakes(course)
    return wrong
