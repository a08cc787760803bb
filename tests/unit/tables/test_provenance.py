import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.tables.declarations import Field
from edx_warehouse.tables.provenance import DESCRIPTION_LIMIT, JobRecord, describe, digest, retold

JOB = JobRecord(
    reference="secondary.person_course_day",
    target="harvardx-data.HarvardX__CS50x__2014_T1_latest.person_course_day",
    who="warehouse@harvardx-data",
    status="done",
    started=datetime(2014, 12, 12, 16, 56, 55, 546025, tzinfo=UTC),
    ended=datetime(2014, 12, 12, 11, 57, 21, 716025, tzinfo=timezone(timedelta(hours=-5))),
    job_id="edx_abc-a1",
    digest="d" * 63,
    code_version="c5b2c76",
    course_id="HarvardX/CS50x/2014_T1",
    dag_id="course_daily__HarvardX__CS50x__2014_T1",
    run_id="scheduled__2014-12-12",
    task_id="build_person_course_day",
    try_number=2,
    bytes_processed=895338970,
    rows_out=42,
    sql="SELECT\n  1 AS one",
    inputs={"tracklog_20141112": "bb", "tracklog_20141111": "aa"},
    parameters={"event_dates": "2014-11-11, 2014-11-12"},
    debug={"late days": "0"},
)
SCHEMA_FILE = Path(__file__).parents[3] / "include/schemas/ops/job_history.yaml"


def test_a_description_says_what_the_table_means_and_how_it_was_made() -> None:
    sha = hashlib.sha256(b"SELECT\n  1 AS one").hexdigest()
    assert (
        describe("One row per person and day.", JOB)
        == f"""One row per person and day.

Computed by warehouse@harvardx-data at 2014-12-12 16:57:21.716025 UTC processing 895338970 bytes in 26.17 sec with this SQL:
SELECT
  1 AS one

SQL SHA-256: {sha}
Job: edx_abc-a1
Airflow: course_daily__HarvardX__CS50x__2014_T1 / scheduled__2014-12-12 / build_person_course_day try 2
Digest: {"d" * 63}
Code version: c5b2c76
Status: done
Rows: not counted in, 42 out
Parameter event_dates: 2014-11-11, 2014-11-12
Input tracklog_20141111: aa
Input tracklog_20141112: bb
Debug late days: 0"""
    )


def test_a_load_says_where_its_data_came_from() -> None:
    text = describe("Events.", replace(JOB, sql=None, uri="gs://b/x.json.gz"))
    assert text.splitlines()[2] == (
        "Data loaded from gs://b/x.json.gz by warehouse@harvardx-data at 2014-12-12 16:57:21.716025 UTC"
        " processing 895338970 bytes in 26.17 sec"
    )
    assert "SQL" not in text


def test_a_long_query_loses_its_middle_and_keeps_its_digest() -> None:
    sql = "SELECT 'beginning'" + "é" * 20_000 + " FROM the_end"
    text = describe("One row.", replace(JOB, sql=sql))
    assert len(text.encode()) <= DESCRIPTION_LIMIT
    assert len(text.encode()) > DESCRIPTION_LIMIT - 4
    assert "SELECT 'beginning'" in text
    assert " FROM the_end\n\nSQL SHA-256: " + hashlib.sha256(sql.encode()).hexdigest() in text
    assert "[… 40031 bytes in all, the middle is left out …]" in text


@settings(max_examples=30, deadline=None)
@given(
    description=st.text(st.characters(exclude_categories=["Cs"]), max_size=9_000),
    sql=st.text(st.characters(exclude_categories=["Cs"]), max_size=9_000),
    many=st.integers(0, 1_500),
    long=st.integers(0, 5_000),
)
def test_whatever_comes_in_the_description_is_short_enough(description: str, sql: str, many: int, long: int) -> None:
    values = {f"{n:05}{'é' * long}": "🙂" * long for n in range(min(many, 30))} | {str(n): "x" for n in range(many)}
    record = replace(JOB, sql=sql * 3, inputs=values, debug=values, parameters=values, run_id="r" * long)
    text = describe(description, record)
    assert len(text) <= len(text.encode()) <= DESCRIPTION_LIMIT
    assert f"SQL SHA-256: {record.sql_sha256}" in text
    assert "Job: edx_abc-a1" in text


def test_many_inputs_are_counted_and_the_newest_named() -> None:
    text = describe("x", replace(JOB, inputs={f"tracklog_201401{n:02}": "f" for n in range(1, 31)}))
    assert "Input: 10 more in job_history\nInput tracklog_20140111: f" in text
    assert "Input tracklog_20140130: f" in text


def test_a_record_is_a_row_of_job_history() -> None:
    row = JOB.row()
    fields = read_yaml(SCHEMA_FILE)["fields"]
    assert list(row) == [field["name"] for field in fields]
    for field in fields:
        if field.get("mode") == "REQUIRED":
            assert row[field["name"]], field["name"]
        if field["type"] == "RECORD":
            assert all(it.keys() == {"name", "value"} for it in row[field["name"]])
    assert row["ended"] == "2014-12-12T16:57:21.716025Z"
    assert row["inputs"] == [
        {"name": "tracklog_20141111", "value": "aa"},
        {"name": "tracklog_20141112", "value": "bb"},
    ]


ARGUMENTS: dict[str, Any] = {
    "table": "secondary.t",
    "sql": "SELECT 1 AS x",
    "schema": (Field("x", "INTEGER", "NULLABLE", "X."),),
    "inputs": {"b": "2", "a": "1"},
    "parameters": {"event_dates": [date(2014, 11, 15)], "course_id": "A/B/C"},
}


def test_a_digest_is_a_label_and_does_not_depend_on_order() -> None:
    one = digest(**ARGUMENTS)
    assert re.fullmatch(r"[a-z0-9_-]{1,63}", one)
    assert digest(**ARGUMENTS | {"inputs": {"a": "1", "b": "2"}}) == one
    assert (
        one == "7ba95ada8f1a8bf28e47d60eb04ac3084ba179d3bf9a4e0433dc8e54cbeb634"
    )  # fixed: a digest that changes makes every table again


@pytest.mark.parametrize(
    "change",
    [
        {"table": "secondary.u"},
        {"sql": "SELECT 1 AS x "},
        {"sql": None},
        {"schema": (Field("x", "FLOAT", "NULLABLE", "X."),)},
        {"schema": ()},
        {"inputs": {"a": "1", "b": "3"}},
        {"inputs": {"a": "1"}},
        {"inputs": {"a": "1,b"}},
        {"parameters": {"event_dates": [date(2014, 11, 16)], "course_id": "A/B/C"}},
    ],
)
def test_a_digest_changes_with_whatever_the_table_is_made_from(change: dict[str, Any]) -> None:
    assert digest(**ARGUMENTS | change) != digest(**ARGUMENTS)


def test_what_a_description_means_can_change_and_it_still_says_how_the_table_was_made() -> None:
    assert retold("Another.", describe("One row.", JOB)) == describe("Another.", JOB)
    assert retold("One row.", describe("One row.", JOB)) == describe("One row.", JOB)
    loaded = replace(JOB, sql=None, uri="gs://b/x.json.gz")
    assert retold("Another.", describe("One row.", loaded)) == describe("Another.", loaded)
    assert retold("Another.", "Somebody wrote over it.") == "Another."
    long = retold("Longer. " * 500, describe("x", replace(JOB, sql="SELECT 1 AS n, " * 5_000)))
    assert long.startswith("Longer. Longer.")
    assert long.endswith(describe("x", JOB).rpartition("\n\nSQL SHA-256: ")[2].partition("\n")[2])
    assert len(long.encode()) <= DESCRIPTION_LIMIT


def test_other_descriptions_of_columns_are_no_reason_to_make_a_table_again() -> None:
    one, other = (Field("n", "RECORD", "REPEATED", it, (Field("m", "STRING", description=it),)) for it in ("a", "b"))
    assert digest("s.t", "SELECT", [one], {}, {}) == digest("s.t", "SELECT", [other], {}, {})
    assert digest("s.t", "SELECT", [one], {}, {}) != digest("s.t", "SELECT", list(one.fields), {}, {})
