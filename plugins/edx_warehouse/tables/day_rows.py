"""The rows of delivered log days as text of a FROM clause: from day tables, or from the partitioned table of them all.

Day tables keep the columns of the time when they were loaded. A query sees the declared ones in every case: NULL where
a table lacks a column, and nothing of a column that is declared no more.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date

from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.declarations import Field
from edx_warehouse.tables.references import union_of_days

_SQL_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


def columns_digest(fields: Sequence[Field]) -> str:
    """Return what names a set of columns: equal names, types and order, whatever their descriptions say."""
    return hashlib.sha256(json.dumps(_outline(fields)).encode()).hexdigest()[:32]


def rows_as_declared(fields: Sequence[Field], there: Sequence[Field], source: str) -> str:
    """Return a query of rows with the declared columns.

    :param fields: the declared columns.
    :param there: the columns that the source has.
    :param source: what follows FROM, such as ``(…)`` or a backticked table and a WHERE clause.
    """
    names = ", ".join(_columns(fields, there)) if schema_diff(fields, there, descriptions=False) else "*"
    return f"SELECT {names} FROM {source}"


def rows_of_days(fields: Sequence[Field], tables: Iterable[tuple[Sequence[Field], Sequence[str]]]) -> str:
    """Return a query of all rows of some day tables, ``project.dataset.table``.

    :param tables: groups of tables with the columns that each table of the group has.
    :raises Terminal: ``E-CFG-106`` when a group has none or too many.
    """
    return " UNION ALL ".join(rows_as_declared(fields, there, union_of_days(names)) for there, names in tables)


def rows_of_partitions(fields: Sequence[Field], there: Sequence[Field], table: str, days: Iterable[date]) -> str:
    """Return a query of the rows of some days of the partitioned table.

    The days are part of the text: BigQuery reads no other partition then.
    """
    return rows_as_declared(fields, there, f"`{table}` WHERE log_date IN ({dates_text(days)})")


def dates_text(days: Iterable[date]) -> str:
    """Return dates as GoogleSQL writes them, with commas between them."""
    return ", ".join(f"DATE '{day}'" for day in days)


def _columns(fields: Sequence[Field], there: Sequence[Field], path: str = "") -> list[str]:
    known = {it.name: it for it in there}
    return [f"{_value(it, known.get(it.name), f'{path}`{it.name}`')} AS `{it.name}`" for it in fields]


def _value(field: Field, there: Field | None, path: str) -> str:
    if there is None:
        return f"CAST(NULL AS {_type(field)})"
    # A repeated column that changed is left to the query's dry run, which refuses it.
    if "REPEATED" in (field.mode, there.mode) or _outline([field]) == _outline([there]):
        return path
    if field.type == there.type == "RECORD":
        return f"IF({path} IS NULL, NULL, STRUCT({', '.join(_columns(field.fields, there.fields, f'{path}.'))}))"
    if "RECORD" in (field.type, there.type):
        return f"CAST(NULL AS {_type(field)})"
    return f"SAFE_CAST({path} AS {_type(field)})"


def _type(field: Field) -> str:
    text = _SQL_TYPES.get(field.type, field.type)
    if field.type == "RECORD":
        text = f"STRUCT<{', '.join(f'`{it.name}` {_type(it)}' for it in field.fields)}>"
    return f"ARRAY<{text}>" if field.mode == "REPEATED" else text


def _outline(fields: Sequence[Field]) -> list[object]:
    return [[it.name, it.type, it.mode == "REPEATED", _outline(it.fields)] for it in fields]
