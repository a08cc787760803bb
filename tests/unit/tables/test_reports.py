"""Tables across courses: what is known of them, and how courses are read together."""

from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.references import TABLES_PER_QUERY, bind
from edx_warehouse.tables.reports import (
    ReportState,
    groups,
    is_of_courses,
    known_state,
    report_tables,
    states_json,
    union_of_courses,
)

CATALOG = Catalog.read(Path(__file__).resolve().parents[3] / "include")
TABLE = Table(
    layer="secondary",
    name="visits",
    description="Visits.",
    grain=("course_id",),
    partition=None,
    cluster=(),
    fields=(Field("course_id", "STRING"), Field("n", "INTEGER")),
)


def test_a_table_is_in_the_state_that_its_label_names() -> None:
    before = ReportState({"A": "1"})
    after = before.having({"A": "2", "B": "1"})
    content = states_json([before, after])
    assert known_state(content, before.digest) == before
    assert known_state(content, after.digest) == after
    assert known_state(content, "another") is None
    assert known_state(None, None) is None


def test_a_state_forgets_courses_that_are_no_more() -> None:
    assert ReportState({"A": "1", "B": "2"}).having({}, ["A"]).courses == {"B": "2"}


@pytest.mark.parametrize("table", [it for it in report_tables(CATALOG) if is_of_courses(it)], ids=lambda it: it.name)
def test_five_thousand_courses_are_read_by_queries_within_the_limits_of_bigquery(table: Table) -> None:
    assert {it.split(".")[0] for it in table.references} <= {"transformed", "secondary"}, (
        "of courses, or of the institution"
    )
    courses = [f"Organization/C{number}/1" for number in range(5_000)]
    made = groups(table, courses)
    assert [it for group in made for it in group] == courses
    assert len(made) == {1: 13, 2: 25, 3: 38}[len(table.references)]  # as docs/institution-tables.md says
    targets = {}
    for reference in table.references:
        names = (
            f"an-institution.{'c' * 60}{number}_latest.{reference.split('.')[1]}" for number in range(len(made[0]))
        )
        weeks = dict.fromkeys(names, date(2014, 11, 23))
        targets[reference] = union_of_courses(table.sql or "", CATALOG[reference], weeks)
    assert sum(it.count("`an-institution.") for it in targets.values()) < TABLES_PER_QUERY
    assert len(bind(table.sql or "", targets)) < 1_000_000


def test_the_rows_of_courses_come_with_the_day_of_their_export_and_the_columns_that_are_named() -> None:
    sql = "SELECT v.N FROM secondary.visits AS v"
    union = union_of_courses(sql, TABLE, {"p.a.visits": date(2014, 11, 23), "p.b.visits": date(2014, 11, 16)})
    assert bind(sql, {"secondary.visits": union}) == (
        "SELECT v.N FROM (SELECT `n`, DATE '2014-11-23' AS snapshot_date FROM `p.a.visits` UNION ALL "
        "SELECT `n`, DATE '2014-11-16' AS snapshot_date FROM `p.b.visits`) AS v"
    )
