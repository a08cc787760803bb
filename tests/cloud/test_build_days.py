"""A table that is kept by event date, built by its operator from loaded day tables, one round after another."""

import json
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace

import pytest

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import days
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table

pytestmark = pytest.mark.cloud

DAY_TABLE = Table(
    layer="logs",
    name="tracklog",
    description="One row per event.",
    grain=("line",),
    partition=None,
    cluster=(),
    fields=(
        Field("line", "INTEGER", "REQUIRED", "Line of the file."),
        Field("event_date", "DATE", "REQUIRED", "Day of the event."),
    ),
)
BY_DATE = Table(
    layer="secondary",
    name="events_of_date",
    description="One row per event date.",
    grain=("date",),
    partition="date",
    cluster=(),
    fields=(
        Field("date", "DATE", "REQUIRED", "Day of the events."),
        Field("events", "INTEGER", "NULLABLE", "How many there were."),
    ),
    sql=(
        "SELECT log.event_date AS date, COUNT(*) AS events FROM logs.tracklog AS log"
        " WHERE log.event_date IN UNNEST(@event_dates) GROUP BY log.event_date"
    ),
    references=("logs.tracklog",),
)
INSTITUTION = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///none", ("harvardx",), ("prod",))
CONTEXT = {
    "ti": SimpleNamespace(dag_id="course_daily__x", task_id="build_events_of_date", try_number=1),
    "dag_run": SimpleNamespace(run_id="delivery__2014-11-15", dag_id="course_daily__x"),
}


class World:
    """One course: days that are delivered and loaded, and the table that is kept of them."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, catalog: Catalog, course: CourseKey) -> None:
        self.bucket, self.warehouse, self.course = bucket, warehouse, course
        self.catalog = Catalog([DAY_TABLE, BY_DATE, catalog["ops.job_history"]])
        warehouse.ensure_dataset(places.logs_dataset(course), "Day tables.")

    def deliver(self, day: int, events: Mapping[int, int]) -> None:
        """Split and load a delivered day of November: how many events of which dates."""
        delivered = date(2014, 11, day)
        name = self.warehouse.reference(places.logs_dataset(self.course), places.day_table(delivered))
        content = f"c{hash(tuple(sorted(events.items()))) % 10**9}"
        dates = [f"DATE '2014-11-{it:02}'" for it, count in sorted(events.items()) for _ in range(count)]
        rows = (
            f"SELECT n AS line, event_date FROM UNNEST([{', '.join(dates)}]) AS event_date WITH OFFSET AS n"
            if dates
            else "SELECT 1 AS line, DATE '2014-11-01' AS event_date LIMIT 0"
        )
        self.warehouse.client.query_and_wait(f"CREATE OR REPLACE TABLE `{name}` AS {rows}")
        table = self.warehouse.client.get_table(name)
        table.labels = {"content": content}
        self.warehouse.client.update_table(table, ["labels"])
        event_dates = " ".join(f"2014-11-{it:02}" for it in sorted(events))
        metadata = {"content": content, "event_dates": event_dates}
        self.bucket.put(places.log_manifest(self.course, delivered), json.dumps(metadata).encode(), metadata)

    def build(self) -> list[int]:
        """Run the task; return the days of November that it made again."""
        bucket, warehouse = self.bucket, self.warehouse

        class Building(BuildDaysOperator):
            """The operator with this test's clients instead of a connection's."""

            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        task = Building(
            task_id="build_events_of_date",
            table="secondary.events_of_date",
            institution=INSTITUTION,
            course=self.course,
            catalog=self.catalog,
        )
        return [date.fromisoformat(it).day for it in task.execute(CONTEXT)["dates"]]

    def rows(self) -> dict[int, int]:
        """Return the table: day of November and its number of events."""
        target = self.warehouse.reference(places.latest_dataset(self.course), "events_of_date")
        found = self.warehouse.client.query_and_wait(f"SELECT it.date, it.events FROM `{target}` AS it")
        return {row["date"].day: row["events"] for row in found}


@pytest.fixture
def world(bucket: Bucket, warehouse: Warehouse, catalog: Catalog, place: str) -> World:
    return World(bucket, warehouse, catalog, CourseKey("HarvardX", "days", place.removeprefix("test_")[:60]))


def test_only_what_changed_is_made_again(world: World) -> None:
    world.deliver(15, {14: 2, 15: 3})
    world.deliver(16, {15: 1, 16: 4})
    assert world.build() == [14, 15, 16]
    assert world.rows() == {14: 2, 15: 4, 16: 4}
    assert world.build() == []

    world.deliver(20, {14: 5, 20: 1})  # late events
    assert world.build() == [14, 20]
    assert world.rows() == {14: 7, 15: 4, 16: 4, 20: 1}

    world.deliver(16, {16: 2})  # replaced by a day with fewer dates
    assert world.build() == [15, 16]
    assert world.rows() == {14: 7, 15: 3, 16: 2, 20: 1}


def test_a_date_whose_events_all_went_away_is_removed(world: World) -> None:
    world.deliver(15, {14: 2, 15: 3})
    world.build()
    world.deliver(15, {15: 3})
    assert world.build() == [14, 15]
    assert world.rows() == {15: 3}


def test_more_days_than_fit_one_query_are_all_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "_TABLES_PER_QUERY", 1)
    world.deliver(15, {15: 3})
    world.deliver(16, {16: 4})
    assert world.build() == [15, 16]
    assert world.rows() == {15: 3, 16: 4}


def test_a_day_without_events_does_not_make_everything_again(world: World) -> None:
    world.deliver(15, {15: 3})
    world.build()
    world.deliver(16, {})
    assert world.build() == []
    assert world.build() == []
    assert world.rows() == {15: 3}


def test_a_table_that_was_restored_by_hand_is_made_again(world: World) -> None:
    world.deliver(15, {15: 3})
    world.build()
    target = world.warehouse.reference(places.latest_dataset(world.course), "events_of_date")
    table = world.warehouse.client.get_table(target)
    table.labels = {"digest": "another"}
    world.warehouse.client.update_table(table, ["labels"])
    assert world.build() == [15]
    assert world.rows() == {15: 3}
