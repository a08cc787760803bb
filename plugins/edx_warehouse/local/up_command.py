"""``edx-warehouse up``: start the local cloud and Airflow, and leave them running."""

import argparse
import sys

from edx_warehouse.local.local_command import show_cloud
from edx_warehouse.local.stack import Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the stack is described by environment variables."""
    parser.description = "Start the local cloud and Airflow on 127.0.0.1. Ports and place: docs/local.md."


def run(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Start what is not running and say where it is."""
    stack = Stack.from_environment()
    stack.up()
    sys.stdout.write(f"Airflow is at {stack.airflow_url} (registry {stack.registry})\n")
    show_cloud(stack)
    return 0
