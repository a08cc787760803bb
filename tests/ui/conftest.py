"""Airflow's own API server application, with this package's plugins and Airflow's SimpleAuthManager, in a process of its own.

It is asked over HTTP, as a browser does.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fakes.airflow_server import AirflowServer
from fakes.ports import unused_ports

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
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
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
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "viewer:viewer,op:op,nobody:none",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, long enough for its algorithm, and for no more than that",
        "EDX_WAREHOUSE_REGISTRY": str(home / "registry.yaml"),
    }
    log = home / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, str(SERVER), str(port)], env=environment, cwd=home, stdout=subprocess.PIPE, stderr=out
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
        server.communicate(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/version", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
