"""Tables that are kept by event date, built by their operators from loaded day tables, one round after another."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks import warehouse as hooks_warehouse
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import day_rows
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.operators.plan import PlanBuildsOperator
from edx_warehouse.operators.tables import BuildTableOperator, CheckTablesOperator
from edx_warehouse.tables import references
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

TIME = Field("time", "TIMESTAMP", "REQUIRED", "When.")
DATE = Field("date", "DATE", "REQUIRED", "Day of the events.")
EVENTS = Field("events", "INTEGER", "NULLABLE", "How many there were.")
LINE = Field("line", "INTEGER", "REQUIRED", "Line of the file.")


def table(name: str, fields: tuple[Field, ...], sql: str | None = None, *reads: str, **more: Any) -> Table:
    kept = {"partition": fields[0].name, "parameters": ("event_dates",)} if sql and "@event_dates" in sql else {}
    values: dict[str, Any] = {
        "layer": "secondary" if sql else "logs",
        "description": f"Rows of {name}.",
        "grain": (fields[0].name,),
        "partition": None,
        "cluster": (),
        "references": reads,
        **kept,
        **more,
    }
    return Table(name=name, fields=fields, sql=sql, **values)


DAY_TABLE = table("tracklog", (LINE, TIME), grain=("line",))
BY_DATE = table(
    "events_of_date",
    (DATE, EVENTS),
    "SELECT DATE(log.time) AS date, COUNT(*) AS events FROM logs.tracklog AS log"
    " WHERE DATE(log.time) IN UNNEST(@event_dates) GROUP BY date",
    "logs.tracklog",
)
TIMES = table(  # partitioned by a time, as tables of single events are
    "times",
    (TIME, EVENTS),
    "SELECT log.time, COUNT(*) AS events FROM logs.tracklog AS log"
    " WHERE DATE(log.time) IN UNNEST(@event_dates) GROUP BY log.time",
    "logs.tracklog",
)
TWO_DAYS = table(  # does not leave out the rows of the date before: these must not be put in place
    "events_of_two_days",
    (DATE, EVENTS),
    "SELECT COALESCE(this.date, before.date) AS date, COALESCE(this.events, 0) + COALESCE(before.events, 0) AS events"
    " FROM (SELECT DATE(log.time) AS date, COUNT(*) AS events FROM logs.tracklog AS log GROUP BY date) AS this"
    " LEFT JOIN (SELECT DATE(log.time) AS date, COUNT(*) AS events FROM logs.tracklog AS log GROUP BY date) AS before"
    " ON this.date = DATE_ADD(before.date, INTERVAL 1 DAY)"
    " WHERE EXTRACT(YEAR FROM this.date) > 0 OR this.date IN UNNEST(@event_dates)",
    "logs.tracklog",
    look_back=1,
)
CHAINED = table(
    "chained",
    (DATE, EVENTS),
    "SELECT DATE(one.time) AS date, SUM(one.events) * 1000 + MAX(two.events) AS events FROM secondary.times AS one"
    " INNER JOIN secondary.events_of_two_days AS two ON DATE(one.time) = two.date"
    " WHERE two.date IN UNNEST(@event_dates) GROUP BY DATE(one.time)",
    "secondary.events_of_two_days",
    "secondary.times",
)
WHOLE = table(
    "whole",
    (EVENTS,),
    "SELECT SUM(one.events) AS events FROM secondary.chained AS one",
    "secondary.chained",
    grain=("events",),
)
WAITING = table(
    "waiting", (EVENTS,), "SELECT it.events FROM secondary.lacking AS it", "secondary.lacking", grain=("events",)
)
LACKING = table("lacking", (EVENTS,), "SELECT it.events FROM ops.job_history AS it", "ops.job_history")
INSTITUTION = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///none", ("harvardx",), ("prod",))


class World:
    """One course: days that are delivered and loaded, and the tables that are kept of them."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, catalog: Catalog, course: CourseKey) -> None:
        self.bucket, self.warehouse, self.course = bucket, warehouse, course
        self.catalog = Catalog(
            [DAY_TABLE, BY_DATE, TIMES, TWO_DAYS, CHAINED, WHOLE, WAITING, LACKING, catalog["ops.job_history"]]
        )
        warehouse.ensure_dataset(places.logs_dataset(course), "Day tables.")

    def deliver(self, day: int, events: Mapping[int, int]) -> None:
        """Split and load a delivered day of November: how many events of which dates."""
        delivered = date(2014, 11, day)
        name = self.warehouse.reference(places.logs_dataset(self.course), places.day_table(delivered))
        content = f"c{hash(tuple(sorted(events.items()))) % 10**9}"
        # The first and the last microsecond of a date are its own.
        times = [
            f"TIMESTAMP '2014-11-{it:02} {'23:59:59.999999' if number % 2 else '00:00:00'}+00'"
            for it, count in sorted(events.items())
            for number in range(count)
        ]
        rows = (
            f"SELECT n AS line, time FROM UNNEST([{', '.join(times)}]) AS time WITH OFFSET AS n"
            if times
            else "SELECT 1 AS line, TIMESTAMP '2014-11-01 00:00:00+00' AS time LIMIT 0"
        )
        self.warehouse.client.query_and_wait(f"CREATE OR REPLACE TABLE `{name}` AS {rows}")
        self.label(name, {"content": content})
        event_dates = " ".join(f"2014-11-{it:02}" for it in sorted(events))
        metadata = {"content": content, "event_dates": event_dates}
        self.bucket.put(places.log_manifest(self.course, delivered), json.dumps(metadata).encode(), metadata)

    def label(self, name: str, labels: dict[str, str]) -> None:
        served = self.warehouse.client.get_table(name)
        served.labels = labels
        self.warehouse.client.update_table(served, ["labels"])

    def change(self, name: str, **fields: Any) -> None:
        """Declare a table otherwise."""
        changed = replace(self.catalog[f"secondary.{name}"], **fields)
        self.catalog = Catalog([changed if it.name == name else it for it in self.catalog.values()])

    def task(self, operator: type[Any], **arguments: Any) -> Any:
        """Return a task that has this test's clients instead of a connection's."""
        bucket, warehouse = self.bucket, self.warehouse

        class Task(operator):  # type: ignore[misc]
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        place = {"institution": INSTITUTION, "course": self.course, "catalog": self.catalog}
        return Task(task_id="task", **place, **arguments)

    def build(self, name: str = "events_of_date") -> list[int]:
        """Build a table; return the days of November that were made again."""
        reference = f"secondary.{name}"
        operator = BuildDaysOperator if self.catalog[reference].is_kept_by_date else BuildTableOperator
        context = {
            "ti": SimpleNamespace(dag_id="course_daily__x", task_id=f"build_{name}", try_number=1),
            "dag_run": SimpleNamespace(run_id="delivery__2014-11-15", dag_id="course_daily__x"),
        }
        result = self.task(operator, table=reference).execute(context)
        return [date.fromisoformat(it).day for it in result.get("dates", [])]

    def plan(self, *names: str) -> list[str]:
        """Return which of some builds the plan leaves in place."""
        builds = {f"secondary.{name}": f"build_{name}" for name in names}
        try:
            self.task(PlanBuildsOperator, builds=builds, after=["check"]).execute({})
        except DownstreamTasksSkipped as skip:
            skipped = set(skip.tasks)
        else:
            skipped = set()
        return sorted({*builds.values(), "check"} - skipped)

    def target(self, name: str) -> str:
        return self.warehouse.reference(places.latest_dataset(self.course), name)

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return what is recorded of a table, in order."""
        table = self.warehouse.reference(places.OPS, "job_history")
        sql = f"SELECT * FROM `{table}` AS it WHERE it.target = '{self.target(name)}' ORDER BY it.ended"
        return [dict(row.items()) for row in self.warehouse.client.query_and_wait(sql)]

    def rows(self, name: str = "events_of_date") -> dict[int, int]:
        """Return a table kept by date: day of November and its number of events."""
        column = self.catalog[f"secondary.{name}"].fields[0].name
        found = self.warehouse.client.query_and_wait(
            f"SELECT EXTRACT(DAY FROM it.{column}) AS day, SUM(it.events) AS events"
            f" FROM `{self.target(name)}` AS it GROUP BY day"
        )
        return {row["day"]: row["events"] for row in found}


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


def test_when_all_events_went_away_the_table_is_empty_and_says_how_it_was_made(world: World) -> None:
    world.deliver(15, {14: 2, 15: 3})
    world.build()
    world.deliver(15, {})
    assert world.build() == [14, 15]
    assert world.rows() == {}
    assert "Computed by" in (world.warehouse.client.get_table(world.target("events_of_date")).description or "")
    assert world.build() == []


@pytest.mark.parametrize("name", ["events_of_date", "times"])
def test_more_days_than_fit_one_query_are_all_made(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_rows, "_TABLES_PER_QUERY", 1)
    world.deliver(15, {15: 3})
    world.deliver(16, {15: 1, 16: 4})
    assert world.build(name) == [15, 16]
    assert world.rows(name) == {15: 4, 16: 4}
    assert world.build(name) == []


def test_a_table_of_more_days_than_fit_one_query_is_not_seen_half_made(
    world: World, bigquery_proxy: StrictProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_rows, "_TABLES_PER_QUERY", 1)
    for day in (14, 15, 16):
        world.deliver(day, {day: day})
    bigquery_proxy.refuse_job("make_.*_part3_")
    with pytest.raises(Terminal):
        world.build()
    assert world.warehouse.find(world.target("events_of_date")) is None
    bigquery_proxy.forget()
    assert world.build() == [14, 15, 16]
    assert world.rows() == {14: 14, 15: 15, 16: 16}
    (made,) = world.history("events_of_date")
    assert made["rows_out"] == 3
    assert made["sql"].count("-- @event_dates from 2014-11-") == 3

    # Its dates are made again by another query, and others touched: both ways all of them change together.
    world.change("events_of_date", sql=(BY_DATE.sql or "").replace("COUNT(*)", "COUNT(*) + 100"))
    bigquery_proxy.refuse_job("make_.*_part2_")
    with pytest.raises(Terminal):
        world.build()
    assert world.rows() == {14: 14, 15: 15, 16: 16}
    bigquery_proxy.forget()
    assert world.build() == [14, 15, 16]
    assert world.rows() == {14: 114, 15: 115, 16: 116}
    world.deliver(15, {14: 1})
    world.deliver(17, {17: 1})
    bigquery_proxy.refuse_job("make_.*_part2_")
    with pytest.raises(Terminal):
        world.build()
    assert world.rows() == {14: 114, 15: 115, 16: 116}
    bigquery_proxy.forget()
    assert world.build() == [14, 15, 17]
    assert world.rows() == {14: 115, 16: 116, 17: 101}


def test_a_table_of_more_dates_than_a_job_can_fill_is_not_seen_half_made(
    world: World, bigquery_proxy: StrictProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deliver(15, {13: 1, 14: 2, 15: 3})
    world.build()
    monkeypatch.setattr(hooks_warehouse, "_PARTITIONS_PER_JOB", 2)
    world.change("events_of_date", sql=(BY_DATE.sql or "").replace("COUNT(*)", "COUNT(*) + 100"))
    bigquery_proxy.refuse_job("replace_.*_fill_1_")
    with pytest.raises(Terminal):
        world.build()
    assert world.rows() == {13: 1, 14: 2, 15: 3}
    bigquery_proxy.forget()
    assert world.build() == [13, 14, 15]
    assert world.rows() == {13: 101, 14: 102, 15: 103}
    assert world.warehouse.labels(places.latest_dataset(world.course)).keys() == {"events_of_date"}
    world.deliver(16, {13: 1, 14: 1, 15: 1})
    assert world.build() == [13, 14, 15]
    assert world.rows() == {13: 102, 14: 103, 15: 104}
    assert world.build() == []


def test_a_date_of_too_many_deliveries_is_told_with_what_to_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "TABLES_PER_QUERY", 2)
    monkeypatch.setattr(day_rows, "_TABLES_PER_QUERY", 2)
    for day in (15, 16, 17):
        world.deliver(day, {day: 1, 14: 1})
    with pytest.raises(Terminal) as told:
        world.build()
    problem = told.value.problem
    assert (problem.code, problem.unit) == ("E-CFG-106", f"{world.course} 2014-11-14")
    assert problem.file == world.target("events_of_date")
    assert problem.found == "3"
    assert "log_tables of the institution to partitioned" in problem.next


def test_a_day_without_events_does_not_make_everything_again(world: World) -> None:
    world.deliver(15, {15: 3})
    world.build()
    world.deliver(16, {})
    assert world.build() == []
    assert world.build() == []
    assert world.rows() == {15: 3}


def test_a_table_that_was_restored_by_hand_is_made_again_and_keeps_no_strange_row(world: World) -> None:
    world.deliver(15, {15: 3})
    world.build()
    target = world.target("events_of_date")
    world.warehouse.client.query_and_wait(f"INSERT INTO `{target}` (date, events) VALUES (DATE '2014-11-01', 9)")
    world.label(target, {"digest": "another"})
    assert world.build() == [15]
    assert world.rows() == {15: 3}


def test_a_table_whose_declared_columns_changed_is_made_again_with_the_new_ones(world: World) -> None:
    world.deliver(15, {15: 3})
    world.deliver(16, {16: 4})
    world.build()
    sql = (BY_DATE.sql or "").replace("AS events", "AS events, 7 AS added")
    world.change("events_of_date", sql=sql, fields=(*BY_DATE.fields, Field("added", "INTEGER", "REQUIRED", "New.")))
    assert world.build() == [15, 16]
    assert world.rows() == {15: 3, 16: 4}
    assert world.build() == []


def test_other_descriptions_are_written_and_no_date_is_made_again(world: World) -> None:
    world.deliver(15, {15: 3})
    world.build()
    said = replace(EVENTS, description="All that happened.")
    world.change("events_of_date", description="Events by day.", fields=(DATE, said))
    assert world.plan("events_of_date") == []
    assert world.build() == []
    served = world.warehouse.client.get_table(world.target("events_of_date"))
    assert (served.description or "").startswith("Events by day.\n\nComputed by")
    assert served.schema[1].description == "All that happened."

    world.change("events_of_date", description="Events of each day.")
    world.task(CheckTablesOperator, tables=["secondary.events_of_date"]).execute({})
    described = world.warehouse.client.get_table(world.target("events_of_date")).description or ""
    assert described.startswith("Events of each day.\n\nComputed by")


def test_a_table_that_is_to_be_divided_otherwise_is_made_again_whole(world: World) -> None:
    world.deliver(15, {14: 1, 15: 3})
    world.build()
    world.change("events_of_date", cluster=("events",))
    assert world.plan("events_of_date") == ["build_events_of_date", "check"]
    assert world.build() == [14, 15]
    assert world.rows() == {14: 1, 15: 3}
    assert world.warehouse.client.get_table(world.target("events_of_date")).clustering_fields == ["events"]
    assert world.build() == []


def test_a_table_by_time_is_replaced_for_exactly_its_dates(world: World) -> None:
    world.deliver(15, {14: 2, 15: 2, 16: 2})
    world.build("times")
    world.deliver(20, {15: 4})
    assert world.build("times") == [15]
    assert world.rows("times") == {14: 2, 15: 6, 16: 2}
    served = world.warehouse.client.get_table(world.target("times"))
    assert served.time_partitioning.field == "time"


def test_with_look_back_the_next_date_is_made_again_too_and_no_other_row_is_touched(world: World) -> None:
    world.deliver(15, {13: 1, 14: 2, 15: 4})
    assert world.build("events_of_two_days") == [13, 14, 15]
    assert world.rows("events_of_two_days") == {13: 1, 14: 3, 15: 6}
    world.deliver(20, {14: 10})
    assert world.build("events_of_two_days") == [14, 15]
    assert world.rows("events_of_two_days") == {13: 1, 14: 13, 15: 16}


def test_a_table_without_its_input_waits_and_one_behind_it_follows_later(world: World) -> None:
    world.deliver(15, {15: 1})
    with pytest.raises(AirflowSkipException):
        world.build("chained")
    for name in ("times", "events_of_two_days"):
        world.build(name)
    assert world.build("chained") == [15]

    world.deliver(16, {16: 1})
    world.build("times")  # the other input has not seen it
    assert world.build("chained") == []
    world.build("events_of_two_days")
    assert world.build("chained") == [16]
    assert world.rows("chained") == {15: 1001, 16: 1002}


def test_an_input_that_is_not_as_its_state_says_is_not_built_upon(world: World) -> None:
    world.deliver(15, {15: 1})
    for name in ("times", "events_of_two_days", "chained"):
        world.build(name)
    world.label(world.target("times"), {"digest": "another"})
    with pytest.raises(AirflowSkipException):
        world.build("chained")


def test_a_table_that_is_made_before_the_first_event_is_made_from_an_empty_one_which_is_no_fault(
    world: World,
) -> None:
    world.build("whole")
    checked = world.task(CheckTablesOperator, tables=["secondary.chained", "secondary.whole"]).execute({})
    assert checked == {"checked": [world.target("whole")]}
    world.deliver(15, {15: 1})
    for name in ("times", "events_of_two_days", "chained"):
        assert world.build(name) == [15]
    assert world.plan("chained", "whole") == ["build_whole", "check"]


def test_a_plan_leaves_out_what_has_nothing_to_do(world: World) -> None:
    tables = ("times", "events_of_two_days", "chained", "whole", "waiting")
    everything = ["build_chained", "build_events_of_two_days", "build_times", "build_whole", "check"]
    world.deliver(15, {15: 1})
    assert world.plan(*tables) == everything
    for name in tables[:4]:
        world.build(name)
    assert world.plan(*tables) == []

    world.deliver(16, {})
    assert world.plan(*tables) == []
    world.deliver(16, {16: 1})
    assert world.plan(*tables) == everything
    for name in tables[:4]:
        world.build(name)
    world.change("chained", sql=f"{CHAINED.sql}  ")
    assert world.plan(*tables) == ["build_chained", "build_whole", "check"]
    world.build("chained")
    assert world.plan(*tables) == ["build_whole", "check"]


# What is delivered, in the order of the days: delivery, and events of dates. The second is replaced by the third, the
# fourth is repeated, and the last brings late events.
DELIVERIES = [
    (15, {14: 1, 15: 2}),
    (16, {15: 1, 16: 1, 17: 5}),
    (16, {16: 3}),
    (17, {17: 1}),
    (17, {17: 1}),
    (18, {14: 4, 16: 1, 18: 2}),
]


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_deliveries_gives_the_rows_of_one_clean_pass(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it
    monkeypatch.setattr(day_rows, "_TABLES_PER_QUERY", (2, 500)[seed])
    order = sorted(DELIVERIES, key=lambda it: chance.random())
    # A replaced day comes after the one it replaces; whatever else may come in any order.
    replaced = iter([it for it in DELIVERIES if it[0] == 16])
    between = chance.choice(range(2, 5))
    for number, (day, events) in enumerate(next(replaced) if it[0] == 16 else it for it in order):
        world.deliver(day, events)
        if number == between:
            for name in ("events_of_two_days", "times", "chained"):
                world.build(name)
    for name in ("times", "events_of_two_days", "chained"):
        world.build(name)
    assert world.rows("times") == {14: 5, 15: 2, 16: 4, 17: 1, 18: 2}
    assert world.rows("events_of_two_days") == {14: 5, 15: 7, 16: 6, 17: 5, 18: 3}
    assert world.rows("chained") == {14: 5005, 15: 2007, 16: 4006, 17: 1005, 18: 2003}
    assert [world.build(name) for name in ("times", "events_of_two_days", "chained")] == [[], [], []]
