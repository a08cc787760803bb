"""The local cloud's two emulators, with strict proxies before them; a pair for each file."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.local.services import Service
from edx_warehouse.tables.catalog import Catalog
from fakes.local_cloud import local_cloud
from fakes.strict_proxy import StrictProxy

NAME = "harvardx-data"  # of the project and of its bucket


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    with local_cloud(tmp_path_factory.mktemp("cloud")) as pair:
        yield pair


@pytest.fixture(scope="module")
def proxies(services: tuple[Service, Service]) -> Iterator[tuple[StrictProxy, StrictProxy]]:
    with ExitStack() as stack:
        storage_proxy, bigquery_proxy = (
            stack.enter_context(StrictProxy(service.port or 0).serving()) for service in services
        )
        yield storage_proxy, bigquery_proxy


@pytest.fixture(scope="module")
def storage_client(proxies: tuple[StrictProxy, StrictProxy]) -> Iterator[storage.Client]:
    options = ClientOptions(api_endpoint=proxies[0].url)
    with closing(storage.Client(NAME, AnonymousCredentials(), client_options=options)) as client:
        client.create_bucket(NAME)
        yield client


@pytest.fixture(scope="module")
def bigquery_client(proxies: tuple[StrictProxy, StrictProxy]) -> Iterator[bigquery.Client]:
    options = ClientOptions(api_endpoint=proxies[1].url)
    with closing(bigquery.Client(NAME, AnonymousCredentials(), client_options=options)) as client:
        yield client


@pytest.fixture
def storage_proxy(proxies: tuple[StrictProxy, StrictProxy]) -> StrictProxy:
    """Return the proxy before the storage emulator, with nothing seen and no failure to come."""
    proxies[0].forget()
    return proxies[0]


@pytest.fixture
def bigquery_proxy(proxies: tuple[StrictProxy, StrictProxy]) -> StrictProxy:
    """Return the proxy before the BigQuery emulator, with nothing seen and no failure to come."""
    proxies[1].forget()
    return proxies[1]


@pytest.fixture
def bucket(storage_proxy: StrictProxy, storage_client: storage.Client) -> Bucket:
    return Bucket(storage_client, NAME)


@pytest.fixture
def warehouse(bigquery_proxy: StrictProxy, bigquery_client: bigquery.Client) -> Warehouse:
    return Warehouse(bigquery_client, "HarvardX/CS50x/2014_T1 2014-11-15")


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """Return a name that belongs to this test alone."""
    return re.sub(r"\W+", "_", str(request.node.name))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.read(CHECKOUT / "include")
