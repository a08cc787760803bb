"""Telling people of a task that failed for good."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseNotifier, Context

from edx_warehouse.domain.errors import WarehouseError
from edx_warehouse.hooks.alerts import send
from edx_warehouse.operators import metrics

# A day that does not come would fail a run of each course: the look at freshness tells it once for all.
_TOLD_ELSEWHERE = frozenset({"E-DLV-101"})


class AlertNotifier(BaseNotifier):
    """Tells of a failed task wherever connections say; see :mod:`edx_warehouse.hooks.alerts`.

    Of errors that are not this package's own only the type is told: their text may speak of learners.
    """

    def notify(self, context: Context) -> None:
        """Send the alert."""
        error = context.get("exception")
        metrics.task_failed(context["ti"].dag_id, error)
        if not (isinstance(error, WarehouseError) and error.problem.code in _TOLD_ELSEWHERE):
            send(wording(context, error))


def wording(context: Mapping[str, Any], error: object) -> str:
    """Return the text of an alert; its first line says which task of which day."""
    instance, run = context["ti"], context["dag_run"]
    # A run's id names the day after the one it is of.
    day = f" {run.logical_date:%Y-%m-%d}" if run.logical_date else ""
    subject = f"{instance.dag_id}{day}: {instance.task_id} failed"
    if isinstance(error, WarehouseError):
        what = str(error)
    else:
        kind = type(error).__name__ if isinstance(error, BaseException) else "the task was ended from outside"
        what = f"{kind} · next: read the end of the log; clearing the task is safe"
    return f"{subject}\n{what}\nLog: {instance.log_url}"
