"""The local cloud's BigQuery and the catalog, for all tests of this folder."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from edx_warehouse.tables.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "sql-cases"
DATASET = "cases"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.read(ROOT / "include")


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bigquery.Client]:
    port, grpc_port = free_port(), free_port()
    command = [emulator(), "--host", "127.0.0.1", "--port", str(port), "--grpc-port", str(grpc_port)]
    folder = tmp_path_factory.mktemp("bigquery")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--project", PROJECT, "--data-dir", str(folder / "data")], stdout=log, stderr=log
        )
    try:
        wait_for(port, process, folder / "log")
        with closing(
            bigquery.Client(
                PROJECT,
                AnonymousCredentials(),
                client_options=ClientOptions(api_endpoint=f"http://127.0.0.1:{port}"),
            )
        ) as client:
            client.create_dataset(DATASET)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def emulator() -> str:
    folders = [os.environ.get("EDX_WAREHOUSE_CLOUD_BIN"), ROOT / ".local/cloud/bin", ROOT / ".local/cloud-venv/bin"]
    for folder in folders:
        if folder and (path := Path(folder) / "local-bigquery").exists():
            return str(path)
    pytest.fail("no local cloud: run `make setup`, or set EDX_WAREHOUSE_CLOUD_BIN to the folder of local-bigquery")


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the local cloud does not answer\n{log.read_text()}")
