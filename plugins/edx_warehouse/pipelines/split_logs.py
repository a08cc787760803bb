"""``split_logs__<institution>``: one log day, of all sites, by course."""

from datetime import timedelta

from airflow.sdk import DAG

from edx_warehouse.domain.places import LOGS
from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.split import SplitLogsOperator
from edx_warehouse.operators.start import StartLoadsOperator
from edx_warehouse.pipelines import assets, settings
from edx_warehouse.sensors.manifest import ManifestSensor


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"split_logs__{institution.name}"


def declare(institution: Institution, registry: Registry) -> None:
    """Declare the Dag."""
    courses = registry.courses_of(institution)
    keys = [course.key for course in courses]
    with DAG(
        dag_id=dag_id(institution),
        dag_display_name=f"{institution.name}: split the day's logs",
        schedule=settings.DAILY,
        **settings.span(institution, "logs"),
        catchup=False,
        max_active_runs=8,
        default_args={**settings.SPLIT_ARGS, **settings.account(institution, "split")},
        tags=settings.tags(institution, "daily"),
        doc_md=settings.doc(
            f"Splits the tracking logs of {institution.name} by course. Every line is accounted for: it is a row, "
            "in quarantine with its reason, a duplicate or blank.",
            "log day",
        ),
    ):
        wait = ManifestSensor(
            task_id="wait_for_logs",
            bucket=institution.bucket,
            glob=LOGS + "*-events-{{ dag_run.logical_date | ds }}.log.gz",
            due=timedelta(days=1),
        )
        split = SplitLogsOperator(
            task_id="split_logs",
            institution=institution,
            courses=keys,
            assets={course.key: assets.events(course) for course in courses},
            pool="split",
        )
        (wait >> split >> StartLoadsOperator(task_id="start_loads", institution=institution, courses=keys))
