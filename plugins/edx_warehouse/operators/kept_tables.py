"""The tables of a course that are kept by event date: what they were made from, and what they should be made from."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.tables.days import DaysState, days_of_window, outdated, wanted_state
from edx_warehouse.tables.declarations import LOGS, Table
from edx_warehouse.tables.provenance import digest


class KeptTables:
    """One look at a course's tables of a window: everything is read once, when it is asked for.

    What each date of a table was made from is kept in an object beside the course's logs, and its digest in the
    table's label: when the two do not agree, as after a table was restored by hand, nobody knows what the table holds.

    :param days: an earlier look at the course's log days, to go by.
    """

    def __init__(self, tables: CourseTables, days: CourseDays | None = None) -> None:
        self.tables = tables
        self.catalog = tables.catalog
        self.days = days or CourseDays(tables.bucket, tables.warehouse, tables.course)
        self._states: dict[str, DaysState | None] = {}

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """The labels of the course's tables, by table name."""
        return self.tables.warehouse.labels(self.tables.dataset)

    def served(self, name: str) -> DaysState | None:
        """Return what a table was made from; None when it is not there, or not as its state says."""
        if name not in self._states:
            table = self.catalog[name].name
            state_object = places.table_state(self.tables.course, table, self.tables.window)
            content = self.tables.bucket.read(state_object) if table in self.labels else None
            state = DaysState.from_json(content) if content else None
            known = state is not None and self.labels[table].get("digest") == state.digest
            self._states[name] = state if known else None
        return self._states[name]

    def wanted(self, name: str) -> DaysState | None:
        """Return what a table should be made from; None when a table that it reads is not there yet."""
        inputs = {}
        for read in self._reads(name):
            state = self.served(read)
            if state is None:
                return None
            inputs[read] = state
        return self._wanted(name, self.served(name), inputs)

    def outdated(self, name: str) -> list[date]:
        """Return the dates of a table that are to be made again, or removed; none while a table that it reads is lacking."""
        wanted = self.wanted(name)
        return outdated(self.served(name), wanted) if wanted else []

    def is_behind(self) -> bool:
        """Tell whether a table has dates to be made again. Where the labels say that none has, nothing else is read."""
        names = [it for it in self.catalog.order(self.catalog) if self.catalog[it].is_kept_by_date]
        return not self._are_labelled(names) and any(self.outdated(name) for name in names)

    def _are_labelled(self, names: Iterable[str]) -> bool:
        """Tell whether every table has the label that it would have, were all made now of the days that are loaded.

        :param names: all tables that are kept by date, in the order of their inputs.
        """
        states: dict[str, DaysState] = {}
        for name in names:
            states[name] = self._wanted(name, None, {read: states[read] for read in self._reads(name)})
            label = self.labels.get(self.catalog[name].name, {}).get("digest")
            if label != states[name].digest and (label or states[name].dates):
                return False
        return True

    def _reads(self, name: str) -> list[str]:
        return [it for it in self.catalog.inputs(name) if it != LOGS]

    def _wanted(self, name: str, before: DaysState | None, inputs: Mapping[str, DaysState]) -> DaysState:
        table = self.catalog[name]
        days = None
        if LOGS in table.references:
            days = days_of_window(self.days.known(before), self.tables.window, table.look_back)
        return wanted_state(_recipe(table), days, inputs, table.look_back, self.tables.window)


def _recipe(table: Table) -> str:
    # A table that is to be divided otherwise has to be made anew as well.
    form = {"look_back": table.look_back, "partition": table.partition, "cluster": list(table.cluster)}
    return digest(table.reference, table.sql, table.fields, {}, form)
