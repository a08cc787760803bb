"""Tables across courses: from what each course's rows were made, and the queries that read many courses at once."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import batched

from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest

SNAPSHOT_DATE = "snapshot_date"
"""Column that a course's tables have in queries of layer ``report``: the day of its weekly export."""

REPORT = "report"
_TABLES_AT_ONCE = 400  # of the 1,000 that a query may name; also its text has a limit, of a million characters


@dataclass(frozen=True)
class ReportState:
    """Made from what a table's rows are.

    :param courses: by course id, the digest of what that course's rows were made from.
    """

    courses: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The label of a table in this state."""
        return digest(REPORT, None, (), dict(self.courses), {})

    def having(self, courses: Mapping[str, str], without: Iterable[str] = ()) -> "ReportState":
        """Return the state after some courses' rows were replaced and others' removed."""
        left = {name: it for name, it in self.courses.items() if name not in set(without)}
        return ReportState({**left, **courses})


def known_state(content: bytes | None, label: str | None) -> ReportState | None:
    """Return the state that a table's label names, of those that were written down; None when none is that."""
    states = [ReportState(it) for it in json.loads(content or b"[]")]
    return next((it for it in states if it.digest == label), None)


def states_json(states: Iterable[ReportState]) -> bytes:
    """Return what :func:`known_state` reads."""
    return json.dumps([dict(it.courses) for it in states], sort_keys=True).encode()


def report_tables(catalog: Catalog) -> list[Table]:
    """Return the tables across courses, each after its inputs."""
    return [catalog[it] for it in catalog.order(catalog) if catalog[it].layer == REPORT]


def is_of_courses(table: Table) -> bool:
    """Tell whether a table's rows are of single courses: its query reads their tables, not the institution's."""
    return any(it.split(".")[0] not in (REPORT, "reference") for it in table.references)


def groups(table: Table, courses: Sequence[str]) -> list[tuple[str, ...]]:
    """Divide courses so that one query of a group names few enough tables."""
    return list(batched(courses, max(1, _TABLES_AT_ONCE // max(1, len(table.references))), strict=False))


def union_of_courses(sql: str, table: Table, tables: Mapping[str, date]) -> str:
    """Return a subquery of all rows of one table of some courses, with :data:`SNAPSHOT_DATE` behind its columns.

    Only columns that the query's text names are in it: its length has a limit, and a course whose table lacks a column
    that nobody asks for can be read.

    :param sql: the query of the report.
    :param tables: day of the weekly export by ``project.dataset.table``.
    """
    words = set(re.findall(r"\w+", sql.casefold()))
    names = ", ".join(f"`{it.name}`" for it in table.fields if it.name.casefold() in words)
    parts = (f"SELECT {names}, DATE '{day}' AS {SNAPSHOT_DATE} FROM `{name}`" for name, day in tables.items())
    return "(" + " UNION ALL ".join(parts) + ")"
