"""``tracking_events``: all delivered log days of a course in one partitioned table, beside its day tables."""

import getpass
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date
from functools import cached_property
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators.due import digest_of, log_manifests
from edx_warehouse.operators.publish import code_version
from edx_warehouse.tables import provenance
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.declarations import Field, Table

NAME = "tracking_events"
_DAYS_PER_JOB = 1_000  # BigQuery loads 10,000 objects and changes 4,000 partitions in a job at most


@dataclass(frozen=True)
class Filled:
    """What the table holds.

    :param table: when it was created, in milliseconds: one that was made anew is empty.
    :param days: content of each day that is in place, by the day's text.
    :param pending: content of the days whose jobs have been begun, and may still run; empty for a day that goes.
    """

    table: str
    days: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return it as JSON, always the same bytes for the same content."""
        return json.dumps(asdict(self), sort_keys=True, indent=1).encode()


def declaration(tracklog: Table) -> Table:
    """Return what the table is said to be: the day tables' columns, divided by delivered day."""
    return replace(
        tracklog,
        name=NAME,
        description=f"{tracklog.description.strip()} All delivered days of the course are in this one table, a "
        "partition each: filter by log_date, without which BigQuery takes no query.",
        partition="log_date",
        partition_filter=True,
        cluster=("event_type", "username"),
    )


class TrackingEvents:
    """One look at a course's table; everything is read once, when it is asked for.

    :param tracklog: the declaration of the day tables.
    """

    def __init__(self, bucket: Bucket, warehouse: Warehouse, tracklog: Table, course: CourseKey) -> None:
        self.bucket = bucket
        self.warehouse = warehouse
        self.course = course
        self.table = declaration(tracklog)
        self.target = warehouse.reference(places.latest_dataset(course), NAME)
        self.state = places.table_state(course, NAME)

    @cached_property
    def _served(self) -> Any:
        return self.warehouse.find(self.target)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns that it has; none when it is not there."""
        return fields_of(self._served.schema) if self._served else ()

    def held(self) -> dict[date, str]:
        """Return the days whose rows are in place, each with its content."""
        return {date.fromisoformat(day): it for day, it in self._filled().days.items()} if self._served else {}

    def catch_up(self, labels: Mapping[str, str], context: Mapping[str, Any]) -> list[date]:
        """Make the table hold what the day tables hold; return the days that were replaced.

        Load jobs and the removal of whole partitions cost nothing. Days are written down before their jobs begin:
        after a crash the next run waits for these very jobs, so that no old job can double the rows of a new one.

        :raises Terminal: ``E-CHK-101`` when the rows that were loaded are not as many as the manifests say.
        """
        self._ensure()
        filled = self._filled()
        done: set[str] = set()
        loaded, parts = self._contents()
        while todo := filled.pending or self._missing(filled, loaded, parts):
            if not filled.pending:
                kept = {day: it for day, it in filled.days.items() if day not in todo}
                filled = replace(filled, days=kept, pending=todo)
                self._write(filled)
            after = replace(filled, pending={})
            try:
                job, rows = self._replace(todo, is_current=all(parts.get(day, "") == it for day, it in todo.items()))
            except _OtherRows as error:
                self._write(after)
                raise self._refusal(error) from None
            done |= todo.keys()
            known = {day: it for day, it in todo.items() if it and loaded.get(day) == parts.get(day) == it}
            after = replace(after, days={**after.days, **known})
            self._describe(after, job, rows, todo, labels, context)
            self._write(after)
            filled = after
        return sorted(map(date.fromisoformat, done))

    def _ensure(self) -> None:
        """Create the table; one with other columns is made anew, as its days cost nothing to load again."""
        if self._served and schema_diff(self.table.fields, self.fields, descriptions=False):
            self.warehouse.drop(self.target)
            self._served = None
        if self._served is None:
            dataset = places.latest_dataset(self.course)
            self.warehouse.ensure_dataset(dataset, f"{dataset}: built and described by edx-warehouse.")
            self._served = self.warehouse.create(self.table, self.target)

    def _filled(self) -> Filled:
        created = f"{self._served.created.timestamp() * 1000:.0f}"
        content = self.bucket.read(self.state)
        filled = Filled(**json.loads(content)) if content else Filled(created)
        return filled if filled.table == created else Filled(created)

    def _contents(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the content of each loaded day table, and of each part in the bucket, by the day's text."""
        prefix = "tracklog_"
        loaded = {
            str(date.fromisoformat(name.removeprefix(prefix))): it.get("content", "")
            for name, it in self.warehouse.labels(places.logs_dataset(self.course)).items()
            if name.startswith(prefix)
        }
        return loaded, {str(day): it.get("content", "") for day, it in log_manifests(self.bucket, self.course).items()}

    def _missing(self, filled: Filled, loaded: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
        # A day whose newer part is not loaded yet has its own run to come.
        missing = {day: it for day, it in sorted(loaded.items()) if filled.days.get(day) != it and parts.get(day) == it}
        gone = {day: "" for day in sorted(filled.days) if day not in loaded}
        return dict(list({**missing, **gone}.items())[:_DAYS_PER_JOB])

    def _replace(self, todo: Mapping[str, str], *, is_current: bool) -> tuple[Any, int]:
        """Empty the partitions of some days and load their parts; return the last job and its rows."""
        stored = self.bucket.stat(self.state)
        # Each time that days are written down is another generation, and so are its jobs.
        begun = digest_of([self.target, stored.generation if stored else 0])[:16]
        key = f"{self.target.split('.', 1)[1].replace('.', '__')}_{begun}"
        days = [date.fromisoformat(day) for day in todo]
        job = self.warehouse.delete_dates(self.table, self.target, days, f"empty_{key}")
        manifests = [
            json.loads(self.bucket.read(places.log_manifest(self.course, day)) or b"{}")
            for day in days
            if todo[str(day)]
        ]
        expected = sum(it.get("rows", 0) for it in manifests)
        if not expected:
            return job, 0
        uris = [self.bucket.uri(places.log_part(self.course, day)) for day in days if todo[str(day)]]
        job = self.warehouse.load(uris, self.table.fields, self.target, f"load_{key}", append=True, older=True)
        rows = int(job.output_rows or 0)
        if is_current and rows != expected:
            raise _OtherRows(expected, rows)
        return job, rows

    def _describe(
        self,
        filled: Filled,
        job: Any,
        rows: int,
        todo: Mapping[str, str],
        labels: Mapping[str, str],
        context: Mapping[str, Any],
    ) -> None:
        """Say how the table was filled last. Each day's own row of ``job_history`` is that of its day table."""
        digest = provenance.digest(self.table.reference, None, self.table.fields, filled.days, {})
        instance = context["ti"]
        newest = date.fromisoformat(max(todo))
        record = provenance.JobRecord(
            reference=self.table.reference,
            target=self.target,
            who=getattr(job, "user_email", None) or getpass.getuser(),
            status="replaced days",
            started=job.started.astimezone(UTC),
            ended=job.ended.astimezone(UTC),
            job_id=job.job_id,
            digest=digest,
            code_version=code_version(),
            course_id=str(self.course),
            dag_id=instance.dag_id,
            run_id=context["dag_run"].run_id,
            task_id=instance.task_id,
            try_number=instance.try_number,
            bytes_processed=int(getattr(job, "input_file_bytes", None) or 0),
            rows_out=rows,
            uri=self.bucket.uri(places.log_part(self.course, newest)),
            inputs={places.log_part(self.course, date.fromisoformat(day)): it for day, it in todo.items()},
            debug={"days": str(len(filled.days))},
        )
        description = provenance.describe(self.table.description, record)
        self.warehouse.describe(self.table, self.target, description, {**labels, "digest": digest})

    def _write(self, filled: Filled) -> None:
        self.bucket.put(self.state, filled.to_json())

    def _refusal(self, error: "_OtherRows") -> Terminal:
        return Terminal(
            Problem(
                code="E-CHK-101",
                unit=self.warehouse.unit,
                file=self.target,
                expected=f"{error.expected} rows, as the manifests say",
                found=f"{error.found} rows",
                done="these days are read from their day tables",
                next="clear this task: it loads these days again",
            )
        )


class _OtherRows(Exception):
    def __init__(self, expected: int, found: int) -> None:
        super().__init__(expected, found)
        self.expected, self.found = expected, found
