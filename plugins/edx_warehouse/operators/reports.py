"""Making an institution's tables across courses: the rows of a course are replaced when its own tables changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse, has_form_of
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.whole_tables import check_columns
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.references import bind
from edx_warehouse.tables.reports import (
    REPORT,
    ReportState,
    groups,
    is_of_courses,
    known_state,
    report_tables,
    states_json,
    union_of_courses,
)


@dataclass(frozen=True)
class ServedCourse:
    """What is served of a course.

    :param dataset: where.
    :param week: day of its weekly export.
    :param digests: label of each table by its name.
    """

    dataset: str
    week: date
    digests: Mapping[str, str]

    def fingerprint(self, table: Table) -> str | None:
        """Return the digest of what a report takes from this course; None when a table is not there yet."""
        inputs = {it: self.digests.get(it.split(".")[1], "") for it in table.references}
        if not all(inputs.values()):
            return None
        return digest(table.reference, table.sql, table.fields, inputs, {"snapshot_date": self.week})


class BuildReportsOperator(InstitutionOperator):
    """Bring the tables across courses up to what is served of each course; what is as it should be stays.

    A course whose tables cannot be read keeps its rows, and the others are done all the same.

    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Build; return the tables that were made.

        :raises Terminal: the first table's or course's that could not be done.
        """
        warehouse = self.warehouse(f"{self.institution.name} reports")
        report = _Reports(self.institution.name, self.catalog, self.bucket(), warehouse, self._served(warehouse))
        registered = {str(it) for it in self.courses}
        made: list[str] = []
        failures: list[Terminal] = []
        for table in report_tables(self.catalog):
            try:
                if is_of_courses(table):
                    is_made = report.build_courses(table, registered, failures, context)
                else:
                    is_made = report.build_whole(table, context)
            except Terminal as error:
                failures.append(error)
                continue
            made += [table.name] if is_made else []
        for failure in failures:
            self.log.error("%s", failure.problem)
        if failures:
            raise failures[0]
        return {"made": made}

    def _served(self, warehouse: Warehouse) -> dict[str, ServedCourse]:
        found = {}
        for course in self.courses:
            dataset = places.latest_dataset(course)
            labels = warehouse.labels(dataset)
            week = labels.get("user_info_combo", {}).get("snapshot_date")
            if week:
                digests = {name: it.get("digest", "") for name, it in labels.items()}
                found[str(course)] = ServedCourse(dataset, date.fromisoformat(week), digests)
        return found


@dataclass(frozen=True)
class _Reports:
    """The dataset of reports, and the courses to make them of."""

    institution: str
    catalog: Catalog
    bucket: Bucket
    warehouse: Warehouse
    served: Mapping[str, ServedCourse]

    def target(self, table: Table) -> str:
        is_report = table.layer == REPORT
        dataset = places.report_dataset(self.institution) if is_report else places.REFERENCE_TABLES
        return self.warehouse.reference(dataset, table.name)

    def build_courses(self, table: Table, registered: set[str], failures: list[Terminal], context: Context) -> bool:
        """Replace the rows of the courses that changed, and remove those of courses that are no more."""
        served = self.warehouse.find(self.target(table))
        state = self._state(table, served)
        wanted = {name: it for name in sorted(self.served) if (it := self.served[name].fingerprint(table))}
        changed = [name for name, it in wanted.items() if state is None or state.courses.get(name) != it]
        for group in groups(table, changed):
            state = self._replace(table, state, group, wanted, failures, context)
        gone = sorted(state.courses.keys() - registered) if state else []
        if state and gone:
            sql = f"SELECT * FROM `{self.target(table)}` WHERE FALSE"
            state = self._publish(table, state, state.having({}, gone), gone, sql, {}, context)
        return state is not None and (served is None or served.labels.get("digest") != state.digest)

    def _replace(
        self,
        table: Table,
        state: ReportState | None,
        courses: Sequence[str],
        wanted: Mapping[str, str],
        failures: list[Terminal],
        context: Context,
    ) -> ReportState | None:
        """Replace some courses' rows; when that cannot be done, those of each half, so that one holds up itself."""
        inputs = {name: wanted[name] for name in courses}
        try:
            new = (state or ReportState()).having(inputs)
            return self._publish(table, state, new, courses, self._sql(table, courses), inputs, context)
        except Terminal as error:
            if len(courses) == 1:
                failures.append(error)
                return state
        middle = len(courses) // 2
        for half in (courses[:middle], courses[middle:]):
            state = self._replace(table, state, half, wanted, failures, context)
        return state

    def _publish(
        self,
        table: Table,
        state: ReportState | None,
        new: ReportState,
        courses: Sequence[str],
        sql: str,
        inputs: Mapping[str, str],
        context: Context,
    ) -> ReportState:
        # Both are written down first: whichever the table's label names afterwards is what it holds.
        self.bucket.put(places.report_state(table.name), states_json([*([state] if state else []), new]))
        # Of a table that nobody knows about all rows go: the courses that follow bring theirs.
        part = list(courses) if state else None
        self._make(self._version(table, sql, new.digest, inputs, part), context)
        return new

    def build_whole(self, table: Table, context: Context) -> bool:
        """Make a table of the institution's tables whole, when one of them changed."""
        targets = {it: self.target(self.catalog[it]) for it in table.references}
        inputs = {}
        for name, target in targets.items():
            if (served := self.warehouse.find(target)) is None:
                return False  # no course has what it needs, or no list was delivered
            inputs[name] = served.labels.get("digest", "")
        sql = bind(table.sql or "", {name: f"`{it}`" for name, it in targets.items()})
        recipe = digest(table.reference, sql, table.fields, inputs, {})
        return self._make(self._version(table, sql, recipe, inputs, None), context)

    def _state(self, table: Table, served: Any) -> ReportState | None:
        if served is None or not has_form_of(served, table):
            return None
        return known_state(self.bucket.read(places.report_state(table.name)), served.labels.get("digest"))

    def _sql(self, table: Table, courses: Sequence[str]) -> str:
        sql, targets = table.sql or "", {}
        for reference in table.references:
            name = reference.split(".")[1]
            served = (self.served[it] for it in courses)
            weeks = {self.warehouse.reference(it.dataset, name): it.week for it in served}
            targets[reference] = union_of_courses(sql, self.catalog[reference], weeks)
        return bind(sql, targets)

    def _version(
        self, table: Table, sql: str, label: str, inputs: Mapping[str, str], courses: Sequence[str] | None
    ) -> Version:
        return Version(
            table=table,
            target=self.target(table),
            digest=label,
            inputs=inputs,
            labels={"institution": self.institution.lower()},
            course_id=courses[0] if courses and len(courses) == 1 else "",
            sql=sql,
            courses=courses,
        )

    def _make(self, wanted: Version, context: Context) -> bool:
        def produce(into: str, key: str) -> Any:
            check_columns(self.warehouse, wanted.table, wanted.sql or "", {})
            return self.warehouse.insert(wanted.sql or "", {}, wanted.table.fields, into, key)

        return bool(publish(self.warehouse, self.catalog, wanted, produce, context)["made"])
