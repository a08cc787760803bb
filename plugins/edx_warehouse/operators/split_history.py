"""Writing down what became of the lines of a split: one row for each file, exactly once for each split."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.day_manifest import CourseManifest, DayManifest
from edx_warehouse.exports.quarantine_entries import reasons_of
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.schema_files import read_table

_SCHEMA = Path(__file__).resolve().parents[3] / "include/schemas/ops/split_history.yaml"
_SQL_TYPES = {"INTEGER": "INT64"}


def split_history() -> Table:
    """Return the declaration of the table."""
    return read_table(_SCHEMA, "ops")


def file_rows(manifest: DayManifest, courses: Iterable[CourseKey], out: Path) -> list[dict[str, Any]]:
    """Return what became of each file of a split, as rows of the table without what names the split.

    :param out: the tree that the split made.
    """
    taken: dict[str, Counter[str]] = {source.name: Counter() for source in manifest.sources}
    for course in courses:
        content = (out / places.log_manifest(course, manifest.day)).read_bytes()
        for share in CourseManifest.from_json(content).sources:
            taken[share.name][str(course)] += share.rows
    rows = []
    for source in manifest.sources:
        quarantine = out / places.quarantine_logs(manifest.day) / f"{source.name}.jsonl.gz"
        reasons = reasons_of(quarantine) if source.quarantined else Counter()
        aside = sum(count for reason, count in reasons.items() if reason.aside)
        rows.append(
            {
                "day": manifest.day,
                "file": source.name,
                "lines": source.lines,
                "rows_out": source.rows,
                "quarantined": source.quarantined,
                "bad": source.quarantined - aside,
                "aside": aside,
                "duplicates": source.duplicates,
                "blank": source.blank,
                "repeated": source.repeated,
                "bytes": source.bytes,
                "content_bytes": source.content_bytes,
                "content_sha256": source.content_sha256,
                "splitter": manifest.splitter,
                "courses": [
                    {"course_id": course, "rows_out": count}
                    for course, count in sorted(taken[source.name].items())
                    if count
                ],
            }
        )
    return rows


def record_split(warehouse: Warehouse, rows: Iterable[Mapping[str, Any]], facts: Mapping[str, str | None]) -> None:
    """Append a split's rows in one job, unless an earlier try did.

    :param rows: what :func:`file_rows` returns.
    :param facts: the other columns: ``split_id``, ``institution``, ``note``, ``dag_id``, ``run_id``.
    """
    table = split_history()
    if table.name not in warehouse.labels(places.OPS):
        warehouse.ensure_dataset(places.OPS, "How the warehouse was made.")
        warehouse.create(table, warehouse.reference(places.OPS, table.name))
    parameters: dict[str, Any] = {}
    tuples = []
    for number, row in enumerate(rows):
        values = {**row, **facts}
        tuples.append(f"({', '.join(_value(field, number) for field in table.fields)})")
        for name, value in values.items():
            parameters[f"{name}_{number}"] = json.dumps(value) if isinstance(value, list) else value
    columns = ", ".join(f"`{field.name}`" for field in table.fields)
    target = warehouse.reference(places.OPS, table.name)
    sql = f"INSERT INTO `{target}` ({columns}) VALUES\n" + ",\n".join(tuples)
    warehouse.query(sql, parameters, f"split_{facts['institution']}_{facts['split_id']}")


def _value(field: Field, number: int) -> str:
    if field.name == "recorded":
        return "CURRENT_TIMESTAMP()"
    if field.mode != "REPEATED":
        return f"@{field.name}_{number}"
    parts = ", ".join(
        f"CAST(JSON_VALUE(item, '$.{it.name}') AS {_SQL_TYPES.get(it.type, it.type)}) AS {it.name}"
        for it in field.fields
    )
    return f"ARRAY(SELECT AS STRUCT {parts} FROM UNNEST(JSON_QUERY_ARRAY(@{field.name}_{number})) AS item)"
