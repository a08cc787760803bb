"""A BigQuery client that does nothing but count what is asked of it, as Google counts it against its quotas."""

import itertools
import re
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

_REPLACED = re.compile(r"CREATE OR REPLACE TABLE `([^`]+)`.*?FROM\s+`([^`]+)`", re.DOTALL)
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class QuotaCounter:
    """Stands where :class:`google.cloud.bigquery.Client` stands.

    ``asked`` counts load jobs and queries; ``calls`` API calls by their method; ``updates`` changes of a table's metadata,
    writes by jobs included, by table. Tables that are made are remembered, so that the second day is as a second day is.
    """

    def __init__(self, project: str) -> None:
        self.project = project
        self.asked: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.updates: Counter[str] = Counter()
        self.loads: Counter[str] = Counter()
        self.longest_query = 0
        self.tables: dict[str, bigquery.Table] = {}
        self._numbers = itertools.count()

    def forget(self) -> None:
        """Count from nothing again; the tables stay."""
        for counter in (self.asked, self.calls, self.updates, self.loads):
            counter.clear()

    def get_table(self, reference: Any) -> bigquery.Table:
        self.calls["tables.get"] += 1
        try:
            return self.tables[str(reference)]
        except KeyError:
            raise NotFound(str(reference)) from None

    def create_table(self, table: bigquery.Table, exists_ok: bool = False) -> bigquery.Table:
        self.calls["tables.insert"] += 1
        name = str(table.reference)
        if name not in self.tables or not exists_ok:
            self._make(table)
            self.updates[name] += 1
        return self.tables[name]

    def _make(self, table: bigquery.Table) -> None:
        number = next(self._numbers)
        table._properties |= {"etag": str(number), "creationTime": str(int(_MOMENT.timestamp() * 1000) + number)}
        self.tables[str(table.reference)] = table

    def update_table(self, table: bigquery.Table, _fields: Any) -> bigquery.Table:
        self.calls["tables.patch"] += 1
        self.updates[str(table.reference)] += 1
        self.tables[str(table.reference)] = table
        return table

    def delete_table(self, reference: Any, not_found_ok: bool = False) -> None:
        self.calls["tables.delete"] += 1
        self.tables.pop(str(reference), None)

    def list_tables(self, dataset: Any) -> list[bigquery.Table]:
        self.calls["tables.list"] += 1
        return [it for name, it in self.tables.items() if name.startswith(f"{dataset}.")]

    def get_dataset(self, name: str) -> bigquery.Dataset:
        self.calls["datasets.get"] += 1
        return bigquery.Dataset(name)

    def query(self, sql: str, job_id: str, **_: Any) -> Any:
        self.asked["query"] += 1
        self.calls["jobs.insert"] += 1
        self.longest_query = max(self.longest_query, len(sql.encode()))
        if sql.lstrip().upper().startswith("INSERT"):
            self.asked["insert"] += 1
        # A script or statement that puts staged tables in place makes or changes each of them.
        for target, staged in _REPLACED.findall(sql):
            if target not in self.tables:
                made, source = bigquery.Table(target, self.tables[staged].schema), self.tables[staged]
                made.time_partitioning, made.clustering_fields = source.time_partitioning, source.clustering_fields
                self._make(made)
            self.updates[target] += 1
        return self._job(job_id, "query")

    def load_table_from_uri(self, _uris: Any, into: Any, job_id: str, **_: Any) -> Any:
        self.asked["load"] += 1
        self.calls["jobs.insert"] += 1
        self.loads[str(into)] += 1
        self.updates[str(into)] += 1
        return self._job(job_id, "load")

    def _job(self, job_id: str, kind: str) -> Any:
        return SimpleNamespace(
            job_id=job_id,
            job_type=kind,
            state="DONE",
            error_result=None,
            result=list,
            started=_MOMENT,
            ended=_MOMENT,
            num_dml_affected_rows=1,
            output_rows=1,
            user_email="nobody",
        )
