"""Building the tables that are kept by event date."""

from dataclasses import replace
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators.day_rows import DayRows
from edx_warehouse.operators.due import digest_of
from edx_warehouse.operators.kept_tables import KeptTables
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.tables import CourseTableOperator, check_columns
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.days import DaysState, batches, outdated
from edx_warehouse.tables.declarations import LOGS
from edx_warehouse.tables.references import bind


class BuildDaysOperator(CourseTableOperator):
    """Rebuild the dates of a table whose events changed, and no others.

    A table that is not as its state or its declaration says is made again for all dates, and replaced whole.

    :param table: reference of a table that is kept by event date.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context: Context) -> dict[str, Any]:
        """Build what is out of date; return the dates."""
        bucket, warehouse = self.bucket(), self.warehouse("")
        declared = self.catalog[self.table]
        target = warehouse.reference(places.latest_dataset(self.course), declared.name)
        tables = KeptTables(bucket, warehouse, self.catalog, self.course)
        before, wanted = tables.served(self.table), tables.wanted(self.table)
        if wanted is None:
            raise AirflowSkipException(
                f"A table that {target} is made from is not there yet, or not as its state says."
            )
        if before and not self._is_as_declared(warehouse, target):
            self.log.warning("%s has not the columns of its schema file: all of its dates are made again", target)
            before = None
        dates, logs = outdated(before, wanted), self._day_rows(tables)
        limit = logs.limit({day: it.content for day, it in wanted.days.items()})
        groups = list(batches(dates, wanted, limit))
        for number, (group, days) in enumerate(groups):
            version = self._version(tables, logs, wanted, group, days)
            # Only the last group may say that the table is as wanted: the others would be taken for done.
            if number < len(groups) - 1:
                version = replace(version, digest=digest_of([wanted.digest, *group]))
            if before is None and number == 0:
                version = replace(version, dates=None)
            self._publish(warehouse, version, context, is_known=before is not None and before.recipe == wanted.recipe)
        if before != wanted:
            bucket.put(places.table_state(self.course, declared.name), wanted.to_json())
        return self.announce(context, {"table": target, "made": bool(dates), "dates": [str(it) for it in dates]})

    def _is_as_declared(self, warehouse: Warehouse, target: str) -> bool:
        served = warehouse.find(target)
        return served is not None and not schema_diff(
            self.catalog[self.table].fields, fields_of(served.schema), descriptions=True
        )

    def _day_rows(self, tables: KeptTables) -> DayRows:
        declared = self.catalog.get(LOGS)
        if declared is None or LOGS not in self.catalog.inputs(self.table):
            return DayRows(tables.warehouse, self.course, (), {}, None)
        is_partitioned = self.institution.log_tables == "partitioned"
        events = TrackingEvents(tables.bucket, tables.warehouse, declared, self.course) if is_partitioned else None
        return DayRows(tables.warehouse, self.course, declared.fields, tables.day_labels, events)

    def _version(
        self, tables: KeptTables, logs: DayRows, wanted: DaysState, dates: list[date], days: list[date]
    ) -> Version:
        warehouse = tables.warehouse
        declared, dataset = self.catalog[self.table], places.latest_dataset(self.course)
        inputs, targets = {}, {}
        for name in self.catalog.inputs(self.table):
            if name != LOGS:
                read, state = warehouse.reference(dataset, name.split(".")[1]), tables.served(name)
                inputs[read], targets[name] = state.digest if state else "", f"`{read}`"
        if days:
            targets[LOGS], contents = logs.read({day: wanted.days[day].content for day in days})
            inputs |= contents
        target = warehouse.reference(dataset, declared.name)
        # Dates whose events all went away are not asked for, and only removed; without any other nothing is asked.
        made = [it for it in dates if it in wanted.dates]
        return Version(
            table=declared,
            target=target,
            digest=wanted.digest,
            inputs=inputs,
            labels=self.labels(),
            course_id=str(self.course),
            sql=bind(declared.sql or "", targets) if made else f"SELECT * FROM `{target}` WHERE FALSE",
            parameters={"course_id": str(self.course), "event_dates": made},
            dates=dates,
            debug={"event_dates": " ".join(map(str, dates))},
        )

    def _publish(self, warehouse: Warehouse, wanted: Version, context: Context, *, is_known: bool) -> None:
        def produce(into: str, key: str) -> Any:
            sql = wanted.sql or ""
            if not is_known:  # the same query gave these columns before
                check_columns(warehouse, wanted.table, sql, wanted.parameters)
            return warehouse.insert(sql, wanted.parameters, wanted.table.fields, into, key)

        publish(warehouse, self.catalog, wanted, produce, context)
