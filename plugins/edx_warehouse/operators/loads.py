"""Loading the transformed files of a course's converted week."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.exports.convert import delivered_for
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest


def load_export(
    tables: CourseTables, table: str, week: date, context: Context, debug: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Load a transformed file of a course's converted week unless its content is loaded.

    :param table: name of the transformed table.
    :param debug: further facts for the record.
    :raises AirflowSkipException: when the week has no such file.
    """
    wanted, warehouse = export_version(tables, table, week, debug), tables.warehouse
    return publish(
        warehouse,
        tables.catalog,
        wanted,
        lambda into, key: warehouse.load(wanted.uri or "", wanted.table.fields, into, key),
        context,
    )


def export_version(tables: CourseTables, table: str, week: date, debug: Mapping[str, str] | None = None) -> Version:
    """Return the version of a transformed table which a course's converted week gives.

    :param table: its name.
    :param debug: further facts for the record.
    :raises AirflowSkipException: when the week has no such file.
    """
    prefix = places.week_of_course(tables.course, week)
    output = f"transformed/{table}.json.gz"
    manifests = (tables.bucket.read(prefix + name) for name in (CONVERTED, SURVEYS))
    found = [json.loads(content) for content in manifests if content]
    of_table = [it for it in found if output in it["outputs"]]
    if not of_table:
        raise AirflowSkipException(f"{prefix} has no {output}.")
    entry = of_table[0]["outputs"][output]
    declared = tables.catalog[f"transformed.{table}"]
    inputs = {prefix + output: entry["sha256"]}
    return Version(
        table=declared,
        target=tables.target(table),
        digest=digest(declared.reference, None, declared.fields, inputs, {}),
        inputs=inputs,
        labels={**tables.labels, "snapshot_date": str(week)},
        course_id=str(tables.course),
        rows_in=entry["rows"],
        uri=tables.bucket.uri(prefix + output),
        debug=_delivered(of_table[0], declared, week) | dict(debug or {}),
    )


def _delivered(manifest: Mapping[str, Any], table: Table, week: date) -> dict[str, str]:
    """Return which delivered files a table is made from, for its record; the digest has their content already."""
    # Those of surveys have no contract's name; weeks that were converted by an older version say no file's own name.
    files = {it["name"]: it for it in manifest.get("files", ()) if "name" in it}
    names = [it for it in delivered_for(table.name, table.raw) if it in files and "sha256" in files[it]]
    return {
        f"delivered {name}": f"{places.weekly(week)}{files[name].get('file', '')} {files[name]['sha256']}"
        for name in names
    }
