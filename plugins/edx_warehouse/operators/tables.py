"""Loading, building and checking tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators.convert import CONVERTED, served_week
from edx_warehouse.operators.later_runs import leave_to_later_runs
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import CourseOperator
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.operators.unit import day_of
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.day_rows import columns_digest
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.references import bind


class CourseTableOperator(CourseOperator):
    """What the operators on one course's tables have in common.

    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog = catalog

    def announce(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Tell, with the asset events of this task, which partition was made; return the result."""
        for asset in self.outlets:
            event = context["outlet_events"][asset]
            event.add_partitions(str(day_of(context)))
            event.extra = {name: it for name, it in result.items() if isinstance(it, str | int)}
        return result

    def labels(self) -> dict[str, str]:
        """Return the labels that all tables of the course carry."""
        return {"course": self.course.slug.lower()[:63], "institution": self.institution.name.lower()}


class LoadLogDayOperator(CourseTableOperator):
    """Load one delivered log day of a course as ``tracklog_YYYYMMDD``, and as a partition of ``tracking_events``."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Load unless the day's events are loaded; then bring the partitioned table up to the day tables.

        :raises DownstreamTasksSkipped: when further days are queued, whose runs build for this one too.
        """
        day = day_of(context)
        bucket, warehouse = self.bucket(), self.warehouse(str(day))
        name = places.log_manifest(self.course, day)
        manifest = json.loads(bucket.read(name) or b"{}")
        if not manifest:
            raise Terminal(
                Problem(
                    code="E-LOD-101",
                    unit=f"{self.course} {day}",
                    file=bucket.uri(name),
                    expected="the manifest of the day's split",
                    found="none",
                    done="nothing",
                    next=f"run split_logs__{self.institution.name} for {day}",
                )
            )
        table, content = self.catalog["logs.tracklog"], manifest["content_sha256"]
        inputs = {places.log_part(self.course, day): content}
        uri = bucket.uri(places.log_part(self.course, day))
        wanted = Version(
            table=table,
            target=warehouse.reference(places.logs_dataset(self.course), places.day_table(day)),
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels={**self.labels(), "content": content[:32], "columns": columns_digest(table.fields)},
            course_id=str(self.course),
            rows_in=manifest["rows"],
            uri=uri,
            debug={"event_dates": " ".join(manifest["event_dates"])},
        )
        result = publish(
            warehouse,
            self.catalog,
            wanted,
            lambda into, key: warehouse.load(uri, table.fields, into, key, older=True),
            context,
        )
        events = TrackingEvents(bucket, warehouse, table, self.course)
        result["partitions"] = " ".join(map(str, events.catch_up(self.labels(), context)))
        self.announce(context, result)
        leave_to_later_runs(self, context)
        return result


class LoadExportOperator(CourseTableOperator):
    """Load one transformed file of a course's week, when that week is the newest.

    :param table: name of the transformed table.
    :param converted: id of the task that converted the week.
    """

    def __init__(self, *, table: str, converted: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.converted = converted

    def execute(self, context: Context) -> dict[str, Any]:
        """Load unless the file's content is loaded."""
        bucket = self.bucket()
        week = newest_week(context, self.converted, bucket, self.course)
        warehouse = self.warehouse(week)
        prefix = places.week_of_course(self.course, date.fromisoformat(week))
        output = f"transformed/{self.table}.json.gz"
        entry = json.loads(bucket.read(prefix + CONVERTED) or b"{}")["outputs"][output]
        table = self.catalog[f"transformed.{self.table}"]
        uri, inputs = bucket.uri(prefix + output), {prefix + output: entry["sha256"]}
        wanted = Version(
            table=table,
            target=warehouse.reference(places.latest_dataset(self.course), self.table),
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels={**self.labels(), "snapshot_date": week},
            course_id=str(self.course),
            rows_in=entry["rows"],
            uri=uri,
        )
        result = publish(
            warehouse, self.catalog, wanted, lambda into, key: warehouse.load(uri, table.fields, into, key), context
        )
        return self.announce(context, result)


def newest_week(context: Mapping[str, Any], converted: str, bucket: Bucket, course: CourseKey) -> str:
    """Return the week that was converted; skip the task when a newer one is served by now."""
    week = str(context["ti"].xcom_pull(task_ids=converted)["week"])
    if served_week(bucket, course) != week:
        raise AirflowSkipException(f"A newer week than {week} is served: the tables stay as they are.")
    return week


class BuildTableOperator(CourseTableOperator):
    """Rebuild one derived table whole from its query, when an input, the SQL or the schema changed.

    :param table: reference of the table, as in ``secondary.person_course``.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context: Context) -> dict[str, Any]:
        """Build; once more when an input changed while it was read."""
        warehouse = self.warehouse("")
        inputs = self._inputs(warehouse)
        while True:
            result = self._build(warehouse, inputs, context)
            now = self._inputs(warehouse)
            if now == inputs:
                return self.announce(context, result)
            inputs = now

    def _build(self, warehouse: Warehouse, inputs: Mapping[str, str], context: Context) -> dict[str, Any]:
        declared = self.catalog[self.table]
        wanted = replace(whole_version(warehouse, declared, self.course, inputs), labels=self.labels())

        def produce(into: str, key: str) -> Any:
            check_columns(warehouse, declared, wanted.sql or "", wanted.parameters)
            return warehouse.insert(wanted.sql or "", wanted.parameters, declared.fields, into, key)

        return publish(warehouse, self.catalog, wanted, produce, context)

    def _inputs(self, warehouse: Warehouse) -> dict[str, str]:
        dataset = places.latest_dataset(self.course)
        labels = warehouse.labels(dataset)
        for name in self.catalog.inputs(self.table):
            declared = self.catalog[name]
            if declared.name in labels:
                continue
            target = warehouse.reference(dataset, declared.name)
            if not declared.is_kept_by_date:
                raise AirflowSkipException(f"{target} is not there yet: whoever makes it builds {self.table} then.")
            # A course may have learners before its first log day: until then nothing happened on any day.
            warehouse.ensure_dataset(dataset, f"{dataset}: built and described by edx-warehouse.")
            labels[declared.name] = dict(warehouse.create(declared, target).labels)
        return {name: labels[self.catalog[name].name].get("digest", "") for name in self.catalog.inputs(self.table)}


def whole_version(warehouse: Warehouse, declared: Table, course: CourseKey, inputs: Mapping[str, str]) -> Version:
    """Return the version of a table that is rebuilt whole which its inputs as they are now would give.

    :param inputs: the digest of each table it reads, by ``layer.table``.
    """
    dataset = places.latest_dataset(course)
    targets = {name: warehouse.reference(dataset, name.split(".")[1]) for name in inputs}
    sql = bind(declared.sql or "", {name: f"`{target}`" for name, target in targets.items()})
    parameters, fingerprints = {"course_id": str(course)}, {targets[name]: it for name, it in inputs.items()}
    return Version(
        table=declared,
        target=warehouse.reference(dataset, declared.name),
        digest=digest(declared.reference, sql, declared.fields, fingerprints, parameters),
        inputs=fingerprints,
        labels={},
        course_id=str(course),
        sql=sql,
        parameters=parameters,
    )


def check_columns(warehouse: Warehouse, table: Table, sql: str, parameters: Mapping[str, Any]) -> None:
    """Compare what a query would give with its declaration, before anything is computed.

    :raises Terminal: ``E-CHK-103`` with the differences.
    """
    diff = schema_diff(table.fields, _with_modes(warehouse.columns(sql, parameters), table.fields), descriptions=False)
    if diff:
        raise Terminal(
            Problem(
                code="E-CHK-103",
                unit=warehouse.unit,
                file=table.reference,
                expected="the columns of its schema file",
                found="; ".join(diff),
                done="the table is as it was before",
                next="make the SQL and the schema file agree, then clear this task",
            )
        )


def _with_modes(fields: Sequence[Field], declared: Sequence[Field]) -> tuple[Field, ...]:
    """Return a query's columns with the declared modes: a query knows none but REPEATED."""
    known = {it.name: it for it in declared}
    return tuple(
        replace(
            it,
            mode=known[it.name].mode
            if it.name in known and "REPEATED" not in (it.mode, known[it.name].mode)
            else it.mode,
            fields=_with_modes(it.fields, known[it.name].fields if it.name in known else ()),
        )
        for it in fields
    )


class CheckTablesOperator(CourseTableOperator):
    """Compare served tables with their declarations: names, order, types, modes and descriptions.

    :param tables: references of the tables of the course's latest dataset.
    :param log_day: whether the run's own day table is checked as well.
    """

    def __init__(self, *, tables: Sequence[str], log_day: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.log_day = log_day

    def execute(self, context: Context) -> dict[str, Any]:
        """Check all; report every difference at once.

        :raises Terminal: ``E-CHK-104`` with the differences.
        """
        warehouse = self.warehouse("")
        dataset = places.latest_dataset(self.course)
        served = {warehouse.reference(dataset, it.split(".")[1]): self.catalog[it] for it in self.tables}
        if self.log_day:
            day_table = places.day_table(day_of(context))
            served[warehouse.reference(places.logs_dataset(self.course), day_table)] = self.catalog["logs.tracklog"]
        checked, differences = [], []
        for reference, declared in served.items():
            table = warehouse.find(reference)
            # Not there yet, or empty because a table made from it came first: its inputs have not come.
            if table is None or (declared.is_kept_by_date and "digest" not in table.labels and not table.num_rows):
                continue
            checked.append(reference)
            diff = schema_diff(declared.fields, fields_of(table.schema), descriptions=True)
            if "digest" not in table.labels or not table.description:
                diff.append("no provenance")
            differences += [f"{reference}: {line}" for line in diff]
        if differences:
            raise Terminal(
                Problem(
                    code="E-CHK-104",
                    unit=warehouse.unit,
                    expected="served tables as their schema files declare them",
                    found="; ".join(differences),
                    done="nothing was changed",
                    next="clear the tasks that build these tables: they put right what somebody else changed",
                )
            )
        return {"checked": checked}
