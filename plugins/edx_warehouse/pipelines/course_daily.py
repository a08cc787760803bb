"""``course_daily__<slug>``: a course's events of one delivered day, and the tables that follow from them."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from edx_warehouse.domain.pools import course_pool
from edx_warehouse.domain.registry import Course
from edx_warehouse.operators.plan import PlanBuildsOperator
from edx_warehouse.operators.tables import CheckTablesOperator, LoadLogDayOperator
from edx_warehouse.pipelines import assets, settings
from edx_warehouse.pipelines.builds import BUILD, LOAD, PLAN, declare_builds, kept_by_date, kept_whole
from edx_warehouse.sensors.manifest import ManifestSensor
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.privacy import require_protection


def dag_id(course: Course) -> str:
    """Return the Dag's name."""
    return f"course_daily__{course.key.slug}"


def declare(course: Course, catalog: Catalog) -> None:
    """Declare the Dag.

    :raises Terminal: ``E-CFG-107`` when restricted columns of a table would be unprotected.
    """
    require_protection(course.institution, catalog.values())
    place: dict[str, Any] = {"institution": course.institution, "course": course.key, "catalog": catalog}
    with DAG(
        dag_id=dag_id(course),
        dag_display_name=f"{course.key}: daily",
        schedule=settings.DAILY,
        **settings.span(course.institution, "logs", course.launch),
        catchup=False,
        # A day that waits for its logs must not keep others waiting.
        max_active_runs=16,
        default_args={
            **settings.DEFAULT_ARGS,
            **settings.account(course.institution, "build"),
            "pool": course_pool(course.key),
        },
        tags=settings.tags(course.institution, "daily", course),
        doc_md=settings.doc(
            f"Loads the events of {course.key} of one delivered day as `tracklog_YYYYMMDD`, rebuilds the event dates "
            "they touch, and refreshes the tables that follow.",
            "log day",
        ),
    ):
        wait = ManifestSensor(
            task_id="wait_for_split",
            bucket=course.institution.bucket,
            glob=f"{course.key.slug}/logs/tracklog-{{{{ dag_run.logical_date | ds }}}}.manifest.json",
            due=timedelta(days=1, hours=6),
            pool="default_pool",
        )
        load = LoadLogDayOperator(task_id="load_tracklog", outlets=[assets.table(course, "tracklog")], **LOAD, **place)
        # An input that is left out, or cannot be made yet, does not keep a table waiting whose other inputs changed.
        builds = declare_builds(
            course, catalog, [*kept_by_date(catalog), *kept_whole(catalog)], trigger_rule="none_failed", **BUILD
        )
        check = CheckTablesOperator(
            task_id="check_tables", tables=list(builds), log_day=True, trigger_rule="none_failed", **BUILD, **place
        )
        plan = PlanBuildsOperator(
            task_id="plan_builds",
            builds={table: task.task_id for table, task in builds.items()},
            after=[check.task_id],
            **PLAN,
            **place,
        )
        wait >> load >> plan >> list(builds.values()) >> check
