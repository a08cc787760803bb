"""The warehouse through an Airflow connection: what holds for every query that is asked of its client."""

import json

import pytest

from edx_warehouse.hooks.warehouse import Warehouse


def test_every_query_of_a_connection_is_googlesql_with_a_ceiling_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"is_anonymous": True, "project": "harvardx-data"}
    connection = {"conn_type": "google_cloud_platform", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))
    client = Warehouse.connect("harvardx-data", "google_cloud_default", "a unit").client
    config = client.default_query_job_config
    assert config is not None
    assert config.use_legacy_sql is False
    assert config.maximum_bytes_billed == 2 * 1024**4
    client.close()
