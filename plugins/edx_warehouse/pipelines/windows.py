"""``windows__<institution>``: the windows of an institution's courses, each built by one task."""

from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.windows import BuildWindowOperator, PlanWindowsOperator
from edx_warehouse.pipelines import settings
from edx_warehouse.tables.catalog import Catalog


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"windows__{institution.name}"


def declare(institution: Institution, registry: Registry, catalog: Catalog) -> None:
    """Declare the Dag, if there are windows and courses."""
    courses = registry.courses_of(institution)
    if not courses or not registry.windows:
        return
    arguments: dict[str, Any] = {
        "institution": institution,
        "taught": courses,
        "windows": registry.windows,
        "catalog": catalog,
    }
    with DAG(
        dag_id=dag_id(institution),
        # One run at a time: two would give a window two writers.
        **settings.of_institution(institution, "windows", "daily"),
        # When a day's logs are loaded, mostly. Whatever comes later is found the next day.
        schedule=CronTriggerTimetable("43 9 * * *", timezone="UTC"),
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "build")},
        doc_md=settings.doc(
            f"Builds the tables and files of the registry's windows for the courses of {institution.name}, where the "
            "logs or the weekly export that they are made from are new or changed.",
            "look at all windows",
        ),
    ):
        plan = PlanWindowsOperator(task_id="plan_windows", **arguments)
        BuildWindowOperator.partial(
            task_id="build_window",
            pool="windows",
            map_index_template="{{ task.unit['course'] }} {{ task.unit['window'] }}",
            **arguments,
        ).expand(unit=plan.output)
