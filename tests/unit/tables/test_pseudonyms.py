import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.research import ResearchProject
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.privacy import restricted
from edx_warehouse.tables.pseudonyms import fingerprint, pseudonym, research_table, research_tables
from edx_warehouse.tables.references import references

KEY = b"k" * 32
CATALOG = Catalog.read(Path(__file__).resolve().parents[3] / "include")
PROJECT = ResearchProject("motivation", "HarvardX", (CourseKey("HarvardX", "CS50x", "2014_T1"),), None, "key")
VISITS = Table(
    layer="secondary",
    name="visits",
    description="One row per person and day.",
    grain=("username", "date"),
    partition="date",
    cluster=("username", "city"),
    fields=(
        Field("date", "DATE", "REQUIRED"),
        Field("username", "STRING", "REQUIRED", privacy="restricted"),
        Field("user_id", "INTEGER"),
        Field("city", "STRING", privacy="restricted"),
        Field("n", "INTEGER"),
        Field("m", "INTEGER"),
    ),
    checks=(
        {"claim": "at_most", "column": "n", "other": "m"},
        {"claim": "not_null", "columns": ["city"]},
        {"claim": "relationship", "column": "n", "table": "secondary.other", "other": "n"},
    ),
    sql="SELECT …",
)


def test_a_pseudonym_is_an_hmac_of_project_and_person() -> None:
    wanted = hmac.new(KEY, b"motivation\x00123", hashlib.sha256).hexdigest()
    assert pseudonym(KEY, "motivation", 123) == wanted


def test_projects_and_keys_have_pseudonyms_of_their_own() -> None:
    given = [(KEY, "a", 1), (KEY, "b", 1), (b"l" * 32, "a", 1), (KEY, "a", 11), (KEY, "a\x001", 1)]
    assert len({pseudonym(*it) for it in given}) == len(given)


def test_a_fingerprint_tells_keys_apart_and_holds_no_part_of_one() -> None:
    assert fingerprint(KEY) != fingerprint(b"l" * 32)
    assert len(fingerprint(KEY)) == 16
    assert KEY.hex()[:8] not in fingerprint(KEY)


def test_names_become_a_pseudonym_and_restricted_columns_are_left_out() -> None:
    table = research_table(VISITS)
    assert [it.name for it in table.fields] == ["date", "pseudonym", "n", "m"]
    assert (table.grain, table.partition, table.cluster) == (("pseudonym", "date"), "date", ("pseudonym",))
    assert table.checks == (VISITS.checks[0],)
    assert table.sql == (
        "SELECT\n  it.date,\n  people.pseudonym,\n  it.n,\n  it.m,\nFROM\n  secondary.visits AS it\n"
        "INNER JOIN\n  keys.pseudonyms AS people\n  ON it.user_id = people.user_id\n"
    )


def test_by_default_a_project_has_every_table_with_a_row_for_each_person() -> None:
    tables = {it.name: it for it in research_tables(PROJECT, CATALOG)}
    assert {"person_course", "person_course_day", "time_on_task"} <= tables.keys()
    assert not {"pcday_ip_counts", "problem_check", "stats_overall", "tracklog", "user_info_combo"} & tables.keys()


def test_no_table_for_research_has_a_name_or_a_restricted_column() -> None:
    for table in research_tables(PROJECT, CATALOG):
        assert restricted(table.fields) == []
        assert not {"user_id", "username"} & {it.name for it in table.fields}
        assert [str(it) for it in references(table.sql or "")][-1] == "keys.pseudonyms"
        assert {it.name for it in table.fields} >= {*table.grain, *table.cluster, *filter(None, [table.partition])}


@pytest.mark.parametrize(
    "name", ["secondary.nothing", "logs.tracklog", "transformed.user_info_combo", "secondary.pcday_ip_counts"]
)
def test_a_table_that_research_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(Terminal, match=f"E-CFG-108.*{name}"):
        research_tables(replace(PROJECT, tables=(name,)), CATALOG)


def test_a_table_of_events_is_given_to_who_names_it() -> None:
    [table] = research_tables(replace(PROJECT, tables=("secondary.problem_check",)), CATALOG)
    assert "student_answers" not in {it.name for it in table.fields}
    assert "ON it.username = people.username" in (table.sql or "")
