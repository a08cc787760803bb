"""A real Airflow API server with the plugin, and the local cloud with tables to show."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from edx_warehouse.dashboard.access import VARIABLE
from edx_warehouse.dashboard.state import LOG
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local import airflow_services, settings
from edx_warehouse.local.home import CHECKOUT, Home, Ports
from edx_warehouse.local.services import stop
from edx_warehouse.tables.catalog import Catalog
from fakes import served_courses
from fakes.local_cloud import local_cloud
from fakes.ports import unused_ports

USERS = ("team", "teacher", "small_team", "manager", "researcher", "half_researcher", "mit", "admin", "nobody")
PASSWORD = "a-password-of-the-tests"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dashboard")


@pytest.fixture(scope="session")
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """Fill the local cloud; gives the ports of storage and BigQuery."""
    with local_cloud(folder / "cloud") as (storage, service):
        options = ClientOptions(api_endpoint=f"http://127.0.0.1:{service.port}")
        with closing(bigquery.Client("harvardx-data", AnonymousCredentials(), client_options=options)) as client:
            served_courses.serve(Warehouse(client, "tests"), Catalog.read(CHECKOUT / "include"), folder)
        yield storage.port or 0, service.port or 0


@pytest.fixture(scope="session")
def environment(folder: Path, served: tuple[int, int]) -> dict[str, str]:
    registry, access = folder / "registry.yaml", folder / "access.yaml"
    registry.write_text(served_courses.REGISTRY)
    access.write_text(served_courses.ACCESS)
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    ports = Ports(*served, *unused_ports(2))
    return settings.environment(os.environ, Home(folder / "home"), ports, registry, "harvardx-data") | {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{it}:viewer" for it in USERS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        VARIABLE: str(access),
        LOG: str(folder / "access.jsonl"),
    }


@pytest.fixture(scope="session")
def airflow(environment: dict[str, str], folder: Path) -> Iterator[str]:
    """Run Airflow's API server; gives its address."""
    home = Home(folder / "home")
    ports = Ports(airflow=int(environment["EDX_WAREHOUSE_AIRFLOW_PORT"]))
    airflow_services.migrate(environment, home, lambda _: None)
    service = airflow_services.airflow_services(environment, home, ports)[0]
    service.start()
    try:
        url = f"http://127.0.0.1:{service.port}"
        for _ in range(240):
            service.require_alive()
            if _answers(url):
                break
            time.sleep(0.5)
        else:
            pytest.fail(f"Airflow does not answer\n{service.log_file.read_text()}")
        yield url
    finally:
        stop((service,))


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/version", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def anonymous(airflow: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{airflow}/edx-warehouse", timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def signed_in(airflow: str) -> Iterator[Callable[[str], httpx.Client]]:
    """Give a client that a user of Airflow has signed in with."""
    clients: dict[str, httpx.Client] = {}

    def client(user: str) -> httpx.Client:
        if user not in clients:
            answer = httpx.post(f"{airflow}/auth/token", json={"username": user, "password": PASSWORD}, timeout=60)
            answer.raise_for_status()
            clients[user] = httpx.Client(
                base_url=f"{airflow}/edx-warehouse", timeout=60, cookies={"_token": answer.json()["access_token"]}
            )
        return clients[user]

    yield client
    for it in clients.values():
        it.close()
