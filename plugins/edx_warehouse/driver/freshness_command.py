"""``edx-warehouse freshness``: how fresh the data of each institution is, and what is late or held."""

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from edx_warehouse.driver.surroundings import enter

if TYPE_CHECKING:  # it imports Airflow, which reads its settings when it is imported
    from edx_warehouse.driver.state import Clients
    from edx_warehouse.operators.freshness import Freshness

_LATE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Tell for each institution and feed the newest good day, and what is missing, not worked through, not "
        "loaded or held; and of log files the days on which those of one site did not come. "
        "Logs are due 1 day and 6 hours after their day ends, weekly exports 7 days after their Sunday. "
        "Exit code 0: all in time; 3: something is late or held."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Look and tell."""
    registry = enter()
    from edx_warehouse.driver.state import Clients

    found = look(Clients(registry), datetime.now(UTC))
    code = 0 if all(it.is_well for it in found) else _LATE
    if args.json:
        document: dict[str, Any] = {"feeds": [it.to_dict() for it in found], "exit_code": code}
        print(json.dumps(document, indent=1))
    else:
        print("\n".join(map(str, found)))
    return code


def look(clients: "Clients", now: datetime) -> "list[Freshness]":
    """Return how fresh each feed of each institution is."""
    from edx_warehouse.operators.freshness import freshness

    return [
        feed
        for institution in clients.registry.institutions
        for feed in freshness(
            institution,
            clients.buckets[institution.name],
            clients.warehouses[institution.name],
            [course.key for course in clients.registry.courses_of(institution)],
            now,
        )
    ]
