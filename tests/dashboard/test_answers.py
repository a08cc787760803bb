"""Answers of panels: one query for all who look, until a table changes."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from edx_warehouse.dashboard.answers import Answers, Scope
from edx_warehouse.dashboard.cells import HIDDEN
from edx_warehouse.dashboard.panels import Column, Panel
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.hooks.reading import ServedTable

PANEL = Panel(
    "p",
    "P",
    "A panel.",
    "SELECT t.n, FROM secondary.stats_overall AS t WHERE t.course_id = @course_id",
    ("secondary.stats_overall",),
    ("course_id",),
    (Column("n", "N", "people"),),
)
SCOPE = Scope("project-one", {"secondary": "x__y__z_latest"}, "X/Y/Z")


class Served:
    """A reader of a warehouse with one table."""

    def __init__(self, people: int | None) -> None:
        self.people, self.version, self.fails = people, "1", False
        self.queries: list[tuple[str, Mapping[str, str]]] = []

    def look(self, dataset: str, table: str) -> ServedTable | None:
        name = f"project-one.{dataset}.{table}"
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return None if self.people is None else ServedTable(name, self.version, now, 1, "Described.")

    def rows(self, sql: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        self.queries.append((sql, parameters))
        time.sleep(0.05)  # so that others come while this one is asked
        if self.fails:
            raise Transient(Problem(code="E-JOB-102", unit="u", expected="e", found="f", done="d", next="n"))
        return [{"n": self.people}]


def answers(served: Served) -> Answers:
    return Answers(lambda project: served, look_again=0)  # type: ignore[arg-type, return-value]


def test_twenty_people_at_once_are_one_query() -> None:
    served = Served(100)
    it = answers(served)
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda number: it.ask(PANEL, SCOPE, exact=bool(number % 2)), range(20)))
    assert len(served.queries) == 1
    assert {answer.rows[0]["n"] for answer in found} == {100}


def test_a_query_names_real_tables_and_binds_its_parameter() -> None:
    served = Served(100)
    answers(served).ask(PANEL, SCOPE, exact=True)
    [(sql, parameters)] = served.queries
    assert "`project-one.x__y__z_latest.stats_overall` AS t" in sql
    assert parameters == {"course_id": "X/Y/Z"}


def test_a_table_that_changed_is_asked_again() -> None:
    served = Served(100)
    it = answers(served)
    it.ask(PANEL, SCOPE, exact=True)
    served.people, served.version = 200, "2"
    assert it.ask(PANEL, SCOPE, exact=True).rows == [{"n": 200}]
    assert len(served.queries) == 2


def test_what_one_may_see_is_never_given_to_another() -> None:
    it = answers(Served(3))
    assert it.ask(PANEL, SCOPE, exact=True).rows == [{"n": 3}]
    assert it.ask(PANEL, SCOPE, exact=False).rows == [{"n": HIDDEN}]
    assert it.ask(PANEL, SCOPE, exact=True).rows == [{"n": 3}]


def test_a_table_that_is_not_there_is_not_asked() -> None:
    served = Served(None)
    assert answers(served).ask(PANEL, SCOPE, exact=True).lacking == ("secondary.stats_overall",)
    assert not served.queries


def test_a_failure_is_not_kept() -> None:
    served = Served(100)
    served.fails = True
    it = answers(served)
    with pytest.raises(Transient):
        it.ask(PANEL, SCOPE, exact=True)
    served.fails = False
    assert it.ask(PANEL, SCOPE, exact=True).rows == [{"n": 100}]
