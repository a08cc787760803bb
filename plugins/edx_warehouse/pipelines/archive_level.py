"""``archive_level__<institution>``: bring archive and bucket to the same history, over a span of days."""

from typing import Any

from airflow.sdk import DAG, Param

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.level import ReturnDeliveriesOperator
from edx_warehouse.operators.mirror import MirrorOperator
from edx_warehouse.operators.restore import RestoreOperator
from edx_warehouse.operators.snapshot import SnapshotOperator
from edx_warehouse.operators.start import StartDeliveriesOperator
from edx_warehouse.pipelines import settings

_DATE = r"^(\d{4}-\d{2}-\d{2})?$"
SPAN: dict[str, Any] = {
    "from": Param("", type="string", pattern=_DATE, description="first day, as 2014-11-16; empty: no bound"),
    "to": Param("", type="string", pattern=_DATE, description="last day, inclusive; empty: no bound"),
}


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"archive_level__{institution.name}"


def declare(institution: Institution, registry: Registry) -> None:
    """Declare the Dag; it runs when a person starts it."""
    courses = [course.key for course in registry.courses_of(institution)]
    place: dict[str, Any] = {"institution": institution, "courses": courses}
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "bring archive and bucket level", "by hand"),
        schedule=None,
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "archive"), "pool": "hmdc_archive"},
        params={
            **SPAN,
            "verify": Param(False, type="boolean", description="read the newest snapshots back; replace damaged ones"),
            "reason": Param("", type="string", maxLength=200, description="of new versions of snapshots"),
        },
        doc_md=settings.doc(
            f"Copies what only the archive of {institution.name} has to its bucket, and what only the bucket has to the "
            "archive: deliveries and snapshots, of a span of days. What both have is left alone.",
            "span of days",
        ),
    ):
        mirrors = [
            MirrorOperator(task_id=f"mirror_{feed}", feed=feed, bounded=True, **place) for feed in ("weekly", "logs")
        ]
        restore = RestoreOperator(task_id="restore_missing", missing_only=True, **place)
        give_back = ReturnDeliveriesOperator(task_id="return_deliveries", **place)
        push = SnapshotOperator(task_id="push_snapshots", **place)
        start = StartDeliveriesOperator(
            task_id="start_deliveries",
            launches={it.key: it.launch for it in registry.courses_of(institution) if it.launch},
            trigger_rule="all_done",
            pool="default_pool",
            **place,
        )
        mirrors >> restore >> push >> start
        mirrors >> give_back
