"""Daily runs that nobody would start any more: of days that changed meanwhile, and of builds that never took place."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.operators.start import StartLoadsOperator, StartMissedLoadsOperator
from edx_warehouse.operators.tables import LoadLogDayOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from fakes.airflow_runs import AirflowRuns
from fakes.institution import DAY, DeliveredTo, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

NEXT = DAY + timedelta(days=1)
DATE = Field("date", "DATE", "REQUIRED", "Day of the events.")
EVENTS = Field("events", "INTEGER", "NULLABLE", "How many there were.")


def by_date(name: str, sql: str, reads: str) -> Table:
    where = "WHERE DATE(it.time) IN" if reads == "logs.tracklog" else "WHERE it.date IN"
    return Table(
        layer="secondary",
        name=name,
        description=f"Rows of {name}.",
        grain=("date",),
        partition="date",
        cluster=(),
        fields=(DATE, EVENTS),
        sql=f"{sql} FROM {reads} AS it {where} UNNEST(@event_dates) GROUP BY 1",
        references=(reads,),
        parameters=("event_dates",),
    )


ONE = by_date("one", "SELECT DATE(it.time) AS date, COUNT(*) AS events", "logs.tracklog")
TWO = by_date("two", "SELECT it.date, SUM(it.events) AS events", "secondary.one")


class Course(DeliveredTo):
    """One course of an institution, whose daily runs take place when the test says so."""

    def __init__(
        self, folder: Path, client: storage.Client, warehouse: Warehouse, name: str, catalog: Catalog, runs: AirflowRuns
    ) -> None:
        super().__init__(folder, client, warehouse, name)
        self.course = CourseKey("HarvardX", "missed", name.removeprefix("test_")[:60])
        self.courses = [self.course]
        self.catalog = Catalog([catalog["logs.tracklog"], catalog["ops.job_history"], ONE, TWO])
        self.runs = runs
        self.dag_id = f"course_daily__{self.course.slug}"

    def come(self, *numbers: int, day: date = DAY) -> None:
        """Deliver a day with these events, and split it."""
        self.deliver(log([event(n, self.course, day) for n in numbers]), day)
        self.mirror()
        self.split(day)

    def start_loads(self, day: date = DAY) -> list[str]:
        """Return what the end of a split does."""
        task = self.task(StartLoadsOperator, courses=self.courses)
        return list(task.execute(self.context(day)).values())

    def look(self, **conf: str) -> dict[str, str]:
        """Return what the hourly look does, by day."""
        task = self.task(StartMissedLoadsOperator, courses=self.courses, catalog=self.catalog)
        started = task.execute(self.context(DAY, **conf))
        return {it.removeprefix(f"{self.dag_id} "): what for it, what in started.items()}

    def load(self, day: date = DAY) -> bool:
        """Load a day; return whether what follows is left to later runs."""
        task = self.task(LoadLogDayOperator, course=self.course, catalog=self.catalog)
        try:
            task.execute(self.context(day))
        except DownstreamTasksSkipped:
            return True
        return False

    def build(self) -> None:
        for table in ("secondary.one", "secondary.two"):
            place = {"course": self.course, "catalog": self.catalog}
            self.task(BuildDaysOperator, table=table, **place).execute(self.context(DAY))

    def run(self, day: date = DAY) -> None:
        """Let the run of a day take place, to its good end."""
        if not self.load(day):
            self.build()
        self.runs.put(self.dag_id, day, "success")

    def context(self, day: date, **conf: str) -> dict[str, Any]:
        instance = SimpleNamespace(
            dag_id=self.dag_id,
            task_id="task",
            try_number=1,
            get_dr_count=lambda dag_id, states: len(self.runs.queued(dag_id)),
        )
        run = SimpleNamespace(
            dag_id=self.dag_id, run_id="run", run_type="operator_triggered", logical_date=midnight(day), conf=conf
        )
        return {"ti": instance, "dag_run": run}

    def built(self) -> dict[date, int]:
        table = self.warehouse.reference(places.latest_dataset(self.course), "two")
        return {row["date"]: row["events"] for row in self.warehouse.client.query_and_wait(f"SELECT * FROM `{table}`")}


@pytest.fixture
def course(
    tmp_path: Path,
    storage_proxy: StrictProxy,
    storage_client: storage.Client,
    warehouse: Warehouse,
    place: str,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> Course:
    return Course(tmp_path, storage_client, warehouse, place, catalog, AirflowRuns(monkeypatch))


def test_a_day_that_changed_while_its_run_was_under_way_is_loaded_after_all(course: Course) -> None:
    course.come(1, 2)
    assert course.start_loads() == ["started"]
    course.runs.put(course.dag_id, DAY, "running")
    course.load()
    course.build()
    course.come(1, 2, 3)
    assert course.start_loads() == ["active"]
    assert course.look() == {str(DAY): "active"}
    course.runs.put(course.dag_id, DAY, "success")
    assert course.built() == {DAY: 2}

    assert course.look() == {str(DAY): "cleared"}
    course.runs.put(course.dag_id, DAY, "running")
    course.run()
    assert course.built() == {DAY: 3}
    assert course.look() == {}


def test_builds_that_were_left_to_runs_that_never_built_take_place_after_all(course: Course) -> None:
    course.come(1)
    course.come(1, 2, day=NEXT)
    assert [*course.start_loads(), *course.start_loads(NEXT)] == ["started", "started"]
    course.runs.put(course.dag_id, DAY, "running")
    assert course.load(DAY) is True
    assert course.load(NEXT) is True
    course.runs.put(course.dag_id, DAY, "success")
    assert course.look() == {}, "a run is queued that will build"
    course.runs.put(course.dag_id, NEXT, "success")

    assert course.look() == {str(NEXT): "cleared"}
    course.runs.put(course.dag_id, NEXT, "running")
    course.run(NEXT)
    assert course.built() == {DAY: 1, NEXT: 2}
    assert course.look() == {}


def test_a_run_that_loads_nothing_leaves_its_builds_to_nobody(course: Course) -> None:
    course.come(1)
    course.runs.put(course.dag_id, NEXT, "queued")
    assert course.load() is True
    assert course.load() is False


def test_a_run_that_failed_rests_for_most_of_a_day(course: Course) -> None:
    course.come(1)
    failed = datetime.now(UTC)
    course.runs.put(course.dag_id, DAY, "failed", ended=failed)
    assert course.look() == {str(DAY): "failed"}
    course.runs.put(course.dag_id, DAY, "failed", ended=failed - timedelta(hours=20))
    assert course.look() == {str(DAY): "cleared"}


def test_a_run_that_failed_is_cleared_at_once_when_its_day_is_split_anew(course: Course) -> None:
    course.come(1)
    course.runs.put(course.dag_id, DAY, "failed")
    assert course.start_loads() == ["cleared"]


def test_the_look_keeps_to_the_days_that_it_is_given(course: Course) -> None:
    course.come(1)
    course.come(1, day=NEXT)
    assert course.look(**{"from": str(NEXT)}) == {str(NEXT): "started"}
    course.run(NEXT)
    assert course.look(to=str(DAY - timedelta(days=1))) == {}


def test_a_table_that_somebody_took_away_is_made_again(course: Course) -> None:
    course.come(1)
    course.run()
    assert course.look() == {}
    course.warehouse.drop(course.warehouse.reference(places.latest_dataset(course.course), "two"))
    assert course.look() == {str(DAY): "cleared"}


def test_a_look_that_finds_nothing_reads_labels_and_no_states(course: Course, storage_proxy: StrictProxy) -> None:
    course.come(1)
    course.run()
    storage_proxy.forget()
    assert course.look() == {}
    assert storage_proxy.count("GET", "/state") == 0
    assert len(storage_proxy.seen) == 1
