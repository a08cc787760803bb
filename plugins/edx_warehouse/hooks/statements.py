"""The text of the statements that change tables: from declarations, never from data."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from edx_warehouse.tables.day_rows import dates_text
from edx_warehouse.tables.declarations import Field, Table

_LONGEST_SCRIPT = 500_000  # bytes; BigQuery takes 1 MB, and one statement of ours has 16 KB and its columns
_SQL_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


def insert(sql: str, fields: Sequence[Field], into: str) -> str:
    """Return what pours a query's rows into a table, column by column by name."""
    names = _names(fields)
    return f"INSERT INTO `{into}` ({names})\nSELECT {names} FROM (\n{sql}\n)"


def insert_dates(sql: str, table: Table, into: str) -> str:
    """Return what pours a query's rows of ``@event_dates``, and no others that it may give, into a table."""
    return f"{insert(sql, table.fields, into)} AS made\nWHERE {_day(table, 'made')} IN UNNEST(@event_dates)"


def insert_parameters(table: Table, reference: str) -> str:
    """Return what adds one row of parameters, each named for its column; lists of records are one JSON text."""
    values = ", ".join(_value_of(field) for field in table.fields)
    return f"INSERT INTO `{reference}` ({_names(table.fields)}) VALUES ({values})"


def create_or_replace(table: Table, staged: str, target: str, description: str, labels: Mapping[str, str]) -> str:
    """Return what puts a staged table in the place of the target: rows, columns, description and labels at once."""
    partition = f"\nPARTITION BY {_day(table)}" if table.partition else ""
    cluster = f"\nCLUSTER BY {', '.join(f'`{it}`' for it in table.cluster)}" if table.cluster else ""
    pairs = ", ".join(f"({_literal(name)}, {_literal(value)})" for name, value in sorted(labels.items()))
    return (
        f"CREATE OR REPLACE TABLE `{target}` ({', '.join(map(_column, table.fields))}){partition}{cluster}\n"
        f"OPTIONS (description = {_literal(description)}, labels = [{pairs}])\n"
        f"AS SELECT {_names(table.fields)} FROM `{staged}`"
    )


def scripts(texts: Iterable[str]) -> Iterator[str]:
    """Join statements, in their order, to as few scripts as BigQuery takes."""
    script = ""
    for text in texts:
        if script and len(f"{script}{text}".encode()) > _LONGEST_SCRIPT:
            yield script
            script = ""
        script += f"{text};\n"
    if script:
        yield script


def replace_rows(table: Table, staged: str, target: str) -> str:
    """Return what puts a staged table's rows in the place of all rows; the target's columns keep their policy tags."""
    return _merge(table.fields, target, f"SELECT {_names(table.fields)} FROM `{staged}`", "")


def exchange(table: Table, staged: str, beside: str, target: str) -> str:
    """Return what fills an empty table beside the target with a staged one's rows, and puts it in the target's place.

    All of it can be run again: after a failure in between nothing is doubled, and the target is there or made.
    """
    return f"{replace_rows(table, staged, beside)};\n{take_place(beside, target)}"


def take_place(beside: str, target: str) -> str:
    """Return what puts a table in the place of another of its dataset."""
    name = target.rsplit(".", 1)[1]
    return f"DROP TABLE IF EXISTS `{target}`;\nALTER TABLE `{beside}` RENAME TO `{name}`"


def replace_dates(table: Table, staged: str, target: str) -> str:
    """Return what puts a staged table's rows of ``@dates`` in the place of all rows of these dates."""
    rows = f"SELECT {_names(table.fields)} FROM `{staged}` AS made WHERE {_day(table, 'made')} IN UNNEST(@dates)"
    return _merge(table.fields, target, rows, f" AND {_day(table, 'target')} IN UNNEST(@dates)")


def replace_courses(table: Table, staged: str, target: str) -> str:
    """Return what puts a staged table's rows in the place of all rows of ``@courses``."""
    rows = f"SELECT {_names(table.fields)} FROM `{staged}`"
    return _merge(table.fields, target, rows, " AND target.`course_id` IN UNNEST(@courses)")


def delete_dates(table: Table, target: str, dates: Sequence[date]) -> str:
    """Return what empties partitions."""
    # Only of dates in the text, and of nothing but dates, BigQuery knows that no row of their partitions stays.
    return f"DELETE FROM `{target}` WHERE {_day(table)} IN ({dates_text(dates)})"


def _merge(fields: Sequence[Field], target: str, rows: str, of: str) -> str:
    return (
        f"MERGE `{target}` AS target\n"
        f"USING ({rows}) AS fresh\n"
        f"ON FALSE\n"
        f"WHEN NOT MATCHED BY SOURCE{of} THEN DELETE\n"
        f"WHEN NOT MATCHED THEN INSERT ({_names(fields)}) VALUES ({_names(fields)})"
    )


def _names(fields: Sequence[Field]) -> str:
    return ", ".join(f"`{field.name}`" for field in fields)


def _day(table: Table, alias: str = "") -> str:
    """Return the date by which a partitioned table is divided, as SQL."""
    column = f"{alias}.`{table.partition}`".lstrip(".")
    kinds = {field.name: field.type for field in table.fields}
    return f"DATE({column})" if kinds[table.partition or ""] == "TIMESTAMP" else column


def _value_of(field: Field) -> str:
    if field.mode != "REPEATED":
        return f"@{field.name}"
    parts = ", ".join(f"JSON_VALUE(item, '$.{it.name}') AS {it.name}" for it in field.fields)
    return f"ARRAY(SELECT AS STRUCT {parts} FROM UNNEST(JSON_QUERY_ARRAY(@{field.name})) AS item)"


def _column(field: Field) -> str:
    required = " NOT NULL" if field.mode == "REQUIRED" else ""
    return f"`{field.name}` {_type_text(field)}{required} OPTIONS (description = {_literal(field.description)})"


def _type_text(field: Field) -> str:
    text = _SQL_TYPES.get(field.type, field.type)
    if field.type == "RECORD":
        text = f"STRUCT<{', '.join(map(_column, field.fields))}>"
    return f"ARRAY<{text}>" if field.mode == "REPEATED" else text


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON's escapes are GoogleSQL's too
