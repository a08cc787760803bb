"""The tables of a course that are kept by event date: what they were made from, and what they should be made from."""

from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.tables.days import DaysState, days_of_window, wanted_state
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
            days = days_of_window(self.days.known(self.served(name)), self.tables.window, table.look_back)
        return wanted_state(_recipe(table), days, inputs, table.look_back, self.tables.window)


def _recipe(table: Table) -> str:
    return digest(table.reference, table.sql, table.fields, {}, {"look_back": table.look_back})
