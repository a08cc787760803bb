"""Tables across courses: only the rows of courses that changed are replaced, and nobody holds up the others."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.reports import BuildReportsOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

LATEST, ALL = "report.person_course_latest", "report.overall_stats"
CONTEXT = {
    "ti": SimpleNamespace(dag_id="institution_tables__x", task_id="build_reports", try_number=1),
    "dag_run": SimpleNamespace(run_id="manual", dag_id="institution_tables__x"),
}


class Reported:
    """An institution with two courses that serve what a report reads."""

    def __init__(self, name: str, warehouse: Warehouse, bucket: Bucket, catalog: Catalog) -> None:
        self.name, self.warehouse, self.bucket = name[:30], warehouse, bucket
        self.a, self.b = CourseKey(self.name, "A", "1"), CourseKey(self.name, "B", "2")
        self.person_course, self.roles = (
            replace(catalog[it], sql=None, references=(), parameters=())
            for it in ("secondary.person_course", "secondary.roles")
        )
        people = catalog["transformed.user_info_combo"]
        wanted = [catalog[it] for it in (LATEST, ALL, "ops.job_history", "reference.countries")]
        self.catalog = Catalog([self.person_course, self.roles, people, *wanted])

    def serve(self, course: CourseKey, users: Sequence[int], week: str, table: Table | None = None) -> None:
        """Put a course's table of persons in the place of what it served."""
        dataset, table = places.latest_dataset(course), table or self.person_course
        self.warehouse.ensure_dataset(dataset, "A course.")
        for it in (table, self.roles, self.catalog["transformed.user_info_combo"]):
            target = self.warehouse.reference(dataset, it.name)
            self.warehouse.drop(target)
            made = self.warehouse.create(it, target)
            made.labels = {"snapshot_date": week, "digest": f"{week}-{len(users)}"}
            self.warehouse.client.update_table(made, ["labels"])
        values = ", ".join(f"('{course}', {it}, TRUE, TRUE, FALSE, FALSE)" for it in users)
        columns = "course_id, user_id, registered, viewed, certified, completed"
        target = self.warehouse.reference(dataset, table.name)
        self.warehouse.client.query_and_wait(f"INSERT INTO `{target}` ({columns}) VALUES {values}")

    def build(self, *courses: CourseKey) -> list[str]:
        """Run the task; return the tables that were made."""
        bucket, warehouse = self.bucket, self.warehouse

        class Building(BuildReportsOperator):
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        institution = Institution(self.name, warehouse.project, bucket.name, "file:///x", ("x",), ("prod",))
        task = Building(task_id="build", institution=institution, courses=courses, catalog=self.catalog)
        made: list[str] = task.execute(CONTEXT)["made"]  # type: ignore[arg-type]
        return made

    def rows(self) -> list[tuple[Any, ...]]:
        target = self.warehouse.reference(places.report_dataset(self.name), "person_course_latest")
        sql = f"SELECT course_id, user_id, snapshot_date FROM `{target}` ORDER BY course_id, user_id"
        return [(row[0][-3:], row[1], str(row[2])) for row in self.warehouse.client.query_and_wait(sql)]

    def overall(self) -> tuple[int, int, int]:
        target = self.warehouse.reference(places.report_dataset(self.name), "overall_stats")
        sql = f"SELECT n_courses, course_registrations, n_unique_registrants FROM `{target}`"
        [row] = self.warehouse.client.query_and_wait(sql)
        return row[0], row[1], row[2]


@pytest.fixture
def there(place: str, warehouse: Warehouse, bucket: Bucket, catalog: Catalog) -> Reported:
    made = Reported(place.replace("test_", ""), warehouse, bucket, catalog)
    made.serve(made.a, [1, 2], "2014-11-23")
    made.serve(made.b, [1], "2014-11-16")
    return made


BEFORE = [("A/1", 1, "2014-11-23"), ("A/1", 2, "2014-11-23"), ("B/2", 1, "2014-11-16")]
AFTER = [("A/1", 3, "2014-11-30"), ("B/2", 1, "2014-11-16")]


def test_a_course_that_changed_replaces_its_own_rows_and_a_second_look_changes_nothing(there: Reported) -> None:
    assert there.build(there.a, there.b) == ["person_course_latest", "overall_stats"]
    assert there.rows() == BEFORE
    assert there.overall() == (2, 3, 2)
    assert there.build(there.a, there.b) == []
    there.serve(there.a, [3], "2014-11-30")
    assert there.build(there.a, there.b) == ["person_course_latest", "overall_stats"]
    assert there.rows() == AFTER
    assert there.overall() == (2, 2, 2)


def test_rows_of_a_course_that_is_no_more_go_and_a_lost_state_is_made_again(there: Reported) -> None:
    there.build(there.a, there.b)
    there.bucket.delete([places.report_state("person_course_latest")])
    assert there.build(there.a, there.b) == []  # the table's label says that it holds what would be made
    there.bucket.delete([places.report_state("person_course_latest")])
    there.serve(there.a, [3], "2014-11-30")
    assert there.build(there.a, there.b) == ["person_course_latest", "overall_stats"]
    assert there.rows() == AFTER
    there.build(there.a)
    assert there.rows() == [("A/1", 3, "2014-11-30")]
    assert there.overall() == (1, 1, 1)


def test_a_course_that_cannot_be_read_keeps_its_rows_and_holds_up_itself_only(there: Reported) -> None:
    there.build(there.a, there.b)
    there.serve(there.a, [3], "2014-11-30")
    older = replace(there.person_course, fields=tuple(it for it in there.person_course.fields if it.name != "grade"))
    there.serve(there.b, [4, 5], "2014-11-30", older)
    with pytest.raises(Terminal, match="E-JOB-103"):
        there.build(there.a, there.b)
    assert there.rows() == AFTER
    there.serve(there.b, [4, 5], "2014-11-30")
    there.build(there.a, there.b)
    assert there.overall() == (2, 3, 3)


def test_a_crash_before_or_behind_the_replacing_of_rows_costs_nothing(
    there: Reported, bigquery_proxy: StrictProxy
) -> None:
    there.build(there.a, there.b)
    there.serve(there.a, [3], "2014-11-30")
    bigquery_proxy.refuse_job(rf"replace_.*{there.name}")
    with pytest.raises(Terminal, match="E-JOB-101"):
        there.build(there.a, there.b)
    assert there.rows() == BEFORE
    bigquery_proxy.forget()
    bigquery_proxy.fail("refused", "PATCH", rf"{there.name}/tables/person_course_latest")
    with pytest.raises(BadRequest):
        there.build(there.a, there.b)
    assert there.rows() == AFTER
    assert there.build(there.a, there.b) == ["person_course_latest", "overall_stats"]
    assert there.rows() == AFTER
    assert there.build(there.a, there.b) == []
