"""Starting the runs of whatever is due."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.runs import start_run
from edx_warehouse.operators import due
from edx_warehouse.operators.convert import week_of
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.kept_tables import KeptTables
from edx_warehouse.operators.later_runs import queued_runs
from edx_warehouse.operators.roles import CourseOperator, InstitutionOperator
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.unit import day_of
from edx_warehouse.tables.catalog import Catalog

_REST = timedelta(hours=20)  # of a daily run that failed: what fails again is told once a day, not each hour


class StartDeliveriesOperator(InstitutionOperator):
    """Start the split of each due log day and each due week of a course; late and replaced ones as well.

    The run of a unit is cleared when it exists. What is under way is left alone: it is looked at again next time.
    The Dag's ``conf`` may bound it: ``{"from": "2014-11-10", "to": "2014-11-14"}``, both inclusive.

    :param launches: by course, the first day that is split again for it when it is added to the registry; all days when
        it is not named.
    """

    def __init__(self, *, launches: Mapping[CourseKey, date] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.launches = launches

    def execute(self, context: Context) -> dict[str, str]:
        """Start; return what was done for each run."""
        conf = context["dag_run"].conf or {}
        first, last = (date.fromisoformat(conf.get(key) or default) for key, default in _OPEN)
        bucket = self.bucket()
        started = {}
        for day in due.due_days(bucket, self.courses, self.launches):
            if first <= day <= min(last, self.institution.last_due("logs")):
                dag_id = f"split_logs__{self.institution.name}"
                started[f"{dag_id} {day}"] = start_run(dag_id, day, "new or changed log files")
        courses = set()
        for week, course in due.due_weeks(bucket, self.courses):
            # Only a course's oldest week: when it ends, it starts the next one.
            if first <= week <= min(last, self.institution.last_due("weekly")) and course not in courses:
                courses.add(course)
                dag_id = f"course_weekly__{course.slug}"
                started[f"{dag_id} {week}"] = start_run(dag_id, week, "new or changed weekly export")
        for run, what in started.items():
            self.log.info("%s: %s", run, what)
        return started


_OPEN = (("from", "0001-01-01"), ("to", "9999-12-31"))


class StartLoadsOperator(InstitutionOperator):
    """Start the daily run of each course whose split events of this day are not those that are loaded."""

    def execute(self, context: Context) -> dict[str, str]:
        """Start; return what was done for each run."""
        day = day_of(context)
        bucket = self.bucket()
        warehouse = self.warehouse(f"{self.institution.name} {day}")
        started = {}
        for course in self.courses:
            if day in CourseDays(bucket, warehouse, course).to_load():
                dag_id = f"course_daily__{course.slug}"
                started[dag_id] = start_run(dag_id, day, "new or changed events")
                self.log.info("%s %s: %s", dag_id, day, started[dag_id])
        return started


class StartMissedLoadsOperator(InstitutionOperator):
    """Start the daily runs that nobody else starts any more, by what is split, what is loaded and what is built.

    A day whose run was under way when its events changed is not loaded. Builds that were left to later runs did not
    take place when these never came so far: then the newest loaded day's run builds for all days.
    The Dag's ``conf`` may bound the days: ``{"from": "2014-11-10", "to": "2014-11-14"}``, both inclusive.

    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, str]:
        """Start; return what was done for each run."""
        span = Span.of(context["dag_run"].conf or {})
        last = min(span.last, self.institution.last_due("logs"))
        span = Span(span.first, last)
        bucket, warehouse = self.bucket(), self.warehouse(self.institution.name)
        started = {}
        for course in self.courses:
            dag_id = f"course_daily__{course.slug}"
            days = CourseDays(bucket, warehouse, course)
            missed = {day: "new or changed events" for day in days.to_load() if day in span}
            newest = max((day for day in days.loaded if day in span), default=None)
            if not missed and newest and self._is_behind(days) and not queued_runs(dag_id, context):
                missed = {newest: "builds that did not take place"}
            for day, note in missed.items():
                started[f"{dag_id} {day}"] = start_run(dag_id, day, note, after_failure=_REST)
        for run, what in started.items():
            self.log.info("%s: %s", run, what)
        return started

    def _is_behind(self, days: CourseDays) -> bool:
        tables = CourseTables(self.institution, days.course, LATEST, self.catalog, days.bucket, days.warehouse)
        return KeptTables(tables, days).is_behind()


class StartNextWeekOperator(CourseOperator):
    """Start the next due week of a course, so that of several weeks each finds the tables of the one before."""

    def execute(self, context: Context) -> str:
        """Start it, if there is one; return what was done."""
        bucket = self.bucket()
        this = week_of(bucket, day_of(context))
        later = [week for week, _ in due.due_weeks(bucket, [self.course]) if week > this]
        if not later:
            return "no later week is due"
        return f"{later[0]} {start_run(f'course_weekly__{self.course.slug}', later[0], 'the next weekly export')}"
