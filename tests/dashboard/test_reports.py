"""Reports as people write them: what is taken, and what is refused with a word that helps."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from edx_warehouse.dashboard.report_parameters import Parameter, values
from edx_warehouse.dashboard.reports import Report, read_report, read_reports, report_of
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.local.home import CHECKOUT

INCLUDE = CHECKOUT / "include"
REPORTS = read_reports(INCLUDE)
FILE = Path("mine.yaml")


def document(**changes: Any) -> dict[str, Any]:
    """Return a report that is taken, with changes."""
    return {
        "name": "mine",
        "title": "Mine",
        "description": "A report.",
        "page": "course",
        "sql": "SELECT t.value, t.registered, FROM secondary.stats_demographics AS t WHERE t.dimension = @dimension",
        "parameters": [{"name": "dimension", "title": "By", "type": "choice", "choices": ["age", "gender"]}],
        "columns": [
            {"name": "value", "title": "Value"},
            {"name": "registered", "title": "Registered", "kind": "people", "format": "integer"},
        ],
    } | changes


def test_at_least_twelve_reports_come_with_the_package_and_the_age_histogram_for_one_course_and_for_all() -> None:
    assert len(REPORTS) >= 12
    assert {(it.name, it.page) for it in REPORTS} >= {
        ("age-histogram", "course"),
        ("age-histogram-all-courses", "institution"),
    }


@pytest.mark.parametrize("report", REPORTS, ids=[it.name for it in REPORTS])
def test_a_shipped_report_reads_rows_of_persons_only_for_researchers(report: Report) -> None:
    persons = {"report.multi_registrations"} & set(report.tables)
    assert bool(persons) == bool(report.roles)
    assert sqlglot.parse_one(report.sql, read="bigquery").named_selects == [it.name for it in report.columns]


def test_a_report_of_plain_values_is_taken() -> None:
    report = report_of(INCLUDE, FILE, document())
    assert (report.tables, report.parameters) == (("secondary.stats_demographics",), ("dimension",))
    assert [it.default for it in report.asks] == ["age"]


SELECT = "SELECT t.value, t.registered, FROM {} AS t WHERE t.dimension = @dimension"


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DROP TABLE secondary.stats_demographics", "one SELECT"),
        (SELECT.format("secondary.stats_demographics") + "; SELECT 1", "one SELECT"),
        (SELECT.format("`other-project.private.people`"), "layer.table"),
        (SELECT.format("`secondary`.stats_demographics"), "layer.table"),
        (SELECT.format("other.secondary.stats_demographics"), "layer.table"),
        (SELECT.format("stats_demographics"), "layer.table"),
        (SELECT.format("mitx__a__b_latest.person_course"), "tables of"),
        (SELECT.format("logs.tracklog_20140101"), "tables of"),
        (SELECT.format("secondary.nothing"), "a table of the warehouse"),
        (SELECT.format("secondary.person_course"), "without rows of persons"),
        (SELECT.format("secondary.INFORMATION_SCHEMA.TABLES"), "layer.table"),
        (SELECT.format("EXTERNAL_QUERY('c', 'SELECT 1')"), "tables in FROM"),
        (SELECT.format("ML.PREDICT(MODEL secondary.m, TABLE secondary.t)"), ""),
        # An array of a table whose alias is a dataset's name would be read as that dataset's table elsewhere.
        (
            "SELECT t.value, t.registered, FROM secondary.stats_demographics AS t WHERE t.dimension = @dimension AND EXISTS "
            "(SELECT 1 FROM secondary.stats_overall AS private) AND EXISTS (SELECT 1 FROM private.people AS p)",
            "layer.table",
        ),
        (SELECT.format("secondary.stats_demographics") + " AND t.value = @other", "each parameter"),
        ("SELECT t.value, FROM secondary.stats_demographics AS t WHERE t.dimension = @dimension", "those of the query"),
        (SELECT.format("secondary.stats_demographics") + " AND secondary.remote(t.value) = 1", "functions"),
        (SELECT.format("secondary.stats_demographics") + " AND @@project_id = ''", "values as @parameters"),
    ],
)
def test_sql_that_would_leave_the_declared_tables_is_refused(sql: str, told: str) -> None:
    with pytest.raises(Terminal) as caught:
        report_of(INCLUDE, FILE, document(sql=sql))
    problem = caught.value.problem
    assert problem.code == "E-CFG-101"
    assert told in problem.expected
    assert (problem.file, problem.field) in {("mine.yaml", "sql"), ("mine.yaml", "columns")}


def test_rows_of_persons_are_for_researchers_and_their_restricted_columns_for_nobody() -> None:
    sql = "SELECT t.{}, COUNT(*) AS registered, FROM secondary.person_course AS t WHERE t.mode = @dimension GROUP BY 1"
    research = {"roles": ["researcher"]}
    columns = [{"name": "value", "title": "V"}, {"name": "registered", "title": "R", "kind": "people"}]
    counted = document(sql=sql.format("gender AS value"), columns=columns, **research)
    assert report_of(INCLUDE, FILE, counted).roles == ("researcher",)
    for roles in ([], ["researcher", "instructor"]):
        with pytest.raises(Terminal, match="rows of persons"):
            report_of(INCLUDE, FILE, counted | {"roles": roles})
    for hidden in ("username AS value", "UserName AS value"):
        with pytest.raises(Terminal, match="restricted columns"):
            report_of(INCLUDE, FILE, counted | {"sql": sql.format(hidden)})
    with pytest.raises(Terminal, match="restricted columns"):
        report_of(INCLUDE, FILE, counted | {"sql": sql.replace("t.{}", "TO_JSON_STRING(t) AS value")})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"title": None}, "title"),
        ({"name": "../mine"}, "name"),
        ({"page": "everything"}, "page"),
        ({"roles": ["root"]}, "roles"),
        ({"roles": "researcher"}, "roles"),
        ({"libraries": ["jquery"]}, "libraries"),
        ({"height": 9}, "height"),
        ({"columns": ["value"]}, "columns[0]"),
        ({"parameters": [{"name": "window", "title": "W", "type": "text"}]}, "parameters[0].name"),
        ({"parameters": [{"name": "dimension", "title": "W", "type": "sql"}]}, "parameters[0].type"),
        ({"parameters": [{"name": "dimension", "title": "W", "type": "date"}]}, "parameters[0].default"),
        ({"parameters": [{"name": "dimension", "title": "W", "type": "choice"}]}, "parameters[0].choices"),
    ],
)
def test_an_error_names_file_and_key(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(Terminal) as caught:
        report_of(INCLUDE, FILE, document(**changes))
    assert (caught.value.problem.file, caught.value.problem.field) == ("mine.yaml", key)
    assert caught.value.problem.next


def test_a_report_has_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text((INCLUDE / "reports" / "age-histogram.yaml").read_text())
    with pytest.raises(Terminal, match="as the file's"):
        read_report(INCLUDE, path)


def test_parameters_become_typed_values() -> None:
    asks = (Parameter("n", "N", "integer", "1"), Parameter("d", "D", "date", "2014-01-01"), Parameter("t", "T"))
    assert values(asks, {"n": "7", "t": "' OR 1=1"}) == {"n": 7, "d": date(2014, 1, 1), "t": "' OR 1=1"}
    with pytest.raises(ValueError, match="n, d"):
        values(asks, {"n": "seven", "d": "yesterday"})
    with pytest.raises(ValueError, match="x"):
        values((Parameter("x", "X", "number"),), {"x": "nan"})
