"""Numbers for whoever watches, through Airflow's own metrics: they go by StatsD or OpenTelemetry when these are on.

Tags are institutions, tables, feeds and error codes: never courses, of which there are too many, and never learners.
"""

from collections.abc import Mapping

from airflow.sdk.observability import stats

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import WarehouseError
from edx_warehouse.operators.freshness import Freshness
from edx_warehouse.tables.provenance import JobRecord

PREFIX = "edx_warehouse"


def lines_split(institution: str, outcomes: Mapping[str, int]) -> None:
    """Count what became of the lines of a split.

    :param outcomes: lines by ``rows``, ``quarantined``, ``duplicates`` and ``blank``.
    """
    for outcome, lines in outcomes.items():
        _count("split_lines", lines, institution=institution, outcome=outcome)


def table_made(institution: str, record: JobRecord) -> None:
    """Count a version of a table that was made: itself, its rows, and the bytes that were read and are paid for."""
    tags = {"institution": institution, "table": record.reference}
    _count("tables_made", 1, **tags)
    _count("rows_made", record.rows_out or 0, **tags)
    _count("bytes_processed", record.bytes_processed, **tags)
    _count("bytes_billed", record.bytes_billed, **tags)


def feed_seen(seen: Freshness) -> None:
    """Tell how fresh a feed is: hours late, days or weeks that are missing, waiting and held, and the newest (Unix time)."""
    values = {
        "late_hours": seen.late.total_seconds() / 3600,
        "missing": len(seen.missing),
        "waiting": len(seen.waiting),
        "held": len(seen.held),
        **({"newest_timestamp": midnight(seen.newest).timestamp()} if seen.newest else {}),
    }
    for name, value in values.items():
        tags = {"institution": seen.institution.lower(), "feed": seen.feed}
        stats.gauge(f"{PREFIX}.freshness_{name}", round(value, 1), tags=tags)


def task_failed(dag_id: str, error: object) -> None:
    """Count a task that failed for good, by its error's code and its family of Dags."""
    code = error.problem.code if isinstance(error, WarehouseError) else "unknown"
    stats.incr(f"{PREFIX}.tasks_failed", tags={"family": dag_id.partition("__")[0], "code": code})


def _count(name: str, amount: int, *, institution: str, **tags: str) -> None:
    if amount:
        stats.incr(f"{PREFIX}.{name}", amount, tags={"institution": institution.lower(), **tags})
