"""``freshness__<institution>``: say each morning what is late."""

from airflow.sdk import DAG, CronTriggerTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.look import FreshnessOperator
from edx_warehouse.pipelines import settings


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"freshness__{institution.name}"


def declare(institution: Institution, registry: Registry) -> None:
    """Declare the Dag."""
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "what is late", "daily"),
        # One hour after logs are due, so that a missing day is told within a day of being due.
        schedule=CronTriggerTimetable("0 7 * * *", timezone="UTC"),
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "watch")},
        doc_md=settings.doc(
            f"Fails while days of logs or weekly exports of {institution.name} are missing, or came and are not worked "
            "through in time; so whoever gets alerts is told once a day.",
            "look at what came",
        ),
    ):
        FreshnessOperator(
            task_id="look",
            institution=institution,
            courses=[course.key for course in registry.courses_of(institution)],
        )
