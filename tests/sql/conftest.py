"""The local cloud's BigQuery and the catalog, for all tests of this folder."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from edx_warehouse.tables.catalog import Catalog
from fakes.local_cloud import local_cloud

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "sql-cases"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.read(ROOT / "include")


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bigquery.Client]:
    with local_cloud(tmp_path_factory.mktemp("bigquery")) as (_, service):
        options = ClientOptions(api_endpoint=f"http://127.0.0.1:{service.port}")
        with closing(bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)) as client:
            yield client


@pytest.fixture
def dataset(warehouse: bigquery.Client) -> Iterator[str]:
    """Return a dataset that is dropped after the test: with each table that is there the emulator gets slower."""
    name = "cases"
    warehouse.create_dataset(name)
    yield f"{PROJECT}.{name}"
    warehouse.delete_dataset(name, delete_contents=True)
