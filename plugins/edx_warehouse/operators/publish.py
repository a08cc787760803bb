"""The one way in which every table comes to be: staged, checked, put in place, described and recorded."""

import getpass
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from importlib.metadata import version
from typing import Any

from google.cloud import bigquery

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.places import OPS, REFERENCE_TABLES
from edx_warehouse.hooks.warehouse import Warehouse, fields_of, has_form_of
from edx_warehouse.operators import metrics
from edx_warehouse.tables import provenance
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import claims_query, claims_sql, schema_diff
from edx_warehouse.tables.declarations import REFERENCE, Table
from edx_warehouse.tables.references import bind, references

type Staged = bigquery.Table
"""A table beside the served ones, with the description and the labels that it will be served with."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Version:
    """What is to be served: the declaration, where, from which inputs.

    :param digest: of inputs, SQL and schema: a served table that carries it needs nothing done.
    :param inputs: fingerprint of each input by its name.
    :param labels: further labels of the table.
    :param sql: the query as BigQuery runs it; None for loads.
    :param uri: the object that is loaded; None for queries.
    :param course_id: canonical id of the course; None for a table that all courses share.
    :param rows_in: rows of the file that is loaded, which must be the rows of the table; None for queries.
    :param parameters: values of the query's parameters.
    :param dates: the dates that are replaced; None when the table is replaced whole.
    :param courses: the courses whose rows are replaced; None when those of all are.
    :param debug: further facts for the record.
    """

    table: Table
    target: str
    digest: str
    inputs: Mapping[str, str]
    labels: Mapping[str, str]
    course_id: str | None
    sql: str | None = None
    uri: str | None = None
    rows_in: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dates: Sequence[date] | None = None
    courses: Sequence[str] | None = None
    debug: Mapping[str, str] = field(default_factory=dict)


def code_version() -> str:
    """Return this package's version, and the commit it was built from where the image says so."""
    commit = os.environ.get("EDX_WAREHOUSE_COMMIT")
    return f"{version('edx-warehouse')}+{commit}" if commit else version("edx-warehouse")


def is_served(served: bigquery.Table | None, wanted: Version, *, descriptions: bool = False) -> bool:
    """Tell whether the wanted version is in place, with the declared columns and divided as declared.

    :param descriptions: whether the columns have to be described as declared.
    """
    return (
        served is not None
        and served.labels.get("digest") == wanted.digest
        and has_form_of(served, wanted.table)
        and not (descriptions and schema_diff(wanted.table.fields, fields_of(served.schema), descriptions=True))
    )


def publish(
    warehouse: Warehouse,
    catalog: Catalog,
    wanted: Version,
    produce: Callable[[str, str], Any],
    context: Mapping[str, Any],
) -> dict[str, Any]:
    """Put a version in place unless it is there; return what was done, for people, XCom and asset events.

    :param produce: fills the staging table it is given by a job with the key it is given; returns the job, or a list of
        jobs with keys that begin so.
    :raises Terminal: ``E-CHK-101`` (rows), ``E-CHK-102`` (claims); what was served stays served.
    """
    table, target = wanted.table, wanted.target
    served = warehouse.find(target)
    if served is not None and is_served(served, wanted):
        warehouse.protect(table, served)
        warehouse.retell(table, served)
        return {"table": target, "made": False, "digest": wanted.digest}
    if served is None:
        dataset = target.split(".")[1]
        warehouse.ensure_dataset(dataset, f"{dataset}: built and described by edx-warehouse.")
    # The state that is replaced is part of the name: A, then B, then A again is three effects, not two.
    staging = warehouse.staging(table, _key(wanted, f"{served.etag} {served.modified}" if served else "absent"))
    staged, key = str(staging.reference), _job_key(staging)
    record = _make(warehouse, catalog, wanted, staging, produce, context)
    description = provenance.describe(table.description, record)
    labels = {**wanted.labels, "digest": wanted.digest}
    if wanted.dates is None and wanted.courses is None:
        dates = wanted.parameters.get("event_dates", ())
        warehouse.replace_by_dates(table, staged, target, dates, description, labels, f"replace_{key}")
    else:
        if served is None:
            warehouse.create(table, target)
        if wanted.courses is not None:
            warehouse.replace_courses(table, staged, target, wanted.courses, f"replace_{key}")
        else:
            warehouse.replace_dates(table, staged, target, wanted.dates or (), f"replace_{key}")
    # Parts are replaced without their description; and not every BigQuery keeps descriptions inside records.
    is_part = wanted.dates is not None or wanted.courses is not None
    if is_part or not is_served(warehouse.find(target), wanted, descriptions=True):
        warehouse.describe(table, target, description, labels)
    warehouse.drop(staged)
    return {
        "table": target,
        "made": True,
        "rows": record.rows_out,
        "bytes": record.bytes_processed,
        "snapshot": wanted.labels.get("snapshot_date", ""),
        "digest": wanted.digest,
        "job_id": record.job_id,
        "location": staging.location or "",
    }


def stage(
    warehouse: Warehouse,
    catalog: Catalog,
    wanted: Version,
    produce: Callable[[str, str], Any],
    context: Mapping[str, Any],
    related: Callable[[str], str],
) -> tuple[Staged, bool]:
    """Make and check a whole version beside the served tables, unless it is there; nothing that is served changes.

    :param produce: fills the table it is given by a job with the key it is given.
    :param related: the full name of the table, by ``layer.table``, with which a relationship is checked.
    :returns: the staged table, and whether it was made now.
    :raises Terminal: ``E-CHK-101`` (rows), ``E-CHK-102`` (claims).
    """
    staging = warehouse.staging(wanted.table, _key(wanted, "staged"))
    # Its digest is written last: who finds it finds rows that are checked.
    if staging.labels.get("digest") == wanted.digest:
        return staging, False
    record = _make(warehouse, catalog, wanted, staging, produce, context, related)
    description = provenance.describe(wanted.table.description, record)
    staged = str(staging.reference)
    warehouse.describe(wanted.table, staged, description, {**wanted.labels, "digest": wanted.digest})
    return warehouse.client.get_table(staged), True


def _make(
    warehouse: Warehouse,
    catalog: Catalog,
    wanted: Version,
    staging: bigquery.Table,
    produce: Callable[[str, str], Any],
    context: Mapping[str, Any],
    related: Callable[[str], str] | None = None,
) -> provenance.JobRecord:
    """Fill a staging table, check it and record how it was made."""
    staged, key = str(staging.reference), _job_key(staging)
    made = produce(staged, f"make_{key}")
    jobs = made if isinstance(made, list) else [made]
    rows = sum(int((it.num_dml_affected_rows if it.job_type == "query" else it.output_rows) or 0) for it in jobs)
    _check_rows(warehouse, wanted, rows)
    _check_claims(warehouse, catalog, wanted, staged, key, related)
    record = _record(wanted, jobs, rows, context)
    # Recorded first: once the table is in place a later try finds nothing to do, and would never record it.
    warehouse.append(catalog["ops.job_history"], OPS, record.row(), f"record_{key}")
    metrics.table_made(wanted.labels.get("institution", ""), record)
    return record


def _job_key(staging: bigquery.Table) -> str:
    # A staging table that expired and was made anew is empty: jobs that filled the old one must not be adopted.
    return f"{staging.table_id}_{staging.created:%Y%m%dT%H%M%S%f}"


def _key(wanted: Version, before: str) -> str:
    # The query tells also into which parts it is divided, each with a job of its own.
    content = json.dumps([wanted.target, wanted.digest, before, [str(it) for it in wanted.dates or ()], wanted.sql])
    return f"{wanted.target.split('.', 1)[1].replace('.', '__')}_{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _check_rows(warehouse: Warehouse, wanted: Version, rows: int) -> None:
    if wanted.rows_in is not None and rows != wanted.rows_in:
        raise _refusal(warehouse, wanted, "E-CHK-101", f"{wanted.rows_in} rows, as its manifest says", f"{rows} rows")


def _check_claims(
    warehouse: Warehouse,
    catalog: Catalog,
    wanted: Version,
    staged: str,
    key: str,
    related: Callable[[str], str] | None,
) -> None:
    sql = claims_query(wanted.table, f"`{staged}`")
    if not sql:
        return
    stops = {claim.name: claim.stops for claim in claims_sql(wanted.table, f"`{staged}`")}
    dataset = wanted.target.rsplit(".", 1)[0]
    # A relationship names a table of the same course, which stands beside the one that is checked.
    beside = related or (lambda name: f"{dataset}.{name.split('.')[1]}")
    targets = {str(it): beside(str(it)) for it in references(sql) if it.layer != REFERENCE}
    shared = {str(it) for it in references(sql) if it.layer == REFERENCE}
    targets |= {name: _reference_table(warehouse, catalog[name]) for name in sorted(shared)}
    sql = bind(sql, {name: f"`{target}`" for name, target in targets.items()})
    broken = []
    asked = hashlib.sha256(sql.encode()).hexdigest()[:8]  # other claims are another question
    for row in warehouse.query(sql, {}, f"check_{asked}_{key}").result():
        if row["offending"] and stops[row["claim"]]:
            broken.append(f"{row['claim']} ({row['offending']} rows)")
        elif row["offending"]:
            log.warning("%s: warning: %s does not hold for %d rows", wanted.target, row["claim"], row["offending"])
    if broken:
        found = "broken: " + ", ".join(broken)
        raise _refusal(warehouse, wanted, "E-CHK-102", "every claim of the schema to hold", found)


def _reference_table(warehouse: Warehouse, table: Table) -> str:
    """Return where a table that all courses share is; without rows when it has not come yet, as nobody waits for it."""
    target = warehouse.reference(REFERENCE_TABLES, table.name)
    if warehouse.find(target) is None:
        warehouse.ensure_dataset(REFERENCE_TABLES, f"{REFERENCE_TABLES}: built and described by edx-warehouse.")
        warehouse.create(table, target)
    return target


def _refusal(warehouse: Warehouse, wanted: Version, code: str, expected: str, found: str) -> Terminal:
    return Terminal(
        Problem(
            code=code,
            unit=warehouse.unit,
            file=wanted.uri or wanted.target,
            expected=expected,
            found=found,
            done=f"{wanted.target} is as it was before",
            next="mend the input or the table's SQL, then clear this task",
        )
    )


def _record(wanted: Version, jobs: list[Any], rows: int, context: Mapping[str, Any]) -> provenance.JobRecord:
    instance, run, last = context["ti"], context["dag_run"], jobs[-1]
    ids = {"jobs": " ".join(it.job_id for it in jobs)} if len(jobs) > 1 else {}
    return provenance.JobRecord(
        reference=wanted.table.reference,
        target=wanted.target,
        who=getattr(last, "user_email", None) or getpass.getuser(),
        status=_status(wanted),
        started=min(it.started for it in jobs).astimezone(UTC),
        ended=max(it.ended for it in jobs).astimezone(UTC),
        job_id=last.job_id,
        digest=wanted.digest,
        code_version=code_version(),
        course_id=wanted.course_id,
        dag_id=instance.dag_id,
        run_id=run.run_id,
        task_id=instance.task_id,
        try_number=instance.try_number,
        bytes_processed=_sum(jobs, "total_bytes_processed") or _sum(jobs, "input_file_bytes"),
        bytes_billed=_sum(jobs, "total_bytes_billed"),
        slot_ms=_sum(jobs, "slot_millis"),
        rows_in=wanted.rows_in,
        rows_out=rows,
        sql=wanted.sql,
        uri=wanted.uri,
        inputs=wanted.inputs,
        parameters={name: _text(value) for name, value in wanted.parameters.items()},
        debug={**wanted.debug, **ids},
    )


def _sum(jobs: list[Any], measure: str) -> int:
    return sum(int(getattr(it, measure, None) or 0) for it in jobs)


def _status(wanted: Version) -> str:
    if wanted.courses is not None:
        return "replaced courses"
    return "replaced" if wanted.dates is None else "replaced dates"


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
