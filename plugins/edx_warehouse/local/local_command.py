"""``edx-warehouse local``: start, watch, stop or wipe the local cloud."""

import argparse
import sys
from collections.abc import Iterable

from edx_warehouse.local.stack import Condition, Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    parser.description = "The local cloud: emulators of Storage and BigQuery on 127.0.0.1, with data that stays."
    parser.add_argument(
        "action",
        choices=["up", "down", "status", "reset"],
        help="up: start; down: stop everything of this stack; status: how it is; reset: stop and remove all data",
    )


def run(args: argparse.Namespace) -> int:
    """Do the action; ``status`` returns 1 unless both emulators, and Airflow if it was started, are well."""
    stack = Stack.from_environment()
    match args.action:
        case "up":
            stack.cloud_up()
            show_cloud(stack)
        case "down":
            stack.down()
        case "reset":
            stack.reset()
            sys.stdout.write(f"removed {stack.home.stack}\n")
        case "status":
            # One that was killed still has its pid file; one that was stopped, or never started, has none.
            airflow = [service for service in stack.airflow if service.pid_file.exists()]
            started = stack.conditions([*stack.cloud, *airflow])
            sys.stdout.write(table(started))
            return 0 if all(condition.healthy for condition in started) else 1
    return 0


def show_cloud(stack: Stack) -> None:
    """Say where the emulators are."""
    environment = stack.environment()
    for name in ("STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST"):
        sys.stdout.write(f"{name}={environment[name]}\n")
    sys.stdout.write(f"data in {stack.home.stack / 'data'}, logs in {stack.home.logs}\n")


def table(conditions: Iterable[Condition]) -> str:
    """Return one line a service: name, pid, port and health."""
    lines = [("service", "pid", "port", "health")]
    for it in conditions:
        health = "healthy" if it.healthy else "does not answer" if it.pid else "not running"
        lines.append((it.name, str(it.pid or "-"), str(it.port or "-"), health))
    return "".join(f"{name:14} {pid:>8} {port:>6}  {health}\n" for name, pid, port, health in lines)
