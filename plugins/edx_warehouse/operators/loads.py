"""Loading the transformed files of a course's converted week."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS
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
    entries = [it for content in manifests if content and (it := json.loads(content)["outputs"].get(output))]
    if not entries:
        raise AirflowSkipException(f"{prefix} has no {output}.")
    declared = tables.catalog[f"transformed.{table}"]
    inputs = {prefix + output: entries[0]["sha256"]}
    return Version(
        table=declared,
        target=tables.target(table),
        digest=digest(declared.reference, None, declared.fields, inputs, {}),
        inputs=inputs,
        labels={**tables.labels, "snapshot_date": str(week)},
        course_id=str(tables.course),
        rows_in=entries[0]["rows"],
        uri=tables.bucket.uri(prefix + output),
        debug=debug or {},
    )
