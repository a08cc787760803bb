"""The local stack's Airflow: its four processes, its database and its pools."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edx_warehouse.local.home import Home, Ports, refuse
from edx_warehouse.local.services import Service
from edx_warehouse.local.web import ask

_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Airflow's health report names its parts in its own way.
_PARTS = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}


def airflow_services(environment: Mapping[str, str], home: Home, ports: Ports) -> tuple[Service, ...]:
    """Return Airflow's processes in the order to start them."""
    # The tasks' logs are read from the disk: no server of logs, which would listen to the whole network.
    commands = {
        "api-server": (),
        "scheduler": ("--skip-serve-logs",),
        "dag-processor": (),
        "triggerer": ("--skip-serve-logs",),
    }
    # On SQLite the API server can wait for itself (docs/decisions/airflow-api.md): not as long as the others may wait.
    address = environment[_DATABASE].replace("?timeout=60", "?timeout=10")
    return tuple(
        Service(
            name=name,
            command=(*_AIRFLOW, name, *options),
            environment={**environment, _DATABASE: address} if name == "api-server" else environment,
            run=home.run,
            logs=home.logs,
            port=ports.airflow if name == "api-server" else None,
        )
        for name, options in commands.items()
    )


def unhealthy(services: tuple[Service, ...], port: int) -> list[str]:
    """Return the names of the processes that do not report to be well since they were started."""
    names = [service.name for service in services]
    try:
        status, body = ask(port, "/api/v2/monitor/health", seconds=5)
        report: dict[str, Any] = json.loads(body) if status == 200 else {}
        # The part that tasks talk to is built at its first request: not by the first task, then.
        ready, _ = ask(port, "/execution/health", seconds=60) if report else (0, b"")
    except (OSError, ValueError):
        return names
    if ready != 200:
        return names
    if report.get("metadatabase", {}).get("status") != "healthy":
        return names
    return [
        service.name
        for service in services
        if service.name in _PARTS and not _is_well(report.get(_PARTS[service.name]), service)
    ]


def _is_well(part: dict[str, Any] | None, service: Service) -> bool:
    if not part or part.get("status") != "healthy":
        return False
    beat: str | None = part.get(f"latest_{_PARTS[service.name]}_heartbeat")
    # A process that was killed is reported healthy for half a minute: only a beat of this one counts.
    return beat is not None and datetime.fromisoformat(beat).timestamp() >= service.started


def migrate(environment: Mapping[str, str], home: Home, tell: Callable[[str], None]) -> None:
    """Create or migrate Airflow's database, if it was not done for this version and address.

    :raises Terminal: ``E-LOC-102`` naming the log.
    """
    address = environment[_DATABASE]
    stamp = home.airflow / "migrated"
    wanted = f"{version('apache-airflow')} {hashlib.sha256(address.encode()).hexdigest()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    tell("preparing Airflow's database")
    # Written by another version it holds that version's defaults.
    (home.airflow / "airflow.cfg").unlink(missing_ok=True)
    _airflow(environment, home, "db", "migrate")
    stamp.write_text(wanted)


def import_pools(environment: Mapping[str, str], home: Home, pools: Mapping[str, Any]) -> None:
    """Give Airflow its pools, if it does not have these.

    :raises Terminal: ``E-LOC-102`` naming the log.
    """
    stamp, file = home.airflow / "pools-imported.json", home.airflow / "pools.json"
    wanted = json.dumps(pools, indent=2)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    file.write_text(wanted)
    _airflow(environment, home, "pools", "import", str(file))
    file.replace(stamp)


def forget_database(environment: Mapping[str, str], home: Home) -> None:
    """Empty a database that is not a file of the home's."""
    if not environment[_DATABASE].startswith("sqlite") and home.airflow.exists():
        _airflow(environment, home, "db", "reset", "--yes")


_AIRFLOW = (sys.executable, "-m", "airflow")


def _airflow(environment: Mapping[str, str], home: Home, *command: str) -> None:
    home.logs.mkdir(parents=True, exist_ok=True)
    home.airflow.mkdir(parents=True, exist_ok=True)
    log: Path = home.logs / "prepare.log"
    with log.open("ab") as handle:
        code = subprocess.run(  # noqa: S603
            [*_AIRFLOW, *command],
            env=dict(environment),
            cwd=home.airflow,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code:
        raise refuse(
            "E-LOC-102",
            f"`airflow {' '.join(command[:2])}` to succeed",
            f"exit code {code}",
            "read the last lines of its log",
            file=log,
        )
