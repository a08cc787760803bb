"""``archive_restore__<institution>``: rebuild course weeks from the archive's snapshots."""

from airflow.sdk import DAG, Param

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.restore import RestoreOperator
from edx_warehouse.operators.start import StartDeliveriesOperator
from edx_warehouse.pipelines import settings
from edx_warehouse.pipelines.archive_level import SPAN


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"archive_restore__{institution.name}"


def declare(institution: Institution, registry: Registry) -> None:
    """Declare the Dag; it runs when a person starts it."""
    courses = [course.key for course in registry.courses_of(institution)]
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "restore from the HMDC archive", "by hand"),
        schedule=None,
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "archive"), "pool": "hmdc_archive"},
        params={
            "course": Param("", type="string", description="course_id or slug; empty: all courses"),
            **SPAN,
            "weeks": Param(
                "newest",
                enum=["newest", "all"],
                description="of the span: the newest good one and those of the windows, or all",
            ),
            "overwrite": Param(False, type="boolean", description="replace what the bucket has of these weeks"),
        },
        doc_md=settings.doc(
            f"Puts weeks of the courses of {institution.name} back into the bucket from the newest snapshots that are "
            "what their manifests say, and starts the weekly runs that load and build them.",
            "restore",
        ),
    ):
        restore = RestoreOperator(
            task_id="restore_weeks", institution=institution, courses=courses, windows=registry.windows
        )
        restore >> StartDeliveriesOperator(
            task_id="start_deliveries",
            institution=institution,
            courses=courses,
            launches={it.key: it.launch for it in registry.courses_of(institution) if it.launch},
            trigger_rule="all_done",
            pool="default_pool",
        )
