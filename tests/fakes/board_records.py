"""Records of what was split, loaded and built, as the package's own code writes them, for the status board to show."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.domain.places import OPS
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.holds import held_units
from edx_warehouse.operators.split_history import record_split
from edx_warehouse.tables.provenance import JobRecord
from edx_warehouse.tables.schema_files import read_table

COURSE = "HarvardX/CS50x/2014_T1"
SLUG = "HarvardX__CS50x__2014_T1"
DAY = date(2014, 11, 15)
_OPS = Path(__file__).resolve().parents[2] / "include/schemas/ops"


def write_records(warehouse: Warehouse, bucket: Bucket, now: datetime) -> None:
    """Write down two splits of one day, one of the day before, three jobs, and a held week of a course."""
    for number, (day, rows) in enumerate(((DAY, 10), (DAY, 1_234), (DAY - timedelta(days=1), 7))):
        record_split(
            warehouse,
            [split_row(day, [(COURSE, rows)], bad=3)],
            {"split_id": f"split{number}", "institution": "HarvardX", "note": None, "dag_id": "split", "run_id": "run"},
        )
    dataset = f"{warehouse.project}.{SLUG}"
    loaded = job_record("logs.tracklog", f"{dataset}_logs.tracklog_20141115", now, uri="gs://b/x/logs/y.json.gz")
    week = f"gs://b/{SLUG}/weekly/2014-11-16/transformed/user_info_combo.json.gz"
    records = [
        loaded,
        replace(loaded, job_id="make_0", target=f"{dataset}_logs.tracklog_20141114"),
        job_record("transformed.user_info_combo", f"{dataset}_latest.user_info_combo", now, uri=week),
        job_record("secondary.person_course", f"{dataset}_latest.person_course", now, sql="SELECT 1 AS x -- <b>"),
    ]
    history = read_table(_OPS / "job_history.yaml", "ops")
    for it in records:
        warehouse.append(history, OPS, it.row(), f"record_{it.job_id}_{it.reference}".replace(".", "_"))
    problem = Problem(
        code="E-EXP-101",
        unit=f"{COURSE} 2014-11-23",
        expected='header "created"',
        found="none",
        done="the week is held",
        next="ask edX",
    )
    try:
        with held_units(bucket, f"quarantine/weekly/2014-11-23/{SLUG}/", "sources"):
            raise Held(problem)
    except Held:
        pass


def split_row(day: date, courses: Sequence[tuple[str, int]], bad: int = 0) -> dict[str, Any]:
    """Return what became of one file."""
    rows = sum(count for _, count in courses)
    return {
        "day": day,
        "file": f"harvardx-prod-events-{day}.log.gz",
        "lines": rows + bad,
        "rows_out": rows,
        "quarantined": bad,
        "bad": bad,
        "aside": 0,
        "duplicates": 0,
        "blank": 0,
        "repeated": 0,
        "bytes": 1000,
        "content_bytes": 9000,
        "content_sha256": "0" * 64,
        "splitter": "1",
        "courses": [{"course_id": course, "rows_out": count} for course, count in courses],
    }


def job_record(reference: str, target: str, now: datetime, **more: Any) -> JobRecord:
    """Return how a table was made a minute ago."""
    values: dict[str, Any] = {"sql": None, "uri": None, **more}
    return JobRecord(
        reference=reference,
        target=target,
        who="somebody",
        status="replaced",
        started=now - timedelta(minutes=1),
        ended=now,
        job_id="make_1",
        digest="d",
        code_version="1",
        course_id=COURSE,
        dag_id=f"course_daily__{SLUG}",
        run_id="run",
        task_id="task",
        try_number=1,
        bytes_processed=5 * 2**30,
        bytes_billed=2**40,
        slot_ms=1,
        rows_in=None,
        rows_out=1234,
        inputs={},
        parameters={},
        debug={},
        **values,
    )
