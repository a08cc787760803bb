"""One course on the emulators, from its deliveries to its tables by date; its daily runs take place when told."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import DownstreamTasksSkipped
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.operators.start import StartLoadsOperator, StartMissedLoadsOperator
from edx_warehouse.operators.tables import LoadLogDayOperator
from edx_warehouse.pipelines.builds import kept_by_date
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from fakes.airflow_runs import AirflowRuns
from fakes.institution import DAY, DeliveredTo, event, log

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


def chain(catalog: Catalog) -> Catalog:
    """Return the tables of events as they are, and a chain of two that follow from them."""
    return Catalog([catalog["logs.tracklog"], catalog["ops.job_history"], ONE, TWO])


class DailyCourse(DeliveredTo):
    """One course of an institution, whose daily runs take place when the test says so."""

    def __init__(
        self,
        folder: Path,
        client: storage.Client,
        warehouse: Warehouse,
        name: str,
        catalog: Catalog,
        runs: AirflowRuns,
        course: CourseKey | None = None,
    ) -> None:
        super().__init__(folder, client, warehouse, name)
        self.course = course or CourseKey("HarvardX", "missed", name.removeprefix("test_")[:60])
        self.courses = [self.course]
        self.catalog = catalog
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
        for table in kept_by_date(self.catalog):
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
