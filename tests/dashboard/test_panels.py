"""Panels as they are declared: which tables they may read, and that every number of people is told as one."""

import re
import shutil
from pathlib import Path

import pytest

from edx_warehouse.dashboard.panels import Page, Panel, read_glossary, read_pages
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.local.home import CHECKOUT

INCLUDE = CHECKOUT / "include"
PAGES = read_pages(INCLUDE)
PANELS = [(page, panel) for page in PAGES.values() for panel in page]
every_panel = pytest.mark.parametrize(("page", "panel"), PANELS, ids=[f"{a.name}.{b.name}" for a, b in PANELS])


@every_panel
def test_a_panel_reads_no_table_of_a_day_or_of_persons(page: Page, panel: Panel) -> None:
    assert panel.tables
    assert not [it for it in panel.tables if it.startswith("logs.") or "person" in it]


@every_panel
def test_a_panel_has_the_columns_of_its_query(page: Page, panel: Panel) -> None:
    import sqlglot

    named = sqlglot.parse_one(panel.sql, read="bigquery").named_selects
    assert named == [it.name for it in panel.columns]


@every_panel
def test_every_word_that_a_panel_explains_is_in_the_glossary(page: Page, panel: Panel) -> None:
    assert set(panel.glossary) <= {it.name for it in read_glossary(INCLUDE)}


@every_panel
def test_numbers_are_declared_as_numbers(page: Page, panel: Panel) -> None:
    undeclared = [it.name for it in panel.columns if it.kind == "label" and it.format not in ("text", "date", "time")]
    assert set(undeclared) <= {"position"}


def test_every_query_belongs_to_a_panel() -> None:
    queries = {path.relative_to(INCLUDE / "dashboard") for path in (INCLUDE / "dashboard").rglob("*.sql")}
    assert {str(it) for it in queries} == {f"{page.name}/{panel.name}.sql" for page, panel in PANELS}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("usage.sql", "secondary.stats_overall", "secondary.person_course"), "without rows of persons"),
        (("usage.sql", "secondary.stats_overall", "logs.tracklog"), "tables of"),
        (("usage.sql", "secondary.stats_overall", "report.overall_stats"), "tables of"),
        (("usage.sql", "overall.registered_sum", "@secret"), "@course_id only"),
        (("../course.yaml", "of: active", "of: everybody"), "a column of people"),
        (("../course.yaml", "kind: fact", "kind: anything"), "a known kind"),
        (("../course.yaml", "x: age,", "x: years,"), "columns of the panel"),
        (("../course.yaml", "name: gender\n", "name: age\n"), "each panel once"),
    ],
)
def test_a_panel_that_would_slip_by_the_rules_is_refused(
    tmp_path: Path, change: tuple[str, str, str], told: str
) -> None:
    shutil.copytree(INCLUDE / "dashboard", tmp_path / "dashboard")
    shutil.copytree(INCLUDE / "schemas", tmp_path / "schemas")
    file = tmp_path / "dashboard" / "course" / change[0]
    assert change[1] in file.read_text()
    file.write_text(file.read_text().replace(change[1], change[2], 1))
    with pytest.raises(Terminal, match=re.escape(told)):
        read_pages(tmp_path)
