"""``edx-warehouse run``: bring every table up to date with the archive, through Airflow."""

import argparse
import json
import os
import sys
from datetime import date

from edx_warehouse.domain.errors import Problem
from edx_warehouse.domain.registry import Registry
from edx_warehouse.driver.state import Result
from edx_warehouse.local.stack import Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Start what is due in the archives of the registry, wait until nothing is left to do, and tell what was made. "
        "Exit code 0: all is well; 1: something failed; 3: something is held for a person."
    )
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE", help="no earlier day or week")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE", help="no later day or week")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Drive the main job; the local stack is started when it is not running."""
    result = drive(Stack.from_environment(), args.first, args.last)
    if args.json:
        print(json.dumps(result.to_dict(), indent=1))
    else:
        print_result(result)
    return result.exit_code


def drive(stack: Stack, first: date | None = None, last: date | None = None) -> Result:
    """Drive the main job on a stack; progress goes to stderr."""
    if stack.registry_of_running() not in (None, stack.registry):
        stack.down()  # Airflow's processes read the registry they were started with
    stack.up()
    # Google's clients and Airflow's connections are told where things are by the environment.
    os.environ.update(stack.environment())
    from edx_warehouse.driver.main_job import MainJob
    from edx_warehouse.hooks.airflow_api import AirflowApi

    registry = Registry.read(stack.registry)
    return MainJob(registry, AirflowApi(stack.airflow_url), _tell, stack.up, first, last).run()


def print_result(result: Result) -> None:
    """Print what was made, held and failed."""
    print(
        f"{len(result.tables)} tables made, {result.bigquery_jobs} BigQuery jobs, {result.objects_written} objects "
        f"written, {result.runs} Dag runs, in {result.seconds:.0f} s"
    )
    for it in result.tables:
        print(f"  {it['rows']:>9}  {it['table']}")
    for held in result.held:
        print(f"HELD    {Problem(**{name: value for name, value in held.items() if name != 'institution'})}")
    for it in result.failed:
        print(f"FAILED  {it['dag_id']} {it['day']}: {', '.join(it['tasks'])}")
    for feed in result.freshness:
        print(feed)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
