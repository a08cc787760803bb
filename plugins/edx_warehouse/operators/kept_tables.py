"""The tables of a course that are kept by event date: what they were made from, and what they should be made from."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.due import log_manifests
from edx_warehouse.tables.days import DaysState, LogDay, days_of_window, known_days, wanted_state
from edx_warehouse.tables.declarations import LOGS, Table
from edx_warehouse.tables.provenance import digest


class KeptTables:
    """One look at a course's tables of a window: everything is read once, when it is asked for.

    What each date of a table was made from is kept in an object beside the course's logs, and its digest in the
    table's label: when the two do not agree, as after a table was restored by hand, nobody knows what the table holds.
    """

    def __init__(self, tables: CourseTables) -> None:
        self.tables = tables
        self.bucket = tables.bucket
        self.warehouse = tables.warehouse
        self.catalog = tables.catalog
        self.course = tables.course
        self._states: dict[str, DaysState | None] = {}

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """The labels of the course's tables, by table name."""
        return self.warehouse.labels(self.tables.dataset)

    def served(self, name: str) -> DaysState | None:
        """Return what a table was made from; None when it is not there, or not as its state says."""
        if name not in self._states:
            table = self.catalog[name].name
            state_object = places.table_state(self.course, table, self.tables.window)
            content = self.bucket.read(state_object) if table in self.labels else None
            state = DaysState.from_json(content) if content else None
            known = state is not None and self.labels[table].get("digest") == state.digest
            self._states[name] = state if known else None
        return self._states[name]

    def wanted(self, name: str) -> DaysState | None:
        """Return what a table should be made from; None when a table that it reads is not there yet."""
        table = self.catalog[name]
        inputs = {}
        for read in self.catalog.inputs(name):
            if read != LOGS:
                state = self.served(read)
                if state is None:
                    return None
                inputs[read] = state
        days = None
        if LOGS in table.references:
            days = days_of_window(self.days(self.served(name)), self.tables.window, table.look_back)
        return wanted_state(_recipe(table), days, inputs, table.look_back, self.tables.window)

    def days(self, before: DaysState | None = None) -> Mapping[date, LogDay]:
        """Return the loaded day tables with the dates of their events, as far as the splits or a state know them."""
        return known_days(self._loaded, self._split, before)

    @cached_property
    def day_labels(self) -> dict[str, dict[str, str]]:
        """The labels of the course's day tables, by table name."""
        return self.warehouse.labels(places.logs_dataset(self.course))

    @cached_property
    def _loaded(self) -> Mapping[date, str]:
        prefix = "tracklog_"
        return {
            date.fromisoformat(name.removeprefix(prefix)): it["content"]
            for name, it in self.day_labels.items()
            if name.startswith(prefix) and "content" in it
        }

    @cached_property
    def _split(self) -> Mapping[date, LogDay]:
        return {
            day: LogDay(it["content"], tuple(map(date.fromisoformat, it["event_dates"].split())))
            for day, it in log_manifests(self.bucket, self.course).items()
            if "content" in it and "event_dates" in it
        }


def _recipe(table: Table) -> str:
    return digest(table.reference, table.sql, table.fields, {}, {"look_back": table.look_back})
