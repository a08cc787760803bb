"""Airflow's own API server application, with this package's plugins and Airflow's SimpleAuthManager, in a process of its own.

It is asked over HTTP, as a browser does.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from fakes.airflow_server import AirflowServer
from fakes.board_records import write_records
from fakes.local_cloud import local_cloud
from fakes.ports import unused_ports

NAME = "harvardx-data"  # of the project and of its bucket
ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("serve.py")
REGISTRY = """\
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///srv/hmdc/harvardx", log_prefixes: [harvardx]}
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///srv/hmdc/mitx", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX, launch: 2014-01-01}
  - {course_id: MITx/6.00x/1T2014, institution: MITx}
"""


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the addresses of a storage and a BigQuery emulator, with what the board is to show of HarvardX."""
    with local_cloud(tmp_path_factory.mktemp("cloud")) as pair:
        storage_url, bigquery_url = (f"http://127.0.0.1:{it.port}" for it in pair)
        with (
            closing(
                storage.Client(NAME, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=storage_url))
            ) as objects,
            closing(
                bigquery.Client(NAME, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=bigquery_url))
            ) as tables,
        ):
            for name in (NAME, "mitx-data"):
                objects.create_bucket(name)
            write_records(Warehouse(tables, "test"), Bucket(objects, NAME), datetime.now(UTC))
        yield storage_url, bigquery_url


@pytest.fixture(scope="session")
def airflow(cloud: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    home = tmp_path_factory.mktemp("airflow")
    (home / "registry.yaml").write_text(REGISTRY)
    (port,) = unused_ports(1)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "viewer:viewer,op:op,nobody:none",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, long enough for its algorithm, and for no more than that",
        "EDX_WAREHOUSE_REGISTRY": str(home / "registry.yaml"),
        "STORAGE_EMULATOR_HOST": cloud[0],
        "BIGQUERY_EMULATOR_HOST": cloud[1],
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(
            {"conn_type": "google_cloud_platform", "extra": {"project": NAME, "is_anonymous": True}}
        ),
    }
    log = home / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, str(SERVER), str(port)], env=environment, cwd=home, stdout=out, stderr=out
        )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(1800):
            assert server.poll() is None, log.read_text()
            if (home / "tokens").exists() and _answers(url):
                break
            time.sleep(0.1)
        tokens = dict(line.split() for line in (home / "tokens").read_text().splitlines())
        with httpx.Client(timeout=60) as client:
            yield AirflowServer(url, tokens, client)
    finally:
        server.terminate()
        server.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/version", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
