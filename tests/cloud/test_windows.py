"""Windows of one course, planned and built by their operators from loaded days and converted weeks."""

import gzip
import json
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Course, Institution
from edx_warehouse.domain.windows import Window
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.windows import BuildWindowOperator, PlanWindowsOperator, WindowOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table

pytestmark = pytest.mark.cloud

DATE = Field("date", "DATE", "REQUIRED", "Day of the events.")
TIME = Field("time", "TIMESTAMP", "REQUIRED", "When.")
LINE = Field("line", "INTEGER", "REQUIRED", "Line of the file.")
USER = Field("user_id", "INTEGER", "REQUIRED", "Who.")
PEOPLE = Field("people", "INTEGER", "REQUIRED", "How many there were.")
EVENTS = Field("events", "INTEGER", "NULLABLE", "How many there were.")
SECONDS = Field("seconds", "INTEGER", "NULLABLE", "Sum of the gaps before them.")


def table(layer: str, name: str, fields: tuple[Field, ...], sql: str | None = None, **more: Any) -> Table:
    return Table(
        layer, name, f"Rows of {name}.", (fields[0].name,), more.pop("partition", None), (), fields, sql=sql, **more
    )


TRACKLOG = table("logs", "tracklog", (LINE, TIME))
JOINED = table("transformed", "joined", (USER, TIME))
GAPS = table(  # a gap belongs to the date of its later event
    "secondary",
    "gaps",
    (DATE, EVENTS, SECONDS),
    "WITH gaps AS (SELECT DATE(log.time) AS date,"
    " TIMESTAMP_DIFF(log.time, LAG(log.time) OVER (ORDER BY log.time), SECOND) AS gap FROM logs.tracklog AS log"
    " WHERE DATE(log.time) IN UNNEST(@event_dates) OR DATE_ADD(DATE(log.time), INTERVAL 1 DAY) IN UNNEST(@event_dates))"
    " SELECT gaps.date, COUNT(*) AS events, SUM(gaps.gap) AS seconds FROM gaps"
    " WHERE gaps.date IN UNNEST(@event_dates) GROUP BY gaps.date",
    partition="date",
    references=("logs.tracklog",),
    parameters=("event_dates",),
    look_back=1,
)
TOTALS = table(
    "secondary",
    "totals",
    (PEOPLE, EVENTS, SECONDS),
    "SELECT COUNT(*) AS people, MAX(sums.events) AS events, MAX(sums.seconds) AS seconds"
    " FROM transformed.joined AS person CROSS JOIN (SELECT SUM(day.events) AS events, SUM(day.seconds) AS seconds"
    " FROM secondary.gaps AS day) AS sums WHERE person.time < TIMESTAMP(@until)",
    references=("secondary.gaps", "transformed.joined"),
    parameters=("until",),
)


def november(day: int) -> date:
    return date(2014, 11, day)


EARLY, LATE, WHOLE = (
    Window("early", november(10), november(16)),
    Window("late", november(16), november(20)),
    Window("all", november(10), november(20)),
)


class World:
    """One course: days that are loaded, weeks that are converted, and three windows of which two make up the third."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, catalog: Catalog, key: CourseKey) -> None:
        self.bucket, self.warehouse, self.key = bucket, warehouse, key
        institution = Institution("HarvardX", warehouse.project, bucket.name, "file:///none", ("harvardx",), ("prod",))
        self.course = Course(key, institution)
        self.catalog = Catalog([TRACKLOG, JOINED, GAPS, TOTALS, catalog["ops.job_history"]])
        self.windows: tuple[Window, ...] = (EARLY, LATE, WHOLE)
        warehouse.ensure_dataset(places.logs_dataset(key), "Day tables.")

    def load(self, day: int, *hours: tuple[int, int]) -> None:
        """Split and load a delivered day of November: its events, each as day of November and hour."""
        delivered = november(day)
        name = self.warehouse.reference(places.logs_dataset(self.key), places.day_table(delivered))
        times = ", ".join(f"TIMESTAMP '2014-11-{it:02} {hour:02}:00:00+00'" for it, hour in hours)
        self.warehouse.client.query_and_wait(
            f"CREATE OR REPLACE TABLE `{name}` AS SELECT n AS line, time FROM UNNEST([{times}]) AS time WITH OFFSET AS n"
        )
        served = self.warehouse.client.get_table(name)
        metadata = {
            "content": f"c{hash(hours) % 10**9}",
            "event_dates": " ".join({f"2014-11-{it:02}" for it, _ in hours}),
        }
        served.labels = {"content": metadata["content"]}
        self.warehouse.client.update_table(served, ["labels"])
        self.bucket.put(places.log_manifest(self.key, delivered), json.dumps(metadata).encode(), metadata)

    def convert(self, day: int, *joined: int) -> None:
        """Convert a weekly export: on which days of November somebody joined."""
        prefix = places.week_of_course(self.key, november(day))
        rows = [{"user_id": n, "time": f"2014-11-{it:02}T00:00:00Z"} for n, it in enumerate(joined)]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        outputs = {"transformed/joined.json.gz": {"sha256": sha256_of(content), "rows": len(rows)}}
        self.bucket.put(f"{prefix}transformed/joined.json.gz", gzip.compress(content, mtime=0))
        self.bucket.put(f"{prefix}raw/users.csv.gz", gzip.compress(f"{day}\n".encode(), mtime=0))
        self.bucket.put(f"{prefix}converted.json", json.dumps({"outputs": outputs}).encode())

    def plan(self) -> list[str]:
        """Return the windows that have something to do."""
        return [it["window"] for it in self._task(PlanWindowsOperator).execute({})]

    def build(self, *windows: Window) -> list[list[str]]:
        """Build windows; return for each which tables were made."""
        context = {
            "ti": SimpleNamespace(dag_id="windows__x", task_id="build_window", try_number=1),
            "dag_run": SimpleNamespace(run_id="scheduled__2014-11-20", dag_id="windows__x"),
        }
        units = [{"course": str(self.key), "window": it.name} for it in windows]
        return [self._task(BuildWindowOperator, unit=unit).execute(context)["tables"] for unit in units]

    def _task(self, operator: type[WindowOperator], **arguments: Any) -> Any:
        bucket, warehouse = self.bucket, self.warehouse

        class Task(operator):  # type: ignore[misc, valid-type]
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        place = {"institution": self.course.institution, "taught": [self.course], "windows": self.windows}
        return Task(task_id="task", catalog=self.catalog, **place, **arguments)

    def rows(self, window: Window, name: str = "totals") -> list[dict[str, Any]]:
        """Return a table's rows in order."""
        target = self.warehouse.reference(places.dataset(self.key, window), name)
        return sorted((dict(row) for row in self.warehouse.client.list_rows(target)), key=str)

    def manifest(self, window: Window) -> dict[str, Any]:
        return json.loads(self.bucket.read(places.window_folder(self.key, window) + "MANIFEST.json") or b"{}")

    def traces(self) -> tuple[int, Mapping[str, int]]:
        """Return how many jobs there were, and which write made each of the course's objects."""
        objects = {it.name: it.generation for it in self.bucket.objects(f"{self.key.slug}/")}
        return sum(1 for _ in self.warehouse.client.list_jobs(all_users=True)), objects


@pytest.fixture
def world(bucket: Bucket, warehouse: Warehouse, catalog: Catalog, place: str) -> World:
    return World(bucket, warehouse, catalog, CourseKey("HarvardX", "windows", place.removeprefix("test_")[:50]))


def test_windows_are_of_their_dates_and_nest_and_nothing_is_done_twice(world: World) -> None:
    world.load(15, (9, 20), (15, 20), (15, 23))
    world.load(17, (16, 1), (17, 1), (20, 1))
    world.convert(21, 1, 16, 20)
    assert world.plan() == ["early", "late", "all"]
    assert world.build(EARLY, LATE, WHOLE) == [["joined", "gaps", "totals"]] * 3

    # The gap over the edge, from 23 h to 1 h, is the later window's; those who joined at a window's end are not in it.
    assert world.rows(EARLY) == [{"people": 1, "events": 2, "seconds": 3 * 3600}]
    assert world.rows(LATE) == [{"people": 2, "events": 2, "seconds": 26 * 3600}]
    assert world.rows(WHOLE) == [{"people": 2, "events": 4, "seconds": 29 * 3600}]
    assert world.rows(WHOLE, "gaps") == world.rows(EARLY, "gaps") + world.rows(LATE, "gaps")

    before = world.traces()
    assert world.plan() == []
    assert world.build(WHOLE) == [[]]
    assert world.traces() == before

    made = world.rows(EARLY, "gaps"), world.rows(EARLY), world.manifest(EARLY)["tables"]
    world.warehouse.client.delete_dataset(places.dataset(world.key, EARLY), delete_contents=True)
    assert world.plan() == ["early"]
    folder = places.window_folder(world.key, EARLY)
    gone = [*world.bucket.objects(folder), *world.bucket.objects(f"{world.key.slug}/state/early/")]
    world.bucket.delete(it.name for it in gone)
    world.build(EARLY)
    assert (world.rows(EARLY, "gaps"), world.rows(EARLY), world.manifest(EARLY)["tables"]) == made


def test_a_window_is_made_again_when_its_own_days_or_week_change_and_only_then(world: World) -> None:
    world.windows = (EARLY, LATE)
    world.load(15, (15, 23))
    world.convert(9, 1)
    world.build(EARLY)
    manifest = world.manifest(EARLY)
    assert (manifest["week"], manifest["week_days_after_end"]) == ("2014-11-09", -7)
    assert list(manifest["log_days"]) == ["2014-11-15"]
    names = ["raw/users.csv.gz", "secondary/gaps.csv.gz", "secondary/totals.csv.gz", "transformed/joined.json.gz"]
    assert [it["name"] for it in manifest["files"]] == names

    world.load(18, (18, 1))
    assert world.plan() == ["late"]  # of November 16 and 17 nothing is known, so it does not look back to the 15th
    world.load(19, (15, 22))  # late events
    world.convert(17, 1, 2)  # the first export that knows all of the early window
    world.windows = (EARLY,)
    assert world.plan() == ["early"]
    assert world.build(EARLY) == [["joined", "gaps", "totals"]]
    assert world.rows(EARLY) == [{"people": 2, "events": 2, "seconds": 3600}]
    assert world.manifest(EARLY)["week"] == "2014-11-17"
    raw = world.bucket.read(places.window_folder(world.key, EARLY) + "raw/users.csv.gz") or b""
    assert gzip.decompress(raw) == b"17\n"
    labels = world.warehouse.labels(places.dataset(world.key, EARLY))["joined"]
    assert (labels["snapshot_date"], labels["window"]) == ("2014-11-17", "early")
    served = world.warehouse.client.get_table(world.warehouse.reference(places.dataset(world.key, EARLY), "joined"))
    assert "Debug export: 2014-11-17, dated 1 days after the window's end" in (served.description or "")
    assert "Debug window: early (2014-11-10 to before 2014-11-16)" in (served.description or "")
    world.convert(18, 1, 2)
    assert world.plan() == []


def test_without_an_export_only_what_the_logs_tell_is_made(world: World) -> None:
    world.windows = (EARLY,)
    world.load(15, (15, 23))
    assert world.build(EARLY) == [["gaps"]]
    assert world.manifest(EARLY)["week"] is None
    assert world.plan() == []


def test_a_table_that_fails_holds_what_is_made_of_it_and_the_window_stays_due(world: World) -> None:
    world.windows = (EARLY,)
    world.load(15, (15, 23))
    world.convert(16, 1)
    spoilt = world.bucket.read(f"{places.week_of_course(world.key, november(16))}converted.json") or b""
    name = f"{places.week_of_course(world.key, november(16))}converted.json"
    world.bucket.put(name, spoilt.replace(b'"rows": 1', b'"rows": 2'))
    with pytest.raises(Terminal, match="E-CHK-101"):
        world.build(EARLY)
    assert world.rows(EARLY, "gaps") == [{"date": november(15), "events": 1, "seconds": None}]
    assert world.manifest(EARLY) == {}
    world.bucket.put(name, spoilt)
    assert world.plan() == ["early"]
    assert world.build(EARLY) == [["joined", "totals"]]
