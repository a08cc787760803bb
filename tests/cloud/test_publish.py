"""The one way in which every table comes to be, from staged file to record."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.provenance import digest
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

COURSE = "HarvardX/CS50x/2014_T1"
TABLE = Table(
    layer="secondary",
    name="visits",
    description="One row per learner and day of a visit.",
    grain=("learner", "day"),
    partition="day",
    cluster=("learner",),
    fields=(
        Field("learner", "STRING", "REQUIRED", "Number of the learner as text."),
        Field("day", "DATE", "REQUIRED", "Day of the visit in UTC."),
        Field("n", "INTEGER", "NULLABLE", 'Visits: "n", one \\ line.'),
        Field(
            "pages",
            "RECORD",
            "REPEATED",
            "Pages that were seen.",
            (Field("path", "STRING", "NULLABLE", "Path of the page."),),
        ),
    ),
    checks=({"claim": "not_negative", "columns": ["n"]},),
)
CONTEXT = {
    "ti": SimpleNamespace(dag_id="course_daily__x", task_id="load_visits", try_number=2),
    "dag_run": SimpleNamespace(run_id="delivery__2014-11-15", dag_id="course_daily__x"),
}
Publish = Callable[..., dict[str, Any]]


def visit(learner: int, day: int, n: int | None = 1) -> dict[str, Any]:
    return {"learner": str(learner), "day": f"2014-11-{day:02}", "n": n, "pages": [{"path": "/a"}, {"path": "/b"}]}


@pytest.fixture
def target(warehouse: Warehouse, place: str) -> str:
    """Return the table of this test, in a dataset of its own."""
    return warehouse.reference(place, "visits")


@pytest.fixture
def load(warehouse: Warehouse, bucket: Bucket, catalog: Catalog, target: str, place: str) -> Publish:
    """Return what puts rows in the bucket and publishes them, as the operators that load do."""

    def publish_rows(rows: Iterable[Mapping[str, Any]], **changes: Any) -> dict[str, Any]:
        content = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0)
        bucket.put(f"{place}.json.gz", content)
        uri, inputs = bucket.uri(f"{place}.json.gz"), {f"{place}.json.gz": sha256_of(content)}
        wanted = Version(
            table=TABLE,
            target=target,
            digest=digest(TABLE.reference, None, TABLE.fields, inputs, {}),
            inputs=inputs,
            labels={"course": "harvardx__cs50x__2014_t1"},
            course_id=COURSE,
            rows_in=len(list(rows)),
            uri=uri,
        )
        result = publish(
            warehouse,
            catalog,
            replace(wanted, **changes),
            lambda into, key: warehouse.load(uri, TABLE.fields, into, key),
            CONTEXT,
        )
        return {**result, "inputs": inputs}

    return publish_rows


def content(warehouse: Warehouse, target: str) -> list[tuple[str, int | None]]:
    rows = warehouse.client.query_and_wait(f"SELECT it.learner, it.n FROM `{target}` AS it ORDER BY it.learner, it.day")
    return [(row["learner"], row["n"]) for row in rows]


def history(warehouse: Warehouse, target: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM `{warehouse.project}.warehouse_ops.job_history` AS it WHERE it.target = '{target}' ORDER BY ended"
    return [dict(row.items()) for row in warehouse.client.query_and_wait(sql)]


def jobs(warehouse: Warehouse) -> int:
    return sum(1 for _ in warehouse.client.list_jobs(all_users=True))


def test_a_table_is_served_as_it_is_declared(warehouse: Warehouse, load: Publish, target: str) -> None:
    result = load([visit(1, 15), visit(2, 15)])
    assert (result["made"], result["rows"]) == (True, 2)
    served = warehouse.find(target)
    assert served is not None
    assert schema_diff(TABLE.fields, fields_of(served.schema), descriptions=True) == []
    assert served.labels == {"course": "harvardx__cs50x__2014_t1", "digest": result["digest"]}
    assert content(warehouse, target) == [("1", 1), ("2", 1)]


def test_the_description_says_what_a_table_is_and_how_it_was_made(
    warehouse: Warehouse, load: Publish, target: str, place: str
) -> None:
    result = load([visit(1, 15)])
    served = warehouse.find(target)
    assert served is not None
    description = served.description or ""
    assert description.startswith("One row per learner and day of a visit.\n\nData loaded from gs://harvardx-data/")
    for part in (f"{place}.json.gz", result["digest"], f"Job: {result['job_id']}", "load_visits try 2", "1 in, 1 out"):
        assert part in description


def test_a_version_is_recorded_once(warehouse: Warehouse, load: Publish, target: str, place: str) -> None:
    result = load([visit(1, 15)], debug={"event_dates": "2014-11-15"})
    (row,) = history(warehouse, target)
    assert row["job_id"] == result["job_id"]
    assert row["digest"] == result["digest"]
    assert (row["course_id"], row["rows_in"], row["rows_out"]) == (COURSE, 1, 1)
    assert (row["dag_id"], row["task_id"], row["try_number"]) == ("course_daily__x", "load_visits", 2)
    assert [it["name"] for it in row["inputs"]] == [f"{place}.json.gz"]
    assert row["debug"] == [{"name": "event_dates", "value": "2014-11-15"}]
    assert row["started"] <= row["ended"]


def test_the_same_input_again_makes_no_job(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, load: Publish, target: str
) -> None:
    first = load([visit(1, 15)])
    before, etag = jobs(warehouse), warehouse.client.get_table(target).etag
    bigquery_proxy.forget()
    again = load([visit(1, 15)])
    assert (again["made"], again["digest"]) == (False, first["digest"])
    assert {method for method, _ in bigquery_proxy.seen} == {"GET"}
    assert jobs(warehouse) == before
    assert warehouse.client.get_table(target).etag == etag


def test_a_changed_content_gives_the_new_rows_even_when_they_are_fewer(
    warehouse: Warehouse, load: Publish, target: str
) -> None:
    load([visit(1, 15), visit(2, 15), visit(3, 15)])
    result = load([visit(4, 15)])
    assert result["made"] is True
    assert content(warehouse, target) == [("4", 1)]
    assert len(history(warehouse, target)) == 2


def test_going_back_to_an_older_content_takes_effect(warehouse: Warehouse, load: Publish, target: str) -> None:
    for learner in (1, 2, 1):
        assert load([visit(learner, 15)])["made"] is True
        assert content(warehouse, target) == [(str(learner), 1)]
    assert len(history(warehouse, target)) == 3


def test_a_broken_claim_leaves_the_old_rows_served(warehouse: Warehouse, load: Publish, target: str) -> None:
    load([visit(1, 15)])
    before = warehouse.find(target)
    with pytest.raises(Terminal) as refused:
        load([visit(2, 15, n=-5), visit(2, 15)])
    problem = refused.value.problem
    assert problem.code == "E-CHK-102"
    assert "not_negative n (1 rows)" in problem.found
    assert "unique learner, day (1 rows)" in problem.found
    assert content(warehouse, target) == [("1", 1)]
    after = warehouse.find(target)
    assert before is not None
    assert after is not None
    assert (after.description, after.labels) == (before.description, before.labels)
    assert len(history(warehouse, target)) == 1
    assert load([visit(2, 15, n=5)])["made"] is True  # somebody mended the input
    assert content(warehouse, target) == [("2", 5)]


def test_rows_that_differ_from_the_manifest_leave_the_old_rows_served(
    warehouse: Warehouse, load: Publish, target: str
) -> None:
    load([visit(1, 15)])
    with pytest.raises(Terminal) as refused:
        load([visit(1, 15), visit(2, 15)], rows_in=3)
    assert refused.value.problem.code == "E-CHK-101"
    assert (refused.value.problem.expected, refused.value.problem.found) == (
        "3 rows, as its manifest says",
        "2 rows",
    )
    assert content(warehouse, target) == [("1", 1)]


def test_a_claim_may_name_a_table_that_all_courses_share(
    warehouse: Warehouse, load: Publish, target: str, place: str
) -> None:
    known = {"claim": "relationship", "column": "learner", "table": "reference.countries", "other": "cc"}
    table = replace(TABLE, checks=(known,))
    assert load([visit(1, 15)], table=table)["made"] is True  # nobody has loaded countries yet
    countries = warehouse.reference(places.REFERENCE_TABLES, "countries")
    one = f"INSERT INTO `{countries}` (cc, name, continent) VALUES ('2', 'Two', 'Asia')"
    warehouse.client.query_and_wait(one)
    with pytest.raises(Terminal, match=r"relationship learner reference\.countries\.cc \(1 rows\)"):
        load([visit(2, 15), visit(3, 15)], table=table)
    assert content(warehouse, target) == [("1", 1)]
    assert load([visit(2, 15)], table=table)["made"] is True
    warehouse.client.delete_table(countries)


def test_a_first_version_that_is_refused_serves_nothing(warehouse: Warehouse, load: Publish, target: str) -> None:
    with pytest.raises(Terminal):
        load([visit(1, 15, n=-1)])
    assert warehouse.find(target) is None


@pytest.mark.parametrize("job", ["make", "check", "replace", "record"])
def test_a_publication_that_died_at_a_job_is_finished_by_the_next_try(
    job: str, warehouse: Warehouse, bigquery_proxy: StrictProxy, load: Publish, target: str, place: str
) -> None:
    rows = [visit(2, 15), visit(3, 15)]
    bigquery_proxy.refuse_job(rf"{job}_.*{place}")
    with pytest.raises((Terminal, BadRequest)):
        load(rows)
    bigquery_proxy.forget()
    load(rows)
    assert content(warehouse, target) == [("2", 1), ("3", 1)]
    served = warehouse.find(target)
    assert served is not None
    assert served.labels["digest"] in (served.description or "")
    assert [row["rows_out"] for row in history(warehouse, target)] == [2]


def test_lost_answers_and_an_absent_service_double_nothing(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, load: Publish, target: str
) -> None:
    load([visit(1, 15)])
    bigquery_proxy.fail("lost", "POST", r"/jobs\?", times=1)
    bigquery_proxy.fail("unavailable", "POST", r"/jobs\?", times=1)
    bigquery_proxy.fail("lost", "POST", r"/jobs\?", times=1)
    load([visit(2, 15), visit(3, 15)])
    assert content(warehouse, target) == [("2", 1), ("3", 1)]
    assert len(history(warehouse, target)) == 2


def test_dates_are_replaced_and_the_others_stay(warehouse: Warehouse, load: Publish, target: str) -> None:
    load([visit(1, 14), visit(1, 15), visit(2, 15)])
    result = load([visit(9, 15, n=7)], dates=[date(2014, 11, 15), date(2014, 11, 16)])
    assert content(warehouse, target) == [("1", 1), ("9", 7)]
    served = warehouse.find(target)
    assert served is not None
    assert served.labels["digest"] == result["digest"]
    assert result["digest"] in (served.description or "")
    assert schema_diff(TABLE.fields, fields_of(served.schema), descriptions=True) == []


def test_a_description_that_somebody_removed_column_by_column_is_put_back(
    warehouse: Warehouse, load: Publish, target: str
) -> None:
    load([visit(1, 15)])
    served = warehouse.client.get_table(target)
    served.schema = [
        type(it).from_api_repr({**it.to_api_repr(), "description": "changed"}) if it.name == "n" else it
        for it in served.schema
    ]
    warehouse.client.update_table(served, ["schema"])
    assert load([visit(1, 15)])["made"] is False
    healed = warehouse.find(target)
    assert healed is not None
    assert schema_diff(TABLE.fields, fields_of(healed.schema), descriptions=True) == []


def test_what_is_only_described_otherwise_is_told_without_a_job(
    warehouse: Warehouse, load: Publish, target: str
) -> None:
    first = load([visit(1, 15)])
    before, made = jobs(warehouse), (warehouse.client.get_table(target).description or "").partition("\n\n")[2]
    assert made
    said = replace(TABLE.fields[2], description="Visits, and nothing else.")
    table = replace(TABLE, description="What is meant.", fields=(*TABLE.fields[:2], said, *TABLE.fields[3:]))
    again = load([visit(1, 15)], table=table, digest=digest(table.reference, None, table.fields, first["inputs"], {}))
    assert again["made"] is False
    assert jobs(warehouse) == before
    served = warehouse.client.get_table(target)
    assert served.description == f"What is meant.\n\n{made}"
    assert schema_diff(table.fields, fields_of(served.schema), descriptions=True) == []
    assert served.labels["digest"] == first["digest"]


@pytest.mark.parametrize(
    "form", [{"partition": None}, {"cluster": ("day", "learner")}, {"partition": None, "cluster": ()}]
)
def test_a_table_comes_to_be_divided_otherwise_and_is_served_until_then(
    form: dict[str, Any], warehouse: Warehouse, bigquery_proxy: StrictProxy, load: Publish, target: str
) -> None:
    load([visit(1, 15)])
    other = replace(TABLE, **form)
    bigquery_proxy.refuse_job("replace_")
    with pytest.raises((Terminal, BadRequest)):
        load([visit(1, 15)], table=other)
    assert content(warehouse, target) == [("1", 1)]
    bigquery_proxy.forget()
    result = load([visit(1, 15)], table=other)  # the same rows
    assert result["made"] is True
    served = warehouse.client.get_table(target)
    assert (served.time_partitioning.field if served.time_partitioning else None) == other.partition
    assert tuple(served.clustering_fields or ()) == other.cluster
    assert served.labels["digest"] == result["digest"]
    assert result["digest"] in served.description
    assert schema_diff(TABLE.fields, fields_of(served.schema), descriptions=True) == []
    assert content(warehouse, target) == [("1", 1)]
    assert warehouse.labels(served.dataset_id).keys() == {"visits"}
    assert load([visit(1, 15)], table=other)["made"] is False


def test_a_query_of_any_length_is_served_with_a_description_that_bigquery_takes(
    warehouse: Warehouse, catalog: Catalog, target: str
) -> None:
    sql = (
        "SELECT '1' AS learner, DATE '2014-11-15' AS day, 1 AS n, [STRUCT('/a' AS path)] AS pages"
        f" /* {'long ' * 5000} */"
    )
    wanted = Version(
        table=TABLE,
        target=target,
        digest=digest(TABLE.reference, sql, TABLE.fields, {}, {}),
        inputs={},
        labels={},
        course_id=COURSE,
        sql=sql,
        parameters={"course_id": COURSE},
    )
    publish(
        warehouse,
        catalog,
        wanted,
        lambda into, key: warehouse.insert(sql, wanted.parameters, TABLE.fields, into, key),
        CONTEXT,
    )
    served = warehouse.find(target)
    assert served is not None
    assert 10_000 < len(served.description or "") <= 16_384
    (row,) = history(warehouse, target)
    assert row["sql"] == sql
    assert row["parameters"] == [{"name": "course_id", "value": COURSE}]
