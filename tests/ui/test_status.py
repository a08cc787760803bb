"""The status board in the Airflow UI, asked over HTTP, on records that the package's own code wrote."""

import re
import time
from html import unescape

import pytest

from fakes.airflow_server import AirflowServer
from fakes.board_records import COURSE, SLUG

PROVENANCE = f"/edx-status/provenance/harvardx-data.{SLUG}_latest.person_course"
ROUTES = ("/edx-status/", "/edx-status/HarvardX", PROVENANCE)
RUN = "scheduled__2014-11-16T00%3A00%3A00%2B00%3A00"


def row(text: str, name: str) -> list[str]:
    """Return the cells of a row of a page, as HTML."""
    found = next(it for it in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if name in it)
    return re.findall(r"<t[hd].*?</t[hd]>", found, re.DOTALL)


def told(cell: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", cell)).strip()


@pytest.mark.parametrize("path", [*ROUTES, "/edx-status/static/ui.css", "/edx-status/docs", "/edx-status/openapi.json"])
def test_nobody_sees_the_board_without_a_session(airflow: AirflowServer, path: str) -> None:
    assert airflow.get(path, None).status_code == 401


@pytest.mark.parametrize("path", ROUTES)
def test_who_may_see_no_dag_sees_no_board(airflow: AirflowServer, path: str) -> None:
    assert airflow.get(path, "nobody").status_code == 403
    assert airflow.get(path, "viewer").status_code == 200


def test_an_institution_or_a_table_that_is_not_there_is_told_so(airflow: AirflowServer) -> None:
    assert airflow.get("/edx-status/YaleX").status_code == 404
    assert airflow.get("/edx-status/provenance/elsewhere.a.b").status_code == 404
    assert (
        airflow.get("/edx-status/provenance/harvardx-data.MITx__6_00x__1T2014_latest.person_course").status_code == 403
    )


def test_a_row_tells_how_far_a_course_is_and_each_cell_leads_to_its_run(airflow: AirflowServer) -> None:
    name, logs, week, made, *heat = row(airflow.get("/edx-status/HarvardX").text, COURSE)
    assert told(name) == COURSE
    assert "2014-11-15 · failed 2014-11-15" in told(logs)
    assert f"/dags/course_daily__{SLUG}/runs/{RUN}" in logs
    assert 'class="bad"' in logs
    assert "held 2014-11-23" in told(week)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", told(made))
    assert len(heat) == 14
    assert told(heat[0]) == "1.23k ✗"
    assert f"/dags/course_daily__{SLUG}/runs/{RUN}" in heat[0]
    assert told(heat[1]) == "7"
    assert {told(it) for it in heat[2:]} == {"·"}


def test_what_is_held_is_told_with_its_reason_and_its_page(airflow: AirflowServer) -> None:
    cells = row(airflow.get("/edx-status/HarvardX").text, f"2014-11-23/{SLUG}")
    assert [told(it) for it in cells] == [
        "weekly",
        f"2014-11-23/{SLUG}",
        "E-EXP-101",
        'expected header "created", found none',
    ]
    assert "/edx-docs/runbook/E-EXP-101" in cells[2]


def test_of_a_day_that_was_split_twice_the_newest_split_counts(airflow: AirflowServer) -> None:
    text = airflow.get("/edx-status/HarvardX").text.partition('id="logs"')[2]
    assert [told(it) for it in row(text, "2014-11-15")] == [
        "2014-11-15", "1", "1.24k", "1.23k", "3", "0", "0", "2", ""
    ]  # fmt: skip


def test_a_day_of_jobs_tells_what_they_read_and_cost(airflow: AirflowServer) -> None:
    text = airflow.get("/edx-status/HarvardX").text.partition('id="costs"')[2]
    (cells,) = [
        re.findall(r"<t[hd].*?</t[hd]>", it) for it in re.findall(r"<tr>(.*?)</tr>", text.replace("\n", ""))[1:]
    ]
    assert [told(it) for it in cells[1:]] == ["4", "20 GiB", "4 TiB", "25.00 USD"]


def test_an_institution_without_any_record_has_a_board(airflow: AirflowServer) -> None:
    cells = row(airflow.get("/edx-status/MITx").text, "MITx/6.00x/1T2014")
    assert [told(it) for it in cells[1:]] == ["none · failed 2014-11-15", "none · failed 2014-11-15", "none"]


def test_the_page_of_a_table_tells_how_it_was_made_and_escapes_its_sql(airflow: AirflowServer) -> None:
    text = airflow.get(PROVENANCE).text
    assert "SELECT 1 AS x -- &lt;b&gt;" in text
    assert "by somebody with 1234 rows" in text


def test_a_board_that_was_read_is_shown_at_once(airflow: AirflowServer) -> None:
    airflow.get("/edx-status/HarvardX")
    took = []
    for _ in range(3):  # other tests may have the processors for a moment
        begin = time.perf_counter()
        assert airflow.get("/edx-status/HarvardX").status_code == 200
        took.append(time.perf_counter() - begin)
    assert min(took) < 1


def test_every_control_is_reached_and_named_without_a_mouse(airflow: AirflowServer) -> None:
    text = airflow.get("/edx-status/HarvardX").text
    assert '<html lang="en">' in text
    assert 'href="#content"' in text
    assert "<label>Show only <input" in text
    for region in re.findall(r'<div class="scroll"[^>]*>', text):
        assert 'tabindex="0"' in region
        assert "aria-labelledby" in region
