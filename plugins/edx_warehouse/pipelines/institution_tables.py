"""``institution_tables__<institution>``: tables across the institution's courses."""

from airflow.sdk import DAG, CronTriggerTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.reports import BuildReportsOperator
from edx_warehouse.pipelines import settings
from edx_warehouse.tables.catalog import Catalog


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"institution_tables__{institution.name}"


def declare(institution: Institution, registry: Registry, catalog: Catalog) -> None:
    """Declare the Dag when the institution has courses."""
    courses = registry.courses_of(institution)
    if not courses:
        return
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "tables across courses", "daily"),
        schedule=CronTriggerTimetable("47 11 * * *", timezone="UTC"),
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "build")},
        doc_md=settings.doc(
            f"Brings the tables across the courses of {institution.name} up to the tables that each course serves.",
            "look at what is served",
        ),
    ):
        BuildReportsOperator(
            task_id="build_reports",
            institution=institution,
            courses=[course.key for course in courses],
            catalog=catalog,
        )
