"""The partitioned table of a course's events: filled beside the day tables, and read instead of them on request."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators import day_rows
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.operators.tables import LoadLogDayOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.day_rows import rows_as_declared
from edx_warehouse.tables.declarations import Field, Table
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

TIME = Field("time", "TIMESTAMP", "REQUIRED", "When.")
USER = Field("username", "STRING", "NULLABLE", "Who.")
KIND = Field("event_type", "STRING", "NULLABLE", "What.")
LINE = Field("source_line", "INTEGER", "REQUIRED", "Line of the file.")
DAY = Field("log_date", "DATE", "REQUIRED", "Delivered day.")
SPEED, GRADE = (Field(name, "FLOAT", "NULLABLE", f"The {name}.") for name in ("speed", "grade"))
STRUCT = Field("event_struct", "RECORD", "NULLABLE", "Payload.", (SPEED,))
TRACKLOG = Table(
    layer="logs",
    name="tracklog",
    description="One row per event.",
    grain=("source_line",),
    partition=None,
    cluster=(),
    fields=(TIME, USER, KIND, STRUCT, LINE, DAY),
)
GAPS = Table(
    layer="secondary",
    name="gaps",
    description="One row per event, with the time since the event before it.",
    grain=("time",),
    partition="time",
    cluster=(),
    fields=(
        TIME,
        Field("seconds", "INTEGER", "NULLABLE", "Since the event before."),
        Field("speed", "FLOAT", "NULLABLE", "Speed."),
    ),
    sql="""WITH events AS (
  SELECT
    log.time,
    log.event_struct.speed,
    TIMESTAMP_DIFF(log.time, LAG(log.time) OVER (ORDER BY log.time), SECOND) AS seconds,
  FROM
    logs.tracklog AS log
  WHERE
    DATE(log.time) IN UNNEST(@event_dates)
    OR DATE_ADD(DATE(log.time), INTERVAL 1 DAY) IN UNNEST(@event_dates)
)
SELECT events.time, events.seconds, events.speed FROM events WHERE DATE(events.time) IN UNNEST(@event_dates)""",
    references=("logs.tracklog",),
    parameters=("event_dates",),
    look_back=1,
)
INSTITUTION = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///none", ("harvardx",), ("prod",))


class World:
    """One course whose days are split, loaded and read."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, proxy: StrictProxy, catalog: Catalog, name: str) -> None:
        self.bucket, self.warehouse, self.proxy = bucket, warehouse, proxy
        self.course = CourseKey("HarvardX", "events", f"t{sha256_of(name.encode())[:12]}")
        self.history = catalog["ops.job_history"]
        self.tables = {"logs.tracklog": TRACKLOG, "secondary.gaps": GAPS}
        self.target = warehouse.reference(places.latest_dataset(self.course), "tracking_events")

    def split(self, day: int, events: Sequence[tuple[int, int]], **more: Any) -> None:
        """Put a part of November into the bucket: its events as day and second."""
        delivered = date(2014, 11, day)
        rows = [
            {
                "time": f"2014-11-{on:02}T23:59:{second:02}+00:00",
                "username": "ada",
                "event_type": "play_video",
                "event_struct": {"speed": 1.5, "grade": 9.0},
                "source_line": day * 100 + number,
                "log_date": str(delivered),
                **more,
            }
            for number, (on, second) in enumerate(events)
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        dates = sorted({f"2014-11-{on:02}" for on, _ in events})
        part = gzip.compress(content, mtime=0)
        manifest = {
            "rows": len(rows),
            "content_sha256": sha256_of(content),
            "event_dates": dict.fromkeys(dates, 1),
            "part": {"name": places.log_part(self.course, delivered), "sha256": sha256_of(part)},
        }
        self.bucket.put(places.log_part(self.course, delivered), part)
        metadata = {"content": sha256_of(content)[:32], "event_dates": " ".join(dates)}
        self.bucket.put(places.log_manifest(self.course, delivered), json.dumps(manifest).encode(), metadata)

    def task(self, operator: type[Any], **arguments: Any) -> Any:
        bucket, warehouse = self.bucket, self.warehouse

        class Task(operator):  # type: ignore[misc]
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        catalog = Catalog([*self.tables.values(), self.history])
        return Task(task_id="task", course=self.course, catalog=catalog, **arguments)

    def load(self, day: int) -> list[int]:
        """Run the task that loads a day; return the days of the partitioned table that it replaced."""
        result = self.task(LoadLogDayOperator, institution=INSTITUTION).execute(self.context(day))
        return [date.fromisoformat(it).day for it in result["partitions"].split()]

    def build(self, log_tables: str) -> list[int]:
        institution = replace(INSTITUTION, log_tables=log_tables)
        result = self.task(BuildDaysOperator, institution=institution, table="secondary.gaps").execute(self.context(1))
        return [date.fromisoformat(it).day for it in result["dates"]]

    def context(self, day: int) -> dict[str, Any]:
        return {
            "ti": SimpleNamespace(dag_id="course_daily__x", task_id="load_tracklog", try_number=1),
            "dag_run": SimpleNamespace(
                run_id=f"scheduled__{day}",
                run_type="scheduled",
                dag_id="course_daily__x",
                logical_date=datetime(2014, 11, day, tzinfo=UTC),
            ),
        }

    def rows(self) -> dict[int, int]:
        """Return delivered days and their rows in the partitioned table."""
        found = self.ask(
            f"SELECT EXTRACT(DAY FROM it.log_date) AS day, COUNT(*) AS n FROM `{self.target}` AS it"
            " WHERE it.log_date >= '2012-01-01' GROUP BY day"
        )
        return {row["day"]: row["n"] for row in found}

    def built(self) -> list[tuple[Any, ...]]:
        gaps = self.warehouse.reference(places.latest_dataset(self.course), "gaps")
        return [tuple(row.values()) for row in self.ask(f"SELECT * FROM `{gaps}` AS it ORDER BY it.time, it.seconds")]

    def ask(self, sql: str) -> list[Any]:
        return list(self.warehouse.client.query_and_wait(sql))

    def jobs(self) -> int:
        return sum(1 for _ in self.warehouse.client.list_jobs(all_users=True))

    def loads(self) -> int:
        """Return how often days were loaded into the partitioned table of this course."""
        begun = f"load_{self.target.split('.', 1)[1].replace('.', '__')}"
        return sum(1 for it in self.warehouse.client.list_jobs(all_users=True) if it.job_id.startswith(begun))

    def change(self, *fields: Field) -> None:
        """Declare other columns for events."""
        self.tables["logs.tracklog"] = replace(TRACKLOG, fields=fields)

    def forget_builds(self) -> None:
        """Let the next build make every date again."""
        self.bucket.delete([places.table_state(self.course, "gaps")])


@pytest.fixture
def world(bucket: Bucket, warehouse: Warehouse, bigquery_proxy: StrictProxy, catalog: Catalog, place: str) -> World:
    return World(bucket, warehouse, bigquery_proxy, catalog, place)


def test_each_delivered_day_is_a_partition_and_only_what_changed_is_replaced(world: World) -> None:
    world.split(15, [(14, 1), (15, 1), (15, 2)])
    world.split(16, [(16, 1)])
    assert (world.load(15), world.load(16)) == ([15], [16])
    assert world.rows() == {15: 3, 16: 1}
    before = world.jobs()
    assert (world.load(15), world.load(16)) == ([], [])
    assert world.jobs() == before

    world.split(15, [(15, 1)])
    assert world.load(15) == [15]
    assert world.rows() == {15: 1, 16: 1}

    world.split(15, [])
    assert world.load(15) == [15]
    assert world.rows() == {16: 1}
    assert world.load(15) == []


def test_the_table_is_declared_partitioned_clustered_and_says_how_it_was_made(world: World) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    served = world.warehouse.client.get_table(world.target)
    assert schema_diff(TRACKLOG.fields, fields_of(served.schema), descriptions=True) == []
    assert (served.time_partitioning.field, served.clustering_fields) == ("log_date", ["event_type", "username"])
    assert "Data loaded from gs://" in served.description
    assert served.labels["digest"] in served.description


def test_a_query_of_all_days_is_refused_unless_it_says_so(world: World) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    for _ in range(2):
        with pytest.raises(GoogleAPICallError, match="filter over column"):
            world.ask(f"SELECT COUNT(*) FROM `{world.target}` AS it")
        assert world.rows() == {15: 1}
        # A table of the time when nothing was asked for is mended with its next day.
        served = world.warehouse.client.get_table(world.target)
        served.require_partition_filter = False
        world.warehouse.client.update_table(served, ["require_partition_filter"])
        world.split(15, [(15, 2)])
        world.load(15)


def test_a_day_costs_no_more_than_two_jobs_beside_those_of_its_day_table(world: World) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    world.bucket.delete([places.table_state(world.course, "tracking_events")])
    before = world.jobs()
    assert world.load(15) == [15]
    assert world.jobs() - before == 2
    assert world.rows() == {15: 1}


def test_going_back_to_an_older_content_takes_effect(world: World) -> None:
    for events in ([(15, 1)], [(15, 1), (15, 2)], [(15, 1)]):
        world.split(15, events)
        assert world.load(15) == [15]
        assert world.rows() == {15: len(events)}


@pytest.mark.parametrize("job", ["empty", "load"])
def test_after_a_crash_the_next_day_mends_the_day_before_and_doubles_nothing(world: World, job: str) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    world.split(15, [(15, 1), (15, 2)])
    world.proxy.refuse_job(rf"{job}_.*tracking_events.*")
    with pytest.raises((Terminal, GoogleAPICallError)):
        world.load(15)
    world.proxy.forget()
    assert "15" not in _days(world)

    world.split(16, [(16, 1)])
    assert world.load(16) == [15, 16]
    assert world.rows() == {15: 2, 16: 1}
    assert world.load(15) == []


def _days(world: World) -> str:
    state = json.loads(world.bucket.read(places.table_state(world.course, "tracking_events")) or b"{}")
    return " ".join(day[-2:] for day in state["days"])


def test_a_crash_behind_the_load_job_adopts_it(world: World) -> None:
    world.split(15, [(15, 1)])
    write = world.bucket.put

    def dying(name: str, content: Any, metadata: Any = None) -> bool:
        if name.endswith("tracking_events.json") and b'"2014-11-15"' in content.partition(b"pending")[0]:
            raise ConnectionError
        return write(name, content, metadata)

    world.bucket.put = dying  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.load(15)
    del world.bucket.put
    begun = world.loads()
    world.split(16, [(16, 1)])
    world.load(16)
    assert world.rows() == {15: 1, 16: 1}
    assert world.loads() - begun == 1  # that of the new day


def test_what_somebody_removed_is_filled_again_or_goes_too(world: World) -> None:
    for day in (15, 16):
        world.split(day, [(day, 1)])
        world.load(day)
    world.warehouse.drop(world.target)
    assert world.load(16) == [15, 16]
    assert world.rows() == {15: 1, 16: 1}

    world.warehouse.drop(world.warehouse.reference(places.logs_dataset(world.course), "tracklog_20141115"))
    assert world.load(16) == [15]
    assert world.rows() == {16: 1}


def test_rows_that_differ_from_the_manifest_are_told_and_not_read(world: World) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    world.bucket.delete([places.table_state(world.course, "tracking_events")])
    good = world.bucket.read(places.log_part(world.course, date(2014, 11, 15))) or b""
    world.bucket.put(places.log_part(world.course, date(2014, 11, 15)), gzip.compress(gzip.decompress(good) * 2))
    with pytest.raises(Terminal, match="E-CHK-101"):
        world.load(15)
    assert _days(world) == ""
    world.bucket.put(places.log_part(world.course, date(2014, 11, 15)), good)
    assert world.load(15) == [15]
    assert world.rows() == {15: 1}


def test_both_ways_of_reading_give_the_same_rows_and_make_nothing_again(world: World) -> None:
    world.split(15, [(14, 1), (14, 2), (15, 1)])
    world.split(16, [(15, 5), (16, 1)])
    world.split(17, [(17, 9), (14, 3)])
    for day in (15, 16, 17):
        world.load(day)
    assert world.build("days") == [14, 15, 16, 17]
    expected = world.built()
    assert len(expected) == 7
    assert world.build("partitioned") == []
    world.forget_builds()
    assert world.build("partitioned") == [14, 15, 16, 17]
    assert world.built() == expected

    world.split(16, [(16, 7)])
    world.load(16)
    assert world.build("partitioned") == [15, 16, 17]
    mixed = world.built()
    world.forget_builds()
    world.build("days")
    assert world.built() == mixed != expected


def test_a_query_of_partitions_names_one_table_and_the_days_it_reads(world: World) -> None:
    for day in (15, 16, 17):
        world.split(day, [(day, 1)])
        world.load(day)
    world.build("partitioned")
    world.split(15, [(15, 2)])
    world.load(15)
    world.build("partitioned")
    gaps = world.warehouse.client.get_table(
        world.warehouse.reference(places.latest_dataset(world.course), "gaps")
    ).description
    source = f"`{world.target}` WHERE log_date IN (DATE '2014-11-15', DATE '2014-11-16')"
    assert f"(SELECT * FROM {source}) AS log" in gaps
    assert "tracklog_2014" not in gaps


def test_days_that_the_partitioned_table_does_not_hold_are_read_from_their_day_tables(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_rows, "_TABLES_PER_QUERY", 2)
    for day in (15, 16):
        world.split(day, [(day, 1), (day, 2)])
        world.load(day)
    world.build("days")
    expected = world.built()
    world.warehouse.drop(world.target)
    world.forget_builds()
    world.build("partitioned")
    assert world.built() == expected
    world.load(15)
    world.warehouse.client.query_and_wait(f"DELETE FROM `{world.target}` WHERE log_date = DATE '2014-11-16'")
    state = places.table_state(world.course, "tracking_events")
    document = json.loads(world.bucket.read(state) or b"{}")
    del document["days"]["2014-11-16"]
    world.bucket.put(state, json.dumps(document).encode())
    world.forget_builds()
    world.build("partitioned")
    assert world.built() == expected


@pytest.mark.parametrize("log_tables", ["days", "partitioned"])
def test_new_columns_do_not_break_old_days(world: World, log_tables: str) -> None:
    world.split(15, [(15, 1)])
    world.load(15)
    mode = Field("mode", "STRING", "NULLABLE", "A new key.")
    struct = replace(STRUCT, fields=(GRADE, SPEED))  # a new field inside, before the old one
    world.change(TIME, mode, USER, KIND, struct, LINE, DAY)
    sql = (GAPS.sql or "").replace("log.event_struct.speed", "IF(log.mode = 'x', log.event_struct.grade, 0) AS speed")
    world.tables["secondary.gaps"] = replace(GAPS, sql=sql)

    assert world.build(log_tables) == [15]  # before any day came with the new key
    assert [row[2] for row in world.built()] == [0]
    world.split(16, [(16, 1)], mode="x")
    world.load(16)
    assert world.build(log_tables) == [16]
    assert [row[2] for row in world.built()] == [0, 9]
    world.forget_builds()
    assert world.build(log_tables) == [15, 16]
    assert [row[2] for row in world.built()] == [0, 9]
    assert world.rows() == {15: 1, 16: 1}


@pytest.mark.parametrize("log_tables", ["days", "partitioned"])
def test_columns_that_are_declared_no_more_do_not_break_old_days(world: World, log_tables: str) -> None:
    gone = Field("mode", "STRING", "NULLABLE", "A key that goes.")
    world.change(gone, TIME, USER, KIND, replace(STRUCT, fields=(GRADE, SPEED)), LINE, DAY)
    world.split(15, [(15, 1)], mode="x")
    world.load(15)
    world.change(*TRACKLOG.fields)

    assert world.build(log_tables) == [15]
    world.split(16, [(16, 1)])
    assert world.load(16) == [15, 16]
    world.forget_builds()
    assert world.build(log_tables) == [15, 16]
    assert [row[2] for row in world.built()] == [1.5, 1.5]
    assert world.rows() == {15: 1, 16: 1}
    assert world.load(15) == []  # its day table is loaded again from a part with more keys


def test_a_column_of_another_type_does_not_break_old_days(world: World) -> None:
    world.change(TIME, USER, KIND, replace(STRUCT, fields=(replace(SPEED, type="STRING"),)), LINE, DAY)
    world.split(15, [(15, 1)])
    world.load(15)
    world.change(*TRACKLOG.fields)
    world.build("days")
    assert [row[2] for row in world.built()] == [1.5]


def test_all_declared_columns_can_be_read_by_name_where_some_are_lacking(world: World, catalog: Catalog) -> None:
    declared = catalog["logs.tracklog"]
    older = [replace(it, fields=it.fields[::-2]) for it in declared.fields if it.name not in ("context", "received_at")]
    name = world.target.replace("tracking_events", "older")
    world.warehouse.ensure_dataset(places.latest_dataset(world.course), "Tables.")
    world.warehouse.create(replace(declared, fields=tuple(older)), name)
    sql = rows_as_declared(declared.fields, older, f"`{name}`")
    found = [(it.name, it.type, [inner.name for inner in it.fields]) for it in world.warehouse.columns(sql, {})]
    assert found == [(it.name, it.type, [inner.name for inner in it.fields]) for it in declared.fields]
