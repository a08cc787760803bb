"""Leaving what follows from many days to the last of them: each build for fewer days costs as much as one for all."""

import logging

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import DownstreamTasksSkipped

log = logging.getLogger(__name__)


def leave_to_later_runs(task: BaseOperator, context: Context) -> None:
    """Skip all that comes after a task while runs of the Dag are queued: those that begin last do it for all days.

    A run by the clock does not leave it, so that a history that is held up keeps no new day from being built.

    :raises DownstreamTasksSkipped: this is how Airflow is told; the task itself has done its work then.
    """
    run = context["dag_run"]
    if run.run_type == "scheduled":
        return
    queued = queued_runs(run.dag_id, context)
    if queued:
        log.info("%d runs of %s are queued: what follows from this day is left to them", queued, run.dag_id)
        raise DownstreamTasksSkipped(tasks=sorted(task.get_flat_relative_ids(upstream=False)))


def queued_runs(dag_id: str, context: Context) -> int:
    """Return how many runs of a Dag are queued."""
    return context["ti"].get_dr_count(dag_id=dag_id, states=["queued"])
