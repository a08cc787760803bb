"""Building the tables that are kept by event date."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.warehouse import has_form_of
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.day_rows import DayRows
from edx_warehouse.operators.kept_tables import KeptTables
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.tables import CourseTableOperator
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.operators.whole_tables import check_columns
from edx_warehouse.tables.day_rows import rows_as_declared
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
        served = self.tables.warehouse.find(self.target) if before else None
        if served and not has_form_of(served, self.declared):
            log.warning(
                "%s is not of the form that its schema file declares: all of its dates are made again", self.target
            )
            before = None
        dates, told = outdated(before, wanted), dict[str, Any]()
        if dates:
            # One that is made by another recipe is replaced whole: its dates would not be of one kind meanwhile.
            is_known = before is not None and before.recipe == wanted.recipe
            told = self._publish(wanted, dates, context, is_known=is_known)
        elif served:
            self.tables.warehouse.retell(self.declared, served)
        if before != wanted:
            state = places.table_state(self.tables.course, self.declared.name, self.tables.window)
            self.tables.bucket.put(state, wanted.to_json())
        return told | {"table": self.target, "made": bool(dates), "dates": [str(it) for it in dates]}

    def _day_rows(self) -> DayRows:
        tables, declared = self.tables, self.tables.catalog.get(LOGS)
        if declared is None or LOGS not in self.declared.references:
            return DayRows(tables.warehouse, tables.course, (), {}, None)
        # While a day is loaded its partition is empty for moments. The course's one writer never sees that; whoever
        # makes windows works beside it, and reads the day tables, which are replaced in one step.
        is_partitioned = tables.institution.log_tables == "partitioned" and tables.window == LATEST
        events = TrackingEvents(tables.bucket, tables.warehouse, declared, tables.course) if is_partitioned else None
        return DayRows(tables.warehouse, tables.course, declared.fields, self.kept.days.labels, events)

    def _publish(self, wanted: DaysState, dates: list[date], context: Context, *, is_known: bool) -> dict[str, Any]:
        """Make all dates beside the served table, by as many queries as it takes, and put them in place in one step."""
        warehouse, declared = self.tables.warehouse, self.declared
        parts = self._parts(wanted, dates)

        def produce(into: str, key: str) -> list[Any]:
            if not is_known:  # the same query gave these columns before
                for it in parts:
                    check_columns(warehouse, declared, it.sql, it.parameters)
            return [
                warehouse.insert_dates(it.sql, it.parameters, declared, into, f"{key}_part{number}")
                for number, it in enumerate(parts, 1)
            ]

        course_id = str(self.tables.course)
        version = Version(
            table=declared,
            target=self.target,
            digest=wanted.digest,
            inputs={name: it for part in parts for name, it in part.inputs.items()},
            labels=self.tables.labels,
            course_id=course_id,
            sql=";\n".join(it.text for it in parts) if len(parts) > 1 else parts[0].sql,
            parameters={"course_id": course_id, "event_dates": [day for it in parts for day in it.dates]},
            dates=dates if is_known else None,
            debug={**self.tables.facts, "event_dates": " ".join(map(str, dates))},
        )
        return publish(warehouse, self.tables.catalog, version, produce, context)

    def _parts(self, wanted: DaysState, dates: list[date]) -> list["_Part"]:
        """Return the queries that make some dates; there is always one, if only of no rows."""
        # Dates whose events all went away are not asked for, and only removed.
        made, logs = [it for it in dates if it in wanted.dates], self._day_rows()
        if not made:
            nothing = rows_as_declared(self.declared.fields, (), "UNNEST([0]) WHERE FALSE")
            return [_Part(nothing, str(self.tables.course), [], {})]
        limit = logs.limit({day: it.content for day, it in wanted.days.items()})
        return [self._part(logs, wanted, group, days) for group, days in batches(made, wanted, limit)]

    def _part(self, logs: DayRows, wanted: DaysState, dates: list[date], days: list[date]) -> "_Part":
        inputs, targets = {}, {}
        for name in self.declared.references:
            if name != LOGS:
                read, state = self.tables.target(name.split(".")[1]), self.kept.served(name)
                inputs[read], targets[name] = state.digest if state else "", f"`{read}`"
        try:
            if days:
                targets[LOGS], contents = logs.read({day: wanted.days[day].content for day in days})
                inputs |= contents
            sql = bind(self.declared.sql or "", targets)
        except Terminal as error:
            # Too many days for a query: only one date alone can have them, as others were divided.
            unit = f"{self.tables.course} {dates[0]}"
            raise Terminal(replace(error.problem, unit=unit, file=self.target)) from None
        return _Part(sql, str(self.tables.course), dates, inputs)


@dataclass(frozen=True)
class _Part:
    """A query for some of the dates.

    :param inputs: fingerprint of each table it reads by its name.
    """

    sql: str
    course_id: str
    dates: list[date]
    inputs: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of its parameters."""
        return {"course_id": self.course_id, "event_dates": self.dates}

    @property
    def text(self) -> str:
        """The query as it is recorded beside others."""
        return f"-- @event_dates from {self.dates[0]} to {self.dates[-1]}\n{self.sql}"
