"""The local cloud: the storage and the BigQuery emulator."""

from collections.abc import Mapping
from pathlib import Path

from edx_warehouse.domain.registry import Registry
from edx_warehouse.local.home import CHECKOUT, Home, Ports, refuse
from edx_warehouse.local.services import Service
from edx_warehouse.local.web import ask

_INSTALLED = CHECKOUT / ".local" / "cloud"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


def emulators(environ: Mapping[str, str], home: Home, ports: Ports) -> tuple[Service, Service]:
    """Return the two services, storage first: BigQuery reads from it."""
    # The emulators read many variables; they see none that was meant for someone else.
    base = {name: environ[name] for name in _PASSED_ON if name in environ} | {
        # DuckDB's extensions were put below this folder when the emulators were installed.
        "HOME": str(_INSTALLED / "home"),
        "PYTHONUNBUFFERED": "1",
    }
    python = str(_INSTALLED / "bin" / "python")
    beside = Path(__file__).parent
    storage = Service(
        name="storage",
        command=(python, str(beside / "storage_emulator.py"), str(ports.storage), str(home.storage)),
        environment=base,
        run=home.run,
        logs=home.logs,
        port=ports.storage,
    )
    bigquery = Service(
        name="bigquery",
        command=(
            *(python, str(beside / "bigquery_emulator.py")),
            *("--host", "127.0.0.1"),
            *("--port", str(ports.bigquery)),
            *("--grpc-port", str(ports.bigquery_grpc)),
            *("--project", "local"),
            *("--data-dir", str(home.bigquery)),
        ),
        environment=base | {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{ports.storage}"},
        run=home.run,
        logs=home.logs,
        port=ports.bigquery,
    )
    return storage, bigquery


def require_installed() -> None:
    """Complain if the emulators are not installed.

    :raises Terminal: ``E-LOC-103``.
    """
    if not (_INSTALLED / "setup.stamp").exists():
        raise refuse("E-LOC-103", "the emulators, installed", "none", "run `make setup`", file=_INSTALLED)


def answers(service: Service) -> bool:
    """Tell whether an emulator serves requests."""
    path = "/" if service.name == "storage" else "/bigquery/v2/projects/local/datasets"
    try:
        status, _ = ask(service.port or 0, path)
    except OSError:
        return False
    return status == 200


def create_buckets(registry: Registry, port: int) -> list[str]:
    """Create the registry's buckets that are missing; return their names."""
    created = []
    for institution in registry.institutions:
        status, _ = ask(port, f"/storage/v1/b/{institution.bucket}")
        if status == 404:
            status, _ = ask(port, f"/storage/v1/b?project={institution.project}", {"name": institution.bucket})
            created.append(institution.bucket)
        if status != 200:
            raise refuse(
                "E-LOC-102",
                f"the storage emulator to hold the bucket {institution.bucket}",
                f"HTTP {status}",
                "read the log of the storage emulator",
            )
    return created
