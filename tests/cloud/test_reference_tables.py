"""Reference tables are loaded once, again when their source changed, and are left alone when it cannot be read."""

import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.reference_tables import LoadReferenceOperator
from edx_warehouse.tables.catalog import Catalog

pytestmark = pytest.mark.cloud


def test_reference_tables_follow_their_sources(warehouse: Warehouse, catalog: Catalog, tmp_path: Path) -> None:
    institution = Institution("HarvardX", warehouse.project, "harvardx-data", "file:///none", ("harvardx",), ("prod",))

    class Load(LoadReferenceOperator):
        def warehouse(self, unit: str) -> Warehouse:
            return warehouse

    def load(**more: Any) -> list[str]:
        seeds = ["geoip_networks", "countries"]
        it = replace(institution, **more)
        task = Load(task_id="load_reference", institution=it, tables=seeds, catalog=catalog)
        instance = SimpleNamespace(dag_id="hmdc_mirror__x", task_id="load_reference", try_number=1)
        run = SimpleNamespace(run_id="scheduled__2014-11-20", dag_id="hmdc_mirror__x")
        return task.execute({"ti": instance, "dag_run": run})["made"]

    def networks() -> list[str]:
        name = warehouse.reference(places.REFERENCE_TABLES, "geoip_networks")
        return sorted(it["network"] for it in warehouse.client.list_rows(warehouse.client.get_table(name)))

    assert load() == ["countries", "geoip_networks"]
    assert load() == []
    assert len(networks()) == 8

    database = tmp_path / "City.zip"
    url = {"geoip": f"file://{database}"}
    with zipfile.ZipFile(database, "w") as archive:
        archive.writestr("x-City-Locations-en.csv", "geoname_id\n")
        archive.writestr(
            "x-City-Blocks-IPv4.csv",
            "network,geoname_id,registered_country_geoname_id,postal_code,latitude,longitude\n192.0.2.0/24,,,,,\n",
        )
        archive.writestr("x-City-Blocks-IPv6.csv", "network\n")
    assert load(**url) == ["geoip_networks"]
    assert load(**url) == []
    assert networks() == ["192.0.2.0/24"]

    database.write_bytes(b"no zip")
    with pytest.raises(Terminal, match="E-REF-101"):
        load(**url)
    database.unlink()
    with pytest.raises(Terminal, match="E-REF-101"):
        load(**url)
    assert networks() == ["192.0.2.0/24"]
