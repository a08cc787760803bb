"""Every setting of the local stack's Airflow, and what its clients are told.

Production is told other values for the same names; nothing else tells the two apart.
"""

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from edx_warehouse.domain import pools as domain_pools
from edx_warehouse.domain.registry import Registry
from edx_warehouse.local.home import CHECKOUT, Home, Ports, refuse

_HOST = "127.0.0.1"
# Set for another Airflow or the real Google: none of them may reach the processes of this stack.
_FOREIGN_PREFIXES = ("AIRFLOW__", "_AIRFLOW_", "PYTHON")
_FOREIGN = frozenset(
    {
        "AIRFLOW_HOME",
        "AIRFLOW_CONFIG",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
        "VIRTUAL_ENV",
    }
)


def environment(environ: Mapping[str, str], home: Home, ports: Ports, registry: Path, project: str) -> dict[str, str]:
    """Return all variables for the processes of a local stack and for its clients.

    :param environ: what the command itself was given.
    :param project: the Google project named by the connection, where a task names none.
    """
    base = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_FOREIGN_PREFIXES) and name not in _FOREIGN
    }
    no_proxy = ",".join(filter(None, [environ.get("NO_PROXY") or environ.get("no_proxy"), _HOST, "localhost"]))
    return (
        base
        | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(CHECKOUT / "plugins"),
            "PYTHONUNBUFFERED": "1",
            # Everybody is administrator of a local Airflow, and so of its dashboard.
            "EDX_WAREHOUSE_DASHBOARD_ACCESS": environ.get("EDX_WAREHOUSE_DASHBOARD_ACCESS")
            or str(CHECKOUT / "include" / "dashboard" / "local_access.yaml"),
            "EDX_WAREHOUSE_DASHBOARD_LOG": environ.get("EDX_WAREHOUSE_DASHBOARD_LOG")
            or str(home.logs / "dashboard-access.jsonl"),
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
        }
        | clients(home, ports, registry, project)
        | airflow(environ, home, ports)
    )


def clients(home: Home, ports: Ports, registry: Path, project: str) -> dict[str, str]:
    """Return what Google's clients, Airflow's hooks and our own tasks are told."""
    google = {"conn_type": "google_cloud_platform", "extra": {"project": project, "is_anonymous": True}}
    return {
        "EDX_WAREHOUSE_HOME": str(home.root),
        "EDX_WAREHOUSE_REGISTRY": str(registry),
        "EDX_WAREHOUSE_STORAGE_PORT": str(ports.storage),
        "EDX_WAREHOUSE_BIGQUERY_PORT": str(ports.bigquery),
        "EDX_WAREHOUSE_BIGQUERY_GRPC_PORT": str(ports.bigquery_grpc),
        "EDX_WAREHOUSE_AIRFLOW_PORT": str(ports.airflow),
        "STORAGE_EMULATOR_HOST": f"http://{_HOST}:{ports.storage}",
        "BIGQUERY_EMULATOR_HOST": f"http://{_HOST}:{ports.bigquery}",
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(google),
    }


def airflow(environ: Mapping[str, str], home: Home, ports: Ports) -> dict[str, str]:
    """Return Airflow's own settings."""
    sections = {
        "CORE": {
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": str(parallelism(environ)),
            "DAGS_FOLDER": str(CHECKOUT / "dags"),
            "PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
            "LOAD_EXAMPLES": "False",
            # Nothing starts by the clock on a laptop: `edx-warehouse run` unpauses what it needs.
            "DAGS_ARE_PAUSED_AT_CREATION": "True",
            "DAGBAG_IMPORT_TIMEOUT": "120",
            # A look-up of this machine's full name waits for a name server that may not be there.
            "HOSTNAME_CALLABLE": "socket.gethostname",
            "EXECUTION_API_SERVER_URL": f"http://{_HOST}:{ports.airflow}/execution/",
            "AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        },
        "DATABASE": {"SQL_ALCHEMY_CONN": database(environ, home)},
        "LOGGING": {
            "BASE_LOG_FOLDER": str(home.logs / "tasks"),
            "DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home.logs / "dags"),
            "COLORED_CONSOLE_LOG": "False",
        },
        "API": {
            "HOST": _HOST,
            "PORT": str(ports.airflow),
            "BASE_URL": airflow_url(ports),
            "INSTANCE_NAME": "edX Warehouse, local",
            "WORKERS": "1",
            "DAG_CACHE_SIZE": "256",
        },
        "SCHEDULER": {
            # Short waits: a demo is a chain of short tasks, and the waits between them add up.
            "SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "SCHEDULER_HEARTBEAT_SEC": "2",
            "MAX_DAGRUNS_TO_CREATE_PER_LOOP": "50",
            "MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "50",
            "PARSING_CLEANUP_INTERVAL": "300",
            "ENABLE_HEALTH_CHECK": "False",  # its port is one more that two stacks would fight for
        },
        "DAG_PROCESSOR": {
            "REFRESH_INTERVAL": "10",
            "MIN_FILE_PROCESS_INTERVAL": "30",
            "DAG_FILE_PROCESSOR_TIMEOUT": "180",
            "PARSING_PROCESSES": "1",
            "DAG_BUNDLE_STORAGE_PATH": str(home.airflow / "bundles"),
        },
        # A task that deferred and was resumed at once is otherwise now and then marked failed.
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": "1"},
        # Without it a cleared task finds its old job done and does nothing.
        "STATE_STORE": {"CLEAR_ON_SUCCESS": "True"},
    }
    kept = _secrets(home)
    sections["CORE"]["FERNET_KEY"] = kept["fernet_key"]
    sections["API"]["SECRET_KEY"] = kept["secret_key"]
    sections["API_AUTH"] = {"JWT_SECRET": kept["jwt_secret"]}
    settings = {f"AIRFLOW__{section}__{name}": it for section, names in sections.items() for name, it in names.items()}
    return {"AIRFLOW_HOME": str(home.airflow)} | settings


def airflow_url(ports: Ports) -> str:
    """Return where people find the Airflow UI, and clients its API."""
    return f"http://localhost:{ports.airflow}"


def database(environ: Mapping[str, str], home: Home) -> str:
    """Return the address of Airflow's own database.

    :raises Terminal: ``E-LOC-105`` when ``EDX_WAREHOUSE_DATABASE`` is not a PostgreSQL address.
    """
    address = environ.get("EDX_WAREHOUSE_DATABASE", "")
    if not address:
        # A writer waits for the other writers instead of failing with "database is locked".
        return f"sqlite:///{home.airflow / 'airflow.db'}?timeout=60"
    scheme, _, rest = address.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg2") or not rest:
        raise refuse(
            "E-LOC-105",
            "postgresql://USER@HOST/NAME in EDX_WAREHOUSE_DATABASE",
            f"a text that begins with {scheme[:20]}" if rest else "no address",
            "correct it, or unset it for SQLite",
        )
    return f"postgresql+psycopg2://{rest}"


def parallelism(environ: Mapping[str, str]) -> int:
    """Return how many tasks run at once."""
    if not environ.get("EDX_WAREHOUSE_DATABASE"):
        return 4  # SQLite takes one writer at a time: more tasks only wait for each other
    return max(4, 2 * (os.cpu_count() or 2))


def pools(environ: Mapping[str, str], registry: Registry) -> dict[str, dict[str, object]]:
    """Return production's pools, cut down to what this machine runs at once."""
    limits = {"split": os.cpu_count() or 1}
    return {
        name: pool | {"slots": min(int(pool["slots"]), limits.get(name, parallelism(environ)))}
        for name, pool in domain_pools.pools(CHECKOUT / "include", registry).items()
    }


def _secrets(home: Home) -> dict[str, str]:
    """Return the keys that this home's processes share, made once and readable by their owner alone."""
    path = home.airflow / "secrets.json"
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(48),
        "secret_key": secrets.token_urlsafe(48),
    }
    temporary = path.with_name(f"secrets.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(kept, handle)
    try:
        os.link(temporary, path)  # whoever was first made the keys; everyone reads the same
    except FileExistsError:
        return dict(json.loads(path.read_text()))
    finally:
        temporary.unlink()
    return kept
