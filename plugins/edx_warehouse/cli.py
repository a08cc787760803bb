"""The command ``edx-warehouse``: a table of subcommands, each in a module of its own."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from edx_warehouse.domain.errors import WarehouseError


@dataclass(frozen=True)
class Subcommand:
    """A subcommand; its module has ``add_arguments(parser)`` and ``run(args) -> int``."""

    name: str
    module: str
    help: str


SUBCOMMANDS = (
    Subcommand("demo", "edx_warehouse.driver.demo", "run the whole pipeline on invented institutions"),
    Subcommand("up", "edx_warehouse.local.up_command", "start the local cloud and Airflow"),
    Subcommand("down", "edx_warehouse.local.down_command", "stop them; data stays"),
    Subcommand("local", "edx_warehouse.local.local_command", "start, watch, stop or wipe the local cloud"),
    Subcommand("sample", "edx_warehouse.sample.command", "write an archive of invented institutions"),
    Subcommand("split", "edx_warehouse.exports.split_command", "split tracking logs by course"),
    Subcommand("catalog", "edx_warehouse.catalog_command", "tell which tables there are, and what each is made from"),
    Subcommand("pools", "edx_warehouse.pools_command", "print the Airflow pools that the registry needs"),
    Subcommand("run", "edx_warehouse.driver.command", "bring every table up to date with the archive"),
    Subcommand("freshness", "edx_warehouse.driver.freshness_command", "tell how fresh the data is, and what is late"),
    Subcommand("archive", "edx_warehouse.driver.archive_command", "tell what is where; read snapshots back"),
    Subcommand("restore", "edx_warehouse.driver.restore_command", "put weeks back from the archive's snapshots"),
    Subcommand("quarantine", "edx_warehouse.driver.quarantine_command", "list, show and replay what was quarantined"),
    Subcommand(
        "drift", "edx_warehouse.driver.drift_command", "tell how the weekly exports differ from what was agreed"
    ),
    Subcommand("release", "edx_warehouse.driver.release_command", "take a held weekly export as it is"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return its exit code.

    A failure known by name is one line for people and one JSON object for machines, on stderr, and exit code 1.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="edx-warehouse", description="edX exports as trustworthy BigQuery tables.")
    table = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for subcommand in SUBCOMMANDS:
        # Only the chosen module is imported: most are heavy, and a broken one breaks nothing but itself.
        chosen = subcommand.name in arguments[:1]
        inner = table.add_parser(subcommand.name, help=subcommand.help, add_help=chosen)
        if chosen:
            module = import_module(subcommand.module)
            module.add_arguments(inner)
            inner.set_defaults(run=module.run)
    chosen_arguments = parser.parse_args(arguments)
    try:
        return int(chosen_arguments.run(chosen_arguments))
    except WarehouseError as error:
        print(error.problem, file=sys.stderr)
        print(error.problem.to_json(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as `head` does
        return 1


if __name__ == "__main__":
    sys.exit(main())
