"""``hmdc_snapshot__<institution>``: push finished course weeks back to the archive."""

from airflow.sdk import DAG, AssetAny, PartitionedAssetTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.snapshot import SnapshotOperator
from edx_warehouse.pipelines import assets, settings


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"hmdc_snapshot__{institution.name}"


def declare(institution: Institution, registry: Registry) -> None:
    """Declare the Dag; it runs when a week of any of the institution's courses is finished."""
    courses = registry.courses_of(institution)
    if not courses:
        return
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "snapshot to the HMDC archive", "weekly"),
        schedule=PartitionedAssetTimetable(assets=AssetAny(*(assets.week(course) for course in courses))),
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "archive"), "pool": "hmdc_archive"},
        doc_md=settings.doc(
            f"Writes each finished week of the courses of {institution.name} to the archive, as a BagIt bag with its "
            "raw, transformed and secondary data: whole or not at all, and never over another.",
            "date of a weekly export",
        ),
    ):
        SnapshotOperator(task_id="push_snapshots", institution=institution, courses=[course.key for course in courses])
