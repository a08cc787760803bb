"""Building the tables that are kept by event date."""

import logging
from dataclasses import replace
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.warehouse import fields_of
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.day_rows import DayRows
from edx_warehouse.operators.due import digest_of
from edx_warehouse.operators.kept_tables import KeptTables
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.tables import CourseTableOperator
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.operators.whole_tables import check_columns
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.days import DaysState, batches, outdated
from edx_warehouse.tables.declarations import LOGS
from edx_warehouse.tables.references import bind

log = logging.getLogger(__name__)


class BuildDaysOperator(CourseTableOperator):
    """Rebuild the dates of a table whose events changed, and no others.

    :param table: reference of a table that is kept by event date.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context: Context) -> dict[str, Any]:
        """Build what is out of date; return the dates."""
        return self.announce(context, BuildDays(self.course_tables(""), self.table).run(context))


class BuildDays:
    """The build of one table that is kept by event date.

    A table that is not as its state or its declaration says is made again for all dates, and replaced whole.

    :param table: its reference.
    :param days: an earlier look at the course's log days, to go by.
    """

    def __init__(self, tables: CourseTables, table: str, days: CourseDays | None = None) -> None:
        self.tables = tables
        self.table = table
        self.declared = tables.catalog[table]
        self.target = tables.target(self.declared.name)
        self.kept = KeptTables(tables, days)

    def run(self, context: Context) -> dict[str, Any]:
        """Build what is out of date; return the dates.

        :raises AirflowSkipException: when a table that it reads is not there yet.
        """
        before, wanted = self.kept.served(self.table), self.kept.wanted(self.table)
        if wanted is None:
            raise AirflowSkipException(
                f"A table that {self.target} is made from is not there yet, or not as its state says."
            )
        if before and not self._is_as_declared():
            log.warning("%s has not the columns of its schema file: all of its dates are made again", self.target)
            before = None
        dates, logs = outdated(before, wanted), self._day_rows()
        limit = logs.limit({day: it.content for day, it in wanted.days.items()})
        groups = list(batches(dates, wanted, limit))
        for number, (group, days) in enumerate(groups):
            version = self._version(logs, wanted, group, days)
            # Only the last group may say that the table is as wanted: the others would be taken for done.
            if number < len(groups) - 1:
                version = replace(version, digest=digest_of([wanted.digest, *group]))
            if before is None and number == 0:
                version = replace(version, dates=None)
            self._publish(version, context, is_known=before is not None and before.recipe == wanted.recipe)
        if before != wanted:
            state = places.table_state(self.tables.course, self.declared.name, self.tables.window)
            self.tables.bucket.put(state, wanted.to_json())
        return {"table": self.target, "made": bool(dates), "dates": [str(it) for it in dates]}

    def _is_as_declared(self) -> bool:
        served = self.tables.warehouse.find(self.target)
        return served is not None and not schema_diff(self.declared.fields, fields_of(served.schema), descriptions=True)

    def _day_rows(self) -> DayRows:
        tables, declared = self.tables, self.tables.catalog.get(LOGS)
        if declared is None or LOGS not in self.declared.references:
            return DayRows(tables.warehouse, tables.course, (), {}, None)
        # While a day is loaded its partition is empty for moments. The course's one writer never sees that; whoever
        # makes windows works beside it, and reads the day tables, which are replaced in one step.
        is_partitioned = tables.institution.log_tables == "partitioned" and tables.window == LATEST
        events = TrackingEvents(tables.bucket, tables.warehouse, declared, tables.course) if is_partitioned else None
        return DayRows(tables.warehouse, tables.course, declared.fields, self.kept.days.labels, events)

    def _version(self, logs: DayRows, wanted: DaysState, dates: list[date], days: list[date]) -> Version:
        inputs, targets = {}, {}
        for name in self.declared.references:
            if name != LOGS:
                read, state = self.tables.target(name.split(".")[1]), self.kept.served(name)
                inputs[read], targets[name] = state.digest if state else "", f"`{read}`"
        if days:
            targets[LOGS], contents = logs.read({day: wanted.days[day].content for day in days})
            inputs |= contents
        # Dates whose events all went away are not asked for, and only removed; without any other nothing is asked.
        made = [it for it in dates if it in wanted.dates]
        course_id = str(self.tables.course)
        return Version(
            table=self.declared,
            target=self.target,
            digest=wanted.digest,
            inputs=inputs,
            labels=self.tables.labels,
            course_id=course_id,
            sql=bind(self.declared.sql or "", targets) if made else f"SELECT * FROM `{self.target}` WHERE FALSE",
            parameters={"course_id": course_id, "event_dates": made},
            dates=dates,
            debug={**self.tables.facts, "event_dates": " ".join(map(str, dates))},
        )

    def _publish(self, wanted: Version, context: Context, *, is_known: bool) -> None:
        warehouse = self.tables.warehouse

        def produce(into: str, key: str) -> Any:
            sql = wanted.sql or ""
            if not is_known:  # the same query gave these columns before
                check_columns(warehouse, wanted.table, sql, wanted.parameters)
            return warehouse.insert(sql, wanted.parameters, wanted.table.fields, into, key)

        publish(warehouse, self.tables.catalog, wanted, produce, context)
