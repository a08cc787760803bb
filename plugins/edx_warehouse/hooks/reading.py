"""Reading small tables of BigQuery while somebody waits: with a ceiling of bytes, a limit of rows and a time limit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from edx_warehouse.domain.errors import Problem, Terminal, Transient

ROW_LIMIT = 20_000
_BYTE_CEILING = 1024**3
_PATIENCE = 20.0  # seconds
_LABELS = {"source": "dashboard"}
_TYPES = {str: "STRING", int: "INT64", float: "FLOAT64", date: "DATE"}

Value = str | int | float | date


@dataclass(frozen=True)
class ServedTable:
    """A table as it is served now.

    :param name: its full name, ``project.dataset.table``.
    :param version: changes whenever the table does.
    :param modified: when it did last, in UTC.
    """

    name: str
    version: str
    modified: datetime
    rows: int
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Reads one BigQuery project."""

    def __init__(self, client: bigquery.Client) -> None:
        self.client = client

    @classmethod
    def connect(cls, project: str, gcp_conn_id: str) -> "Reader":
        """Return the project as seen through an Airflow connection."""
        return cls(BigQueryHook(gcp_conn_id=gcp_conn_id).get_client(project_id=project))

    def look(self, dataset: str, table: str) -> ServedTable | None:
        """Return what is known of a table, or None when there is none.

        :raises Transient: ``E-JOB-102`` when BigQuery does not answer.
        """
        name = f"{self.client.project}.{dataset}.{table}"
        try:
            found = self.client.get_table(name, timeout=_PATIENCE)
        except NotFound:
            return None
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            raise _unanswered(name, error) from None
        modified = (found.modified or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
        version = f"{found.etag} {modified.isoformat()} {found.labels.get('digest', '')}"
        return ServedTable(name, version, modified, found.num_rows or 0, found.description or "", dict(found.labels))

    def rows(self, sql: str, parameters: Mapping[str, Value]) -> list[dict[str, Any]]:
        """Return a query's rows by column, at most :data:`ROW_LIMIT`.

        :raises Transient: ``E-JOB-102`` when BigQuery does not answer, or not in time.
        """
        config = _config(parameters)
        config.maximum_bytes_billed = _BYTE_CEILING
        try:
            job = self.client.query(sql, job_config=config, job_retry=None, timeout=_PATIENCE)
            return [dict(it.items()) for it in job.result(max_results=ROW_LIMIT, timeout=_PATIENCE)]
        except (GoogleAPIError, GoogleAuthError, OSError, TimeoutError) as error:
            raise _unanswered("a query of the dashboard", error) from None

    def require_select(self, sql: str, parameters: Mapping[str, Value], tables: Collection[str]) -> None:
        """Ask BigQuery what a query would do, and refuse all but a SELECT of these tables within the ceiling of bytes.

        :param tables: full names, ``project.dataset.table``.
        :raises Terminal: ``E-JOB-105`` when it would do more.
        :raises Transient: ``E-JOB-102`` when BigQuery does not answer.
        """
        config = _config(parameters)
        config.dry_run = True
        config.use_query_cache = False
        try:
            job = self.client.query(sql, job_config=config, job_retry=None, timeout=_PATIENCE)
        except BadRequest:
            raise _refused("a query that BigQuery can run", "an error of the query") from None
        except (GoogleAPIError, GoogleAuthError, OSError, TimeoutError) as error:
            raise _unanswered("a query of the dashboard", error) from None
        if job.statement_type not in ("SELECT", None):
            raise _refused("SELECT", str(job.statement_type))
        read = {f"{it.project}.{it.dataset_id}.{it.table_id}" for it in job.referenced_tables}
        if strange := sorted(read - set(tables)):
            raise _refused("the tables that the report names", strange[0])
        if (job.total_bytes_processed or 0) > _BYTE_CEILING:
            raise _refused(f"at most {_BYTE_CEILING} bytes", f"{job.total_bytes_processed} bytes")


def _config(parameters: Mapping[str, Value]) -> bigquery.QueryJobConfig:
    bound = [bigquery.ScalarQueryParameter(name, _TYPES[type(it)], it) for name, it in parameters.items()]
    return bigquery.QueryJobConfig(query_parameters=bound, labels=_LABELS)


def _refused(expected: str, found: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-JOB-105",
            unit="dashboard",
            file="a report's query",
            expected=expected,
            found=found,
            done="the query was not run",
            next="correct the report's SQL",
        )
    )


def _unanswered(what: str, error: BaseException) -> Transient:
    # Only the error's type: the service's message may quote a cell's value.
    return Transient(
        Problem(
            code="E-JOB-102",
            unit="dashboard",
            file=what,
            expected="an answer of BigQuery",
            found=type(error).__name__,
            done="nothing was shown",
            next="try again; if it stays so, look at BigQuery's jobs with the label source: dashboard",
        )
    )
