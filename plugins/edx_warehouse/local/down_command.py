"""``edx-warehouse down``: stop the local cloud and Airflow; data stays."""

import argparse

from edx_warehouse.local.stack import Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the stack is described by environment variables."""
    parser.description = "Stop the local cloud and Airflow with all their processes. Data stays."


def run(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Stop everything of this home's stack."""
    Stack.from_environment().down()
    return 0
