"""A hundred times as much: 5,000 courses for 30 days, planned through the Dags' own declarations and the code that publishes
tables, against BigQuery's quotas. docs/scale.md has the same numbers, and what follows from them.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions._internal.contextmanager import DagContext

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Registry
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.publish import Version, publish, stage
from edx_warehouse.pipelines import course_daily, course_weekly
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from fakes.quota_counter import QuotaCounter

ROOT = Path(__file__).resolve().parents[2]
COURSES, PROJECTS = 5_000, 2
DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(30)]
SUNDAY = 6
# Google's published limits.
LOADS_PER_PROJECT_DAY = 100_000
LOADS_PER_TABLE_DAY = 1_500
UPDATES_PER_TABLE = 5  # in ten seconds
INSERTS_AT_ONCE, SECONDS_OF_INSERT = 10, 2.5  # of one table; the second was not measured at Google
SQL_BYTES = 1_000_000
TABLE_INSERTS_PER_SECOND = 10
REGISTRY = """\
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///srv/hmdc/harvardx", log_prefixes: [harvardx]}
courses:
"""


class Work(NamedTuple):
    """What one course asks of BigQuery for one delivery."""

    asked: Counter[str]
    calls: Counter[str]
    updates: Counter[str]
    loads: Counter[str]
    tasks: int


class Planner:
    """Does a course's day and week as its Dags' tasks would, up to the client.

    All inputs are taken to have changed, so that every task has something to do: the dearest day there can be.
    """

    def __init__(self, course: Course, catalog: Catalog, daily: DAG, weekly: DAG) -> None:
        self.course, self.catalog = course, catalog
        self.daily, self.weekly = daily, weekly
        self.client = QuotaCounter(course.institution.project)
        self.warehouse = Warehouse(self.client, "test")  # type: ignore[arg-type]
        self.contents = 0

    def day(self, day: date) -> Work:
        """Plan a daily run."""
        self.client.forget()
        for task in self.daily.tasks:
            if task.task_id == "load_tracklog":
                self._load(self.catalog["logs.tracklog"], places.logs_dataset(self.course.key), places.day_table(day))
                self._tracking_events(day)
            elif task.task_id.startswith("build_"):
                table = self.catalog[f"secondary.{task.task_id.removeprefix('build_')}"]
                self._publish(table, [day] if table.is_kept_by_date else None)
        return self._work(self.daily)

    def week(self) -> Work:
        """Plan a weekly run."""
        self.client.forget()
        names = [task.task_id.removeprefix("load_") for task in self.weekly.tasks if task.task_id.startswith("load_")]
        small = [it.name for it in self.catalog.values() if it.layer == "transformed" and it.name not in names]
        loads = [f"transformed.{it}" for it in [*names, *small] if it != "small_tables"]
        builds = [it.task_id.removeprefix("build_") for it in self.weekly.tasks if it.task_id.startswith("build_")]
        staged = [self._stage(self.catalog[it]) for it in [*loads, *(f"secondary.{name}" for name in builds)]]
        self.warehouse.replace_all(staged, "switch")
        for table, it, target in staged:
            self.warehouse.describe(table, target, it.description or "", dict(it.labels))
            self.warehouse.drop(str(it.reference))
        return self._work(self.weekly)

    def _work(self, dag: DAG) -> Work:
        it = self.client
        return Work(Counter(it.asked), Counter(it.calls), Counter(it.updates), Counter(it.loads), len(dag.tasks))

    def _version(self, table: Table, dataset: str, name: str) -> Version:
        self.contents += 1
        return Version(
            table=table,
            target=f"{self.client.project}.{dataset}.{name}",
            digest=f"{self.contents:032x}",
            inputs={},
            labels={"institution": "harvardx"},
            course_id=str(self.course.key),
        )

    def _context(self, table: Table) -> dict[str, Any]:
        task = SimpleNamespace(dag_id="dag", task_id=f"build_{table.name}", try_number=1)
        return {"ti": task, "dag_run": SimpleNamespace(run_id="run")}

    def _load(self, table: Table, dataset: str, name: str) -> None:
        version = replace(self._version(table, dataset, name), rows_in=1, uri="gs://bucket/part")
        self._put(version, lambda into, key: self.warehouse.load("gs://bucket/part", table.fields, into, key))

    def _publish(self, table: Table, dates: list[date] | None) -> None:
        version = self._version(table, places.latest_dataset(self.course.key), table.name)
        known = version.target in self.client.tables
        self._put(
            replace(version, sql=table.sql, dates=dates if known else None),
            lambda into, key: self.warehouse.insert(table.sql or "", {}, table.fields, into, key),
        )

    def _put(self, version: Version, produce: Any) -> None:
        publish(self.warehouse, self.catalog, version, produce, self._context(version.table))

    def _stage(self, table: Table) -> tuple[Table, Any, str]:
        version = self._version(table, places.latest_dataset(self.course.key), table.name)

        def produce(into: str, key: str) -> Any:
            if table.sql:
                return self.warehouse.insert(table.sql, {}, table.fields, into, key)
            return self.warehouse.load("gs://bucket/part", table.fields, into, key)

        staged, _ = stage(self.warehouse, self.catalog, version, produce, self._context(table), lambda name: name)
        return table, staged, version.target

    def _tracking_events(self, day: date) -> None:
        """Do what a day table's load does to the table of all days: empty the day, fill it, describe it."""
        table = replace(self.catalog["logs.tracklog"], name="tracking_events")
        target = self.warehouse.reference(places.latest_dataset(self.course.key), table.name)
        if target not in self.client.tables:
            self.warehouse.create(table, target)
        self.warehouse.query(f"DELETE FROM `{target}` WHERE TRUE", {}, f"empty_{day}")
        self.warehouse.load("gs://bucket/part", table.fields, target, f"load_{day}", append=True)
        self.warehouse.describe(table, target, "described", {})


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Work]:
    """Return what one course asks on a day and on a Sunday, after days and weeks before."""
    path = tmp_path_factory.mktemp("registry") / "registry.yaml"
    lines = (f"  - {{course_id: HarvardX/C{number}/R, institution: HarvardX}}\n" for number in range(COURSES))
    path.write_text(REGISTRY + "".join(lines))
    registry = Registry.read(path)
    assert len(registry.courses) == COURSES
    catalog, contracts = Catalog.read(ROOT / "include"), Contracts.read(ROOT / "include")
    course = registry.courses[0]
    daily = _declared(lambda: course_daily.declare(course, catalog))
    weekly = _declared(lambda: course_weekly.declare(course, catalog, contracts))
    planner = Planner(course, catalog, daily, weekly)
    planner.day(DAYS[0])
    planner.week()
    return {"day": planner.day(DAYS[1]), "week": planner.week()}


def totals(plans: Mapping[str, Work], what: str, kind: str) -> dict[date, int]:
    """Return, by day, how often a project is asked for something; each Sunday brings a week beside the day."""
    courses = COURSES // PROJECTS
    return {
        day: courses
        * sum(getattr(plans[it], what)[kind] for it in (("day", "week") if day.weekday() == SUNDAY else ("day",)))
        for day in DAYS
    }


def test_load_jobs_stay_below_the_quota_when_every_day_is_done_twice(plans: Mapping[str, Work]) -> None:
    assert plans["day"].asked["load"] == 2
    for day, loads in totals(plans, "asked", "load").items():
        assert 2 * loads <= LOADS_PER_PROJECT_DAY, day


def test_a_table_is_loaded_few_times_a_day(plans: Mapping[str, Work]) -> None:
    for work in plans.values():
        assert max(work.loads.values()) <= 2 < LOADS_PER_TABLE_DAY


def test_a_table_changes_so_seldom_that_no_rate_is_met(plans: Mapping[str, Work]) -> None:
    # Of each course the writers stand in line (its pool has one slot), so only the run's own changes count.
    for work in plans.values():
        own = {name: number for name, number in work.updates.items() if not name.endswith("job_history")}
        assert max(own.values()) <= UPDATES_PER_TABLE, max(own, key=own.__getitem__)


def test_the_record_of_jobs_takes_the_rows_of_a_day(plans: Mapping[str, Work]) -> None:
    # More than 1,500 INSERTs a day into a table run ten at a time: the day has room for so many.
    room = 24 * 3600 / SECONDS_OF_INSERT * INSERTS_AT_ONCE
    rows = {day: COURSES // PROJECTS * number for day, number in _history(plans).items()}
    assert max(rows.values()) < room


def test_tables_are_made_slower_than_google_makes_them(plans: Mapping[str, Work]) -> None:
    for day, made in totals(plans, "calls", "tables.insert").items():
        assert made / (24 * 3600) < TABLE_INSERTS_PER_SECOND / 2, day


def test_no_query_of_the_catalog_is_near_the_longest_there_may_be() -> None:
    for table in Catalog.read(ROOT / "include").values():
        assert len((table.sql or "").encode()) < SQL_BYTES / 10, table.reference


def test_the_page_says_what_was_counted(plans: Mapping[str, Work]) -> None:
    page = (ROOT / "docs/scale.md").read_text()
    for name, work in plans.items():
        row = re.search(rf"^\| one course, one {name} \|([^\n]*)\|$", page, re.MULTILINE)
        assert row, name
        told = [int(it.replace(",", "")) for it in row[1].split("|")]
        assert told == [work.tasks, work.asked["load"], work.asked["query"], work.calls["tables.insert"]]


def _declared(declare: Callable[[], None]) -> DAG:
    """Return the Dag that a builder declares, as Airflow gets it from a Dag file."""
    before, DagContext.current_autoregister_module_name = DagContext.current_autoregister_module_name, __name__
    DagContext.autoregistered_dags.clear()
    try:
        declare()
        ((dag, _),) = DagContext.autoregistered_dags
    finally:
        DagContext.current_autoregister_module_name = before
        DagContext.autoregistered_dags.clear()
    return dag


def _history(plans: Mapping[str, Work]) -> dict[date, int]:
    made = {name: work.calls["tables.insert"] for name, work in plans.items()}  # one staging table, one record
    return {day: made["day"] + (made["week"] if day.weekday() == SUNDAY else 0) for day in DAYS}
