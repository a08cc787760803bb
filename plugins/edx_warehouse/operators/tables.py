"""Loading, building and checking tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.warehouse import fields_of
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.later_runs import leave_to_later_runs
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import CourseOperator
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.operators.unit import day_of
from edx_warehouse.operators.whole_tables import build_whole
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.day_rows import columns_digest
from edx_warehouse.tables.declarations import LOGS, Table
from edx_warehouse.tables.provenance import digest


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

    def course_tables(self, unit: str) -> CourseTables:
        """Return the tables of the course's latest dataset; errors name the unit."""
        return CourseTables(self.institution, self.course, LATEST, self.catalog, self.bucket(), self.warehouse(unit))


class LoadLogDayOperator(CourseTableOperator):
    """Load one delivered log day of a course as ``tracklog_YYYYMMDD``, and as a partition of ``tracking_events``."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Load unless the day's events are loaded; then bring the partitioned table up to the day tables.

        :raises DownstreamTasksSkipped: when something was loaded and further days are queued, whose runs build for it too.
        """
        day = day_of(context)
        tables = self.course_tables(str(day))
        bucket, warehouse = tables.bucket, tables.warehouse
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
            labels={**tables.labels, "content": content[:32], "columns": columns_digest(table.fields)},
            course_id=str(self.course),
            rows_in=manifest["rows"],
            uri=uri,
            debug={"event_dates": " ".join(manifest["event_dates"])},
        )
        result = publish(
            warehouse,
            self.catalog,
            wanted,
            lambda into, key: self._load(tables, manifest["part"], into, key),
            context,
        )
        events = TrackingEvents(bucket, warehouse, table, self.course)
        result["partitions"] = " ".join(map(str, events.catch_up(tables.labels, context)))
        self.announce(context, result)
        if result["made"] or result["partitions"]:
            # Else the builds of this day may have been left to others before, and those others never came so far.
            leave_to_later_runs(self, context)
        return result

    def _load(self, tables: CourseTables, part: Mapping[str, str], into: str, key: str) -> Any:
        """Load the part that a manifest names, and no other: while a day is replaced, parts come before manifests.

        :raises Transient: ``E-BKT-101`` when the part is another one, or became another one meanwhile.
        """
        bucket = tables.bucket
        before = bucket.require(part["name"], part["sha256"])
        # A try that goes on after a refusal must not adopt the job that may have read another part.
        job = tables.warehouse.load(
            bucket.uri(part["name"]),
            self.catalog[LOGS].fields,
            into,
            f"{key}_{before.generation}",
            older=True,
        )
        bucket.require(part["name"], part["sha256"], before.generation)
        return job


class BuildTableOperator(CourseTableOperator):
    """Rebuild one derived table whole from its query, when an input, the SQL or the schema changed.

    :param table: reference of the table, as in ``secondary.person_course``.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context: Context) -> dict[str, Any]:
        """Build; once more when an input changed while it was read."""
        return self.announce(context, build_whole(self.course_tables(""), self.table, context))


class CheckTablesOperator(CourseTableOperator):
    """Compare served tables with their declarations: names, order, types and modes.

    Descriptions and policy tags that those which are as declared lack are put on them: that makes no job.

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
        tables = self.course_tables("")
        more = {}
        if self.log_day:
            day_table = places.day_table(day_of(context))
            more[tables.warehouse.reference(places.logs_dataset(self.course), day_table)] = self.catalog[LOGS]
        return {"checked": check_served(tables, self.tables, more)}


def check_served(tables: CourseTables, names: Sequence[str], more: Mapping[str, Table] | None = None) -> list[str]:
    """Compare served tables with their declarations; return those that are there.

    :param names: references of tables of the course's window.
    :param more: further tables by their full names.
    :raises Terminal: ``E-CHK-104`` with all differences.
    """
    served = {tables.target(it.split(".")[1]): tables.catalog[it] for it in names} | dict(more or {})
    checked, differences = [], []
    for reference, declared in served.items():
        table = tables.warehouse.find(reference)
        # Not there yet, or empty because a table made from it came first: its inputs have not come.
        if table is None or (declared.is_kept_by_date and "digest" not in table.labels and not table.num_rows):
            continue
        checked.append(reference)
        diff = schema_diff(declared.fields, fields_of(table.schema), descriptions=False)
        if "digest" not in table.labels or not table.description:
            diff.append("no provenance")
        differences += [f"{reference}: {line}" for line in diff]
        if not diff:
            tables.warehouse.protect(declared, table)  # with a policy tag that was configured since it was made
            tables.warehouse.retell(declared, table)
    if differences:
        raise Terminal(
            Problem(
                code="E-CHK-104",
                unit=tables.warehouse.unit,
                expected="served tables as their schema files declare them",
                found="; ".join(differences),
                done="nothing was changed",
                next="clear the tasks that build these tables: they put right what somebody else changed",
            )
        )
    return checked
