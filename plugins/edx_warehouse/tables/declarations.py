"""What a table is said to be: its columns, its grain, what must hold, and the query that makes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAYERS = ("logs", "transformed", "reference", "secondary", "report", "keys", "ops")
"""Layers of tables, in the order data flows.

``report`` is of all courses of an institution; ``keys`` and ``ops`` hold the warehouse's own records.
"""

REFERENCE = "reference"
"""The layer of tables that are the same for all courses of an institution."""

LOGS = "logs.tracklog"
"""How queries call a course's day tables, all together."""

QUERIED = frozenset({"secondary", "report"})
"""Layers whose tables are made by a query; those of the others are loaded."""

PARAMETERS = {"course_id": "STRING", "event_dates": "ARRAY<DATE>", "snapshot_date": "DATE", "until": "DATE"}
"""The ``@parameters`` a query may use, and their types.

Canonical id, event dates to build, day of the weekly export, and the first day that is after the window.
"""


@dataclass(frozen=True)
class Field:
    """A column.

    :param type: STRING, INTEGER, FLOAT, BOOLEAN, TIMESTAMP, DATE or RECORD.
    :param mode: NULLABLE, REQUIRED or REPEATED.
    :param fields: the columns of a RECORD, else empty.
    :param privacy: public, or restricted when it may tell who somebody is or what somebody wrote.
    """

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: tuple["Field", ...] = ()
    privacy: str = "public"


@dataclass(frozen=True)
class Table:
    """A declared table.

    :param grain: columns whose values no two rows share; none of a table that holds rows as they were delivered.
    :param partition: DATE or TIMESTAMP column by whose days the table is divided, or None.
    :param partition_filter: BigQuery refuses a query that does not say which partitions it reads.
    :param look_back: the rows of a date also depend on the events of this many dates before it.
    :param raw: the delivered file whose rows these are, by its canonical name, or None.
    :param small: it is loaded together with other small tables, by one task.
    :param checks: claims that stop the course when they do not hold, each ``{"claim": kind, …}``.
    :param warnings: claims that only tell.
    :param sql: the author's query, or None when the table is loaded.
    :param references: the tables its query reads, as ``layer.table``, sorted.
    :param parameters: the names of the ``@parameters`` its query uses, sorted.
    :param seed: the CSV file of this package with its rows, or None.
    """

    layer: str
    name: str
    description: str
    grain: tuple[str, ...]
    partition: str | None
    cluster: tuple[str, ...]
    fields: tuple[Field, ...]
    checks: tuple[dict[str, Any], ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()
    sql: str | None = None
    references: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    look_back: int = 0
    raw: str | None = None
    small: bool = False
    seed: Path | None = None
    partition_filter: bool = False

    @property
    def is_kept_by_date(self) -> bool:
        """Whether single event dates of it are replaced, rather than the whole table."""
        return "event_dates" in self.parameters

    @property
    def reference(self) -> str:
        """How queries call it: ``layer.table``."""
        return f"{self.layer}.{self.name}"
