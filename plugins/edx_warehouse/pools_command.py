"""``edx-warehouse pools``: the pools that the Dags of this registry need."""

import argparse
import json

from edx_warehouse.domain.pools import pools
from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.local.home import CHECKOUT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing."""
    parser.description = (
        "Print the pools of the registry as JSON. `edx-warehouse pools > pools.json && airflow pools import pools.json` "
        "makes them; do so whenever a course was added. The local stack does it by itself."
    )


def run(args: argparse.Namespace) -> int:  # noqa: ARG001
    """Print the pools."""
    include = CHECKOUT / "include"
    print(json.dumps(pools(include, Registry.read(registry_path(include))), indent=1))
    return 0
