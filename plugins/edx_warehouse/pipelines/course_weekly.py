"""``course_weekly__<slug>``: a course's weekly export, from delivery to secondary files."""

from datetime import timedelta
from functools import partial
from typing import Any

from airflow.sdk import DAG

from edx_warehouse.domain.places import WEEKLY
from edx_warehouse.domain.pools import course_pool
from edx_warehouse.domain.registry import Course
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.seal import SealWeekOperator
from edx_warehouse.operators.start import StartNextWeekOperator
from edx_warehouse.operators.surveys import MADE, ConvertSurveysOperator
from edx_warehouse.operators.tables import CheckTablesOperator
from edx_warehouse.operators.week import MakeTablesOperator, PublishWeekOperator
from edx_warehouse.pipelines import assets, settings
from edx_warehouse.pipelines.builds import BUILD_WEEK, LOAD, connect, group, kept_by_date, kept_whole
from edx_warehouse.sensors.manifest import ManifestSensor
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.privacy import require_protection

_CONVERT = "convert_export"
_DAYS = ",".join(f"{{{{ macros.ds_add(dag_run.logical_date | ds, {day}) }}}}" for day in range(7))
_ANY_DAY = "{{ '{' }}" + _DAYS + "{{ '}' }}"  # the braces of a glob, written so that Jinja leaves them


def dag_id(course: Course) -> str:
    """Return the Dag's name."""
    return f"course_weekly__{course.key.slug}"


def declare(course: Course, catalog: Catalog, contracts: Contracts) -> None:
    """Declare the Dag.

    :raises Terminal: ``E-CFG-107`` when restricted columns of a table would be unprotected.
    """
    require_protection(course.institution, catalog.values())
    place: dict[str, Any] = {"institution": course.institution, "course": course.key}
    loaded = [it for it in catalog.order(catalog) if catalog[it].layer == "transformed"]
    small = [it for it in loaded if catalog[it].small]
    by_date, whole = kept_by_date(catalog), kept_whole(catalog)
    with DAG(
        dag_id=dag_id(course),
        dag_display_name=f"{course.key}: weekly",
        schedule=settings.WEEKLY,
        **settings.span(course.institution, "weekly", course.launch),
        catchup=False,
        # One that works and one that waits. Of several weeks at once each starts the next: see StartNextWeekOperator.
        max_active_runs=2,
        default_args={
            **settings.DEFAULT_ARGS,
            **settings.account(course.institution, "build"),
            "pool": course_pool(course.key),
        },
        tags=settings.tags(course.institution, "weekly", course),
        doc_md=settings.doc(
            f"Validates and converts the weekly export of {course.key}, loads it and rebuilds what follows beside what "
            "is served, puts all that in place when every check has passed, and writes `latest/` and the secondary "
            "files that go to the archive.",
            "weekly export",
        ),
    ):
        wait = ManifestSensor(
            task_id="wait_for_export",
            bucket=course.institution.bucket,
            glob=WEEKLY + _ANY_DAY + "/MANIFEST.json",
            due=timedelta(hours=1),
            pool="default_pool",
        )
        convert = ConvertWeekOperator(task_id=_CONVERT, contracts=contracts, pool="split", **place)
        surveys = ConvertSurveysOperator(
            task_id="convert_surveys", contracts=contracts, converted=_CONVERT, pool="split", **place
        )
        make = partial(MakeTablesOperator, converted=_CONVERT, catalog=catalog, **place)
        with group("load", "files of the week, loaded and checked beside the tables that are served"):
            loads = {
                it: make(task_id=f"load_{catalog[it].name}", tables=[it], **LOAD) for it in loaded if it not in small
            }
            load_small = make(task_id="load_small_tables", tables=small, **LOAD)
        with group("build", "tables of the week, made and checked beside those that are served"):
            builds = {it: make(task_id=f"build_{catalog[it].name}", tables=[it], **BUILD_WEEK) for it in whole}
        publish = PublishWeekOperator(
            task_id="publish_tables",
            tables=[*loaded, *whole],
            converted=_CONVERT,
            catalog=catalog,
            outlets=[assets.table(course, catalog[it].name) for it in [*loaded, *whole]],
            trigger_rule="none_failed",
            **BUILD_WEEK,
            **place,
        )
        check = CheckTablesOperator(
            task_id="check_tables",
            tables=[*loaded, *by_date, *whole],
            catalog=catalog,
            trigger_rule="none_failed",
            **BUILD_WEEK,
            **place,
        )
        seal = SealWeekOperator(
            task_id="seal_week",
            tables=[*by_date, *whole],
            converted=_CONVERT,
            asset=assets.week(course),
            catalog=catalog,
            trigger_rule="none_failed",
            **BUILD_WEEK,
            **place,
        )
        wait >> convert >> [surveys, load_small]
        for it, load in loads.items():
            (surveys if catalog[it].name in MADE else convert) >> load
        connect(catalog, {**loads, **dict.fromkeys(small, load_small), **builds}, builds)
        for build in builds.values():
            if not build.upstream_list:  # made of days alone, but beside the other tables of this week
                convert >> build
        proceed = StartNextWeekOperator(
            task_id="start_next_week", trigger_rule="all_done", pool="default_pool", **place
        )
        [*loads.values(), load_small, *builds.values()] >> publish >> check >> seal >> proceed
