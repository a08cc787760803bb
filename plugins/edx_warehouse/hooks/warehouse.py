"""BigQuery as this package uses it: staged tables that are put in place whole, described and recorded."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from itertools import batched
from pathlib import Path
from typing import Any

from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.places import STAGING
from edx_warehouse.hooks import statements
from edx_warehouse.hooks.budget import DailyBudget
from edx_warehouse.hooks.jobs import run_job
from edx_warehouse.tables import provenance
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.privacy import restricted

_PROTECTION = ("privacy", "policy")  # labels
_DAY_MS = 24 * 60 * 60 * 1000
_PARTITIONS_PER_JOB = 4_000  # BigQuery's limit
_BYTE_CEILING = 2 * 1024**4  # of one query: a query that would read more is a mistake


def schema_of(fields: Sequence[Field], tag: str = "") -> list[bigquery.SchemaField]:
    """Return declared fields as BigQuery's.

    :param tag: policy tag of the restricted ones; empty when there is none.
    """
    return [
        bigquery.SchemaField(
            field.name,
            field.type,
            mode=field.mode,
            description=field.description,
            fields=schema_of(field.fields, tag),
            policy_tags=_policy_tags(field, tag),
        )
        for field in fields
    ]


def _policy_tags(field: Field, tag: str) -> bigquery.PolicyTagList | None:
    if not tag or field.type == "RECORD":
        return None
    # An empty list takes a tag away from a column that has become public; without a list the tag would stay.
    return bigquery.PolicyTagList(names=(tag,) if field.privacy == "restricted" else ())


def fields_of(schema: Sequence[bigquery.SchemaField]) -> tuple[Field, ...]:
    """Return BigQuery's fields as declared ones are written."""
    return tuple(
        Field(it.name, it.field_type, it.mode or "NULLABLE", it.description or "", fields_of(it.fields))
        for it in schema
    )


class Warehouse:
    """One institution's BigQuery project.

    :param unit: what the work is for, as errors name it.
    :param tag: policy tag of restricted columns; empty when there is none.
    :param bytes_per_day: what all queries of a day may be billed; 0 for any amount.
    """

    def __init__(self, client: bigquery.Client, unit: str, tag: str = "", bytes_per_day: int = 0) -> None:
        self.client = client
        self.project: str = client.project
        self.unit = unit
        self.tag = tag
        self.budget = DailyBudget(client, bytes_per_day, unit)

    @classmethod
    def connect(cls, project: str, gcp_conn_id: str, unit: str, tag: str = "", bytes_per_day: int = 0) -> "Warehouse":
        """Return the project as seen through an Airflow connection; whoever asks its client gets GoogleSQL and a ceiling."""
        client = BigQueryHook(gcp_conn_id=gcp_conn_id, use_legacy_sql=False).get_client(project_id=project)
        client.default_query_job_config = bigquery.QueryJobConfig(
            use_legacy_sql=False, maximum_bytes_billed=_BYTE_CEILING
        )
        return cls(client, unit, tag, bytes_per_day)

    def reference(self, dataset: str, table: str) -> str:
        """Return a table's full name."""
        return f"{self.project}.{dataset}.{table}"

    def find(self, reference: str) -> bigquery.Table | None:
        """Return a table's description, or None when there is none."""
        try:
            return self.client.get_table(reference)
        except NotFound:
            return None

    def labels(self, dataset: str) -> dict[str, dict[str, str]]:
        """Return the labels of every table of a dataset, by table name; none when there is no dataset."""
        try:
            return {item.table_id: dict(item.labels) for item in self.client.list_tables(f"{self.project}.{dataset}")}
        except NotFound:
            return {}

    def ensure_dataset(self, name: str, description: str, *, expiring: bool = False) -> bigquery.Dataset:
        """Create a dataset unless it exists; return it."""
        try:
            return self.client.get_dataset(f"{self.project}.{name}")
        except NotFound:
            pass
        dataset = bigquery.Dataset(f"{self.project}.{name}")
        dataset.description = description
        if expiring:
            dataset.default_table_expiration_ms = _DAY_MS
        return self.client.create_dataset(dataset, exists_ok=True)

    def ensure_private_dataset(self, name: str, description: str, *, expiring: bool = False) -> None:
        """Create a dataset unless it exists, and see that who may read the whole project may not read it."""
        dataset = self.ensure_dataset(name, description, expiring=expiring)
        entries = [it for it in dataset.access_entries if it.entity_id != "projectReaders"]
        if len(entries) < len(dataset.access_entries):
            dataset.access_entries = entries
            self.client.update_dataset(dataset, ["access_entries"])

    def create(self, table: Table, reference: str) -> bigquery.Table:
        """Create an empty table as declared unless one is there; return it."""
        return self.client.create_table(_declared(table, reference, self.tag), exists_ok=True)

    def staging(self, table: Table, key: str) -> bigquery.Table:
        """Return an empty table beside the served ones, or the one that an earlier try made; it expires by itself."""
        reference = self.reference(STAGING, key)
        try:
            return self.create(table, reference)
        except NotFound:
            self.ensure_private_dataset(STAGING, "Tables on their way; each lives a day at most.", expiring=True)
            return self.create(table, reference)

    def load(
        self,
        uris: str | Sequence[str],
        fields: Sequence[Field],
        into: str,
        key: str,
        *,
        append: bool = False,
        older: bool = False,
    ) -> Any:
        """Load objects of newline-delimited JSON; no bad record is tolerated.

        :param append: whether the rows that the table has stay.
        :param older: whether objects may have keys that are columns no more.
        """
        disposition = bigquery.WriteDisposition
        config = bigquery.LoadJobConfig(
            schema=schema_of(fields, "" if append else self.tag),  # columns that stay keep their tags
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=disposition.WRITE_APPEND if append else disposition.WRITE_TRUNCATE,
            ignore_unknown_values=older,
            max_bad_records=0,
        )
        if not append and (there := self.find(into)):
            # Who replaces a table's rows has to say again how it is divided.
            config.time_partitioning = there.time_partitioning
            config.clustering_fields = there.clustering_fields
        return self._job(
            key, lambda job_id: self.client.load_table_from_uri(uris, into, job_id=job_id, job_config=config)
        )

    def load_file(self, path: Path, fields: Sequence[Field], into: str, key: str) -> Any:
        """Load a file of newline-delimited JSON from this machine, so that no object in a bucket holds its rows."""
        config = bigquery.LoadJobConfig(
            schema=schema_of(fields, self.tag),
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            max_bad_records=0,
        )

        def begin(job_id: str) -> Any:
            with path.open("rb") as file:
                return self.client.load_table_from_file(
                    file, into, size=path.stat().st_size, job_id=job_id, job_config=config
                )

        return self._job(key, begin)

    def columns(self, sql: str, parameters: Mapping[str, Any]) -> tuple[Field, ...]:
        """Return what a query would give, by a dry run.

        :raises Terminal: ``E-JOB-103`` when BigQuery cannot read the query.
        """
        config = self._query_config(parameters, dry_run=True, use_query_cache=False)
        try:
            job = self.client.query(sql, job_config=config)
        except GoogleAPICallError as error:
            raise Terminal(
                Problem(
                    code="E-JOB-103",
                    unit=self.unit,
                    expected="a query that BigQuery can run",
                    found=str(error.message)[:500],
                    done="nothing was computed",
                    next="mend the table's SQL, or the tables that it reads",
                )
            ) from error
        return fields_of(job.schema or ())

    def insert(self, sql: str, parameters: Mapping[str, Any], fields: Sequence[Field], into: str, key: str) -> Any:
        """Pour a query's rows into a table, column by column by name."""
        return self.query(statements.insert(sql, fields, into), parameters, key)

    def insert_dates(self, sql: str, parameters: Mapping[str, Any], table: Table, into: str, key: str) -> Any:
        """Pour a query's rows of the parameter ``event_dates`` into a table, column by column by name."""
        return self.query(statements.insert_dates(sql, table, into), parameters, key)

    def query(self, sql: str, parameters: Mapping[str, Any], key: str) -> Any:
        """Run a query and wait for it.

        :raises Terminal: ``E-JOB-104`` when it would pass the budget of the day, and those of :func:`run_job`.
        """
        config = self._query_config(parameters)
        room = self.budget.room(sql, config.query_parameters)
        config.maximum_bytes_billed = _BYTE_CEILING if room is None else min(room, _BYTE_CEILING)
        job = self._job(key, lambda job_id: self.client.query(sql, job_id=job_id, job_config=config, job_retry=None))
        self.budget.add(job)
        return job

    def replace(
        self, table: Table, staged: str, target: str, description: str, labels: Mapping[str, str], key: str
    ) -> None:
        """Put a staged table in the place of the served one: rows, description and labels in one step.

        A table with policy tags keeps them: its rows are replaced in one step, then its description and labels.
        """
        self.query(self._replacement(table, staged, target, description, labels), {}, key)
        if self._keeps_tags(table):
            self.describe(table, target, description, labels)

    def replace_all(self, staged: Sequence[tuple[Table, bigquery.Table, str]], key: str) -> None:
        """Put staged tables in the places of the served ones in one job, one statement after the other.

        Tables with policy tags are to be described afterwards.

        :param staged: declared tables in the order to go by, each staged with its description and labels, and its target.
        """
        texts = [
            self._replacement(table, str(it.reference), target, it.description or "", it.labels)
            for table, it, target in staged
        ]
        for number, script in enumerate(statements.scripts(texts)):
            self.query(script, {}, f"{key}_{number}")

    def _keeps_tags(self, table: Table) -> bool:
        return bool(self.tag and self.protection(table))

    def _replacement(self, table: Table, staged: str, target: str, description: str, labels: Mapping[str, str]) -> str:
        """Return the statement that puts a staged table in place; the target of one with policy tags is made ready."""
        served, labels = self.find(target), {**labels, **self.protection(table)}
        # A table with policy tags gets its columns without rows, and BigQuery replaces none by one divided otherwise.
        if served and not (has_form_of(served, table) if self._keeps_tags(table) else _is_divided_as(served, table)):
            beside = self._beside(table, staged, target, description, labels)
            return statements.exchange(table, staged, beside, target)
        if not self._keeps_tags(table):
            return statements.create_or_replace(table, staged, target, description, labels)
        if served:
            self.protect(table, served)
        else:
            self.create(table, target)
        return statements.replace_rows(table, staged, target)

    def _beside(self, table: Table, staged: str, target: str, description: str, labels: Mapping[str, str]) -> str:
        """Create an empty table that is to take the target's place, unless an earlier try did; return its name."""
        declared = _declared(table, f"{target}__{staged[-16:]}", self.tag)
        declared.description, declared.labels = description, {**labels, **self.protection(table)}
        return str(self.client.create_table(declared, exists_ok=True).reference)

    def replace_by_dates(
        self,
        table: Table,
        staged: str,
        target: str,
        dates: Sequence[date],
        description: str,
        labels: Mapping[str, str],
        key: str,
    ) -> None:
        """Put a staged table that has rows of these dates in the place of the served one, as :meth:`replace` does.

        More dates than a job can fill partitions are filled by several, beside the served table.
        """
        if len(dates) <= _PARTITIONS_PER_JOB:
            self.replace(table, staged, target, description, labels, key)
            return
        beside = self._beside(table, staged, target, description, labels)
        self.replace_dates(table, staged, beside, dates, f"{key}_fill")
        self.query(statements.take_place(beside, target), {}, key)

    def replace_dates(self, table: Table, staged: str, target: str, dates: Sequence[date], key: str) -> None:
        """Put a staged table's rows of some dates in the place of all rows of these dates; up to 4,000 in one step."""
        sql = statements.replace_dates(table, staged, target)
        for number, some in enumerate(batched(dates, _PARTITIONS_PER_JOB, strict=False)):
            self.query(sql, {"dates": list(some)}, f"{key}_{number}" if number else key)

    def replace_courses(self, table: Table, staged: str, target: str, courses: Sequence[str], key: str) -> None:
        """Put a staged table in the place of all rows of some courses, in one step."""
        self.query(statements.replace_courses(table, staged, target), {"courses": list(courses)}, key)

    def delete_dates(self, table: Table, target: str, dates: Sequence[date], key: str) -> Any:
        """Empty partitions of a table. BigQuery drops whole partitions without reading them, which costs nothing."""
        return self.query(statements.delete_dates(table, target, dates), {}, key)

    def describe(self, table: Table, reference: str, description: str, labels: Mapping[str, str]) -> None:
        """Write a table's description, labels and column descriptions, all in one request."""
        served = self.client.get_table(reference)
        served.description = description
        # None removes a label that is no longer ours; BigQuery keeps those that are not mentioned.
        served.labels = {**dict.fromkeys(served.labels), **labels, **self.protection(table)}
        served.schema = schema_of(table.fields, self.tag)
        changed = ["description", "labels", "schema"]
        if table.partition_filter:
            served.require_partition_filter = True
            changed.append("require_partition_filter")
        self.client.update_table(served, changed)

    def protection(self, table: Table) -> dict[str, str]:
        """Return the labels that say how a table's restricted columns are protected; none when it has none."""
        columns = restricted(table.fields)
        if not columns:
            return {}
        # The label, not the schema, says which tags a table has: not every BigQuery tells of them.
        tagged = hashlib.sha256(json.dumps([self.tag, columns]).encode()).hexdigest()[:16]
        return {"privacy": "restricted"} | ({"policy": tagged} if self.tag else {})

    def protect(self, table: Table, served: bigquery.Table) -> bool:
        """Give a served table of the declared columns its policy tags and the labels that tell of them.

        :returns: whether it lacked them.
        """
        wanted = self.protection(table)
        if {name: it for name, it in served.labels.items() if name in _PROTECTION} == wanted:
            return False
        served.labels = {**served.labels, **dict.fromkeys(_PROTECTION), **wanted}
        served.schema = schema_of(table.fields, self.tag)
        self.client.update_table(served, ["labels", "schema"])
        return True

    def retell(self, table: Table, served: bigquery.Table) -> None:
        """Give a served table of the declared columns the declared descriptions, unless it has them."""
        told = provenance.retold(table.description, served.description or "")
        if told == served.description and not schema_diff(table.fields, fields_of(served.schema), descriptions=True):
            return
        served = self.client.get_table(served.reference)
        served.description = told
        served.schema = schema_of(table.fields, self.tag)
        self.client.update_table(served, ["description", "schema"])

    def append(self, table: Table, dataset: str, row: Mapping[str, Any], key: str) -> None:
        """Add one row to a table of records, exactly once for a key."""
        reference = self.reference(dataset, table.name)
        if table.name not in self.labels(dataset):
            self.ensure_dataset(dataset, "How the warehouse was made: one row per table version.")
            self.create(table, reference)
        # The driver binds scalars everywhere; lists of records travel as one JSON text.
        parameters = {
            field.name: bigquery.ScalarQueryParameter(field.name, "STRING", json.dumps(row[field.name]))
            if field.mode == "REPEATED"
            else bigquery.ScalarQueryParameter(field.name, field.type, row[field.name])
            for field in table.fields
        }
        self.query(statements.insert_parameters(table, reference), parameters, key)

    def drop(self, reference: str) -> None:
        """Remove a table if it is there."""
        self.client.delete_table(reference, not_found_ok=True)

    def _job(self, key: str, begin: Callable[[str], Any]) -> Any:
        return run_job(self.client, key, self.unit, begin)

    def _query_config(self, parameters: Mapping[str, Any], **options: Any) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in parameters.items()], **options
        )


def _declared(table: Table, reference: str, tag: str) -> bigquery.Table:
    declared = bigquery.Table(reference, schema=schema_of(table.fields, tag))
    declared.description = table.description
    if table.partition:
        declared.time_partitioning = bigquery.TimePartitioning(field=table.partition)
        declared.require_partition_filter = table.partition_filter
    if table.cluster:
        declared.clustering_fields = list(table.cluster)
    return declared


def has_form_of(served: bigquery.Table, table: Table) -> bool:
    """Tell whether a served table can take the rows of a declared one, and is divided as that one is declared to."""
    return not schema_diff(table.fields, fields_of(served.schema), descriptions=False) and _is_divided_as(served, table)


def _is_divided_as(served: bigquery.Table, table: Table) -> bool:
    partition = served.time_partitioning.field if served.time_partitioning else None
    return partition == table.partition and tuple(served.clustering_fields or ()) == table.cluster


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, bigquery.ScalarQueryParameter):
        return value
    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, _type_of(value[0]) if value else "DATE", value)
    return bigquery.ScalarQueryParameter(name, _type_of(value), value)


def _type_of(value: Any) -> str:
    # datetime is a date and bool an int to Python, so the narrower comes first.
    for kind, name in ((bool, "BOOL"), (int, "INT64"), (float, "FLOAT64"), (datetime, "TIMESTAMP"), (date, "DATE")):
        if isinstance(value, kind):
            return name
    return "STRING"
