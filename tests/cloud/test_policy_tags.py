"""Restricted columns on their way to BigQuery: what is sent names their policy tag, from the first empty table on."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.provenance import digest
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

TAG = "projects/harvardx-data/locations/us/taxonomies/12/policyTags/34"
PEOPLE = Table(
    layer="secondary",
    name="people",
    description="One row per person.",
    grain=("user_id",),
    partition=None,
    cluster=("user_id",),
    fields=(
        Field("user_id", "INTEGER", "REQUIRED", "Person."),
        Field("username", "STRING", "NULLABLE", "Name.", privacy="restricted"),
        Field("n", "INTEGER", "NULLABLE", "Visits."),
        Field(
            "visit",
            "RECORD",
            "NULLABLE",
            "A visit.",
            (Field("ip", "STRING", "NULLABLE", "Address.", privacy="restricted"), Field("at", "DATE")),
        ),
    ),
)
TAGGED = {"user_id": [], "username": [TAG], "n": [], "visit.ip": [TAG], "visit.at": []}
CONTEXT = {
    "ti": SimpleNamespace(dag_id="course_weekly__x", task_id="load_people", try_number=1),
    "dag_run": SimpleNamespace(run_id="delivery__2014-11-16", dag_id="course_weekly__x"),
}
Publish = Callable[..., dict[str, Any]]


@pytest.fixture
def tagging(warehouse: Warehouse) -> Warehouse:
    return Warehouse(warehouse.client, warehouse.unit, TAG)


@pytest.fixture
def target(warehouse: Warehouse, place: str) -> str:
    return warehouse.reference(place, "people")


@pytest.fixture
def load(bucket: Bucket, catalog: Catalog, target: str, place: str) -> Publish:
    def publish_rows(warehouse: Warehouse, *names: str, table: Table = PEOPLE) -> dict[str, Any]:
        rows = [{"user_id": n, "username": it, "n": n, "visit": {"ip": "::1"}} for n, it in enumerate(names)]
        content = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0)
        bucket.put(f"{place}.json.gz", content)
        uri, inputs = bucket.uri(f"{place}.json.gz"), {"people": " ".join(names)}
        wanted = Version(
            table=table,
            target=target,
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels={},
            course_id="HarvardX/CS50x/2014_T1",
            rows_in=len(rows),
            uri=uri,
        )
        return publish(
            warehouse, catalog, wanted, lambda into, key: warehouse.load(uri, table.fields, into, key), CONTEXT
        )

    return publish_rows


def names(warehouse: Warehouse, target: str) -> list[str]:
    rows = warehouse.client.query_and_wait(f"SELECT it.username FROM `{target}` AS it ORDER BY it.user_id")
    return [row["username"] for row in rows]


def tags(fields: list[dict[str, Any]], path: str = "") -> Iterator[tuple[str, list[str]]]:
    for field in fields:
        if "fields" in field:
            yield from tags(field["fields"], f"{field['name']}.")
        else:
            yield path + field["name"], field.get("policyTags", {}).get("names", [])


def schemas(proxy: StrictProxy) -> list[tuple[str, dict[str, list[str]]]]:
    """Return each schema of people that was sent, by the table or the kind of job it was sent for."""
    found = []
    for method, path, document in proxy.sent:
        load = document.get("configuration", {}).get("load", {})
        schema = document.get("schema") or load.get("schema") or {}
        it = dict(tags(schema.get("fields", [])))
        if "username" in it:
            dataset = document.get("tableReference", {}).get("datasetId", "load")
            found.append((f"{method} {dataset if '/tables' in path else 'load'}", it))
    return found


def statements(proxy: StrictProxy) -> list[str]:
    sent = [document.get("configuration", {}).get("query", {}).get("query", "") for _, _, document in proxy.sent]
    return [sql.split()[0] for sql in sent if "people" in sql]


def test_every_schema_that_is_sent_names_the_tag_of_its_restricted_columns(
    tagging: Warehouse, load: Publish, target: str, bigquery_proxy: StrictProxy, place: str
) -> None:
    assert load(tagging, "ada", "bob")["made"]
    sent = schemas(bigquery_proxy)
    assert all(it == TAGGED for _, it in sent)
    assert {f"POST {place}", "POST load", "POST warehouse_staging"} <= {what for what, _ in sent}
    assert names(tagging, target) == ["ada", "bob"]
    served = tagging.find(target)
    assert served is not None
    assert served.labels["privacy"] == "restricted"
    assert "policy" in served.labels


def test_rows_are_replaced_in_a_table_that_keeps_its_tags(
    tagging: Warehouse, load: Publish, target: str, bigquery_proxy: StrictProxy
) -> None:
    load(tagging, "ada", "bob")
    before = tagging.find(target)
    bigquery_proxy.forget()
    load(tagging, "eve")
    after = tagging.find(target)
    assert before is not None
    assert after is not None
    assert after.created == before.created
    assert names(tagging, target) == ["eve"]
    assert "CREATE" not in statements(bigquery_proxy)
    assert "MERGE" in statements(bigquery_proxy)
    assert all(it == TAGGED for _, it in schemas(bigquery_proxy))


def test_the_same_version_again_sends_nothing(tagging: Warehouse, load: Publish, bigquery_proxy: StrictProxy) -> None:
    load(tagging, "ada")
    bigquery_proxy.forget()
    assert not load(tagging, "ada")["made"]
    assert bigquery_proxy.sent == []


def test_a_tag_that_is_configured_later_is_put_on_what_is_served_without_a_job(
    warehouse: Warehouse, tagging: Warehouse, load: Publish, target: str, bigquery_proxy: StrictProxy
) -> None:
    load(warehouse, "ada")
    served = warehouse.find(target)
    assert served is not None
    assert served.labels["privacy"] == "restricted"
    assert "policy" not in served.labels
    bigquery_proxy.forget()
    assert not load(tagging, "ada")["made"]
    assert [method for method, _, _ in bigquery_proxy.sent] == ["PATCH"]
    assert [it for _, it in schemas(bigquery_proxy)] == [TAGGED]
    bigquery_proxy.forget()
    load(tagging, "ada")
    assert bigquery_proxy.sent == []


def test_other_columns_come_with_an_empty_table_that_is_tagged_before_it_has_rows(
    tagging: Warehouse, load: Publish, target: str, bigquery_proxy: StrictProxy, place: str
) -> None:
    load(tagging, "ada")
    other = replace(PEOPLE, fields=(*PEOPLE.fields, Field("ip", "STRING", privacy="restricted")))
    bigquery_proxy.refuse_job("replace_")
    with pytest.raises((Terminal, BadRequest)):
        load(tagging, "eve", table=other)
    assert names(tagging, target) == ["ada"]
    bigquery_proxy.forget()
    load(tagging, "eve", table=other)
    order = []
    for method, _, document in bigquery_proxy.sent:
        if method == "POST" and document.get("tableReference", {}).get("datasetId") == place:
            order.append("create")
        if "MERGE" in document.get("configuration", {}).get("query", {}).get("query", ""):
            order.append("merge")
    assert order == ["create", "merge"]
    assert all(it == TAGGED | {"ip": [TAG]} for _, it in schemas(bigquery_proxy))
    assert names(tagging, target) == ["eve"]


def test_a_table_without_restricted_columns_is_put_in_place_as_ever(
    tagging: Warehouse, load: Publish, target: str, bigquery_proxy: StrictProxy
) -> None:
    public = replace(PEOPLE, fields=tuple(replace(it, privacy="public") for it in PEOPLE.fields[:3]))
    public = replace(public, fields=(*public.fields, Field("visit", "RECORD", fields=(Field("ip", "STRING"),))))
    load(tagging, "ada", table=public)
    assert "CREATE" in statements(bigquery_proxy)
    served = tagging.find(target)
    assert served is not None
    assert "privacy" not in served.labels
