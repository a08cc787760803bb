"""Starting Dag runs from inside a task, over the task's own line to Airflow: no credentials, no second client."""

from datetime import UTC, date, datetime, timedelta

from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, GetPreviousDagRun, TriggerDagRun

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import Problem, Transient

_ACTIVE = ("queued", "running")


def start_run(dag_id: str, day: date, note: str, *, after_failure: timedelta = timedelta()) -> str:
    """See to it that the run of a day takes place: start it, or clear it when it has ended.

    :param after_failure: how long a run that failed is left as it is.
    :return: ``started``, ``cleared``, ``active`` when the run is under way already, or ``failed`` when it is left so.
    :raises Transient: ``E-RUN-103`` when Airflow refuses.
    """
    comms, logical_date = task_runner.SUPERVISOR_COMMS, midnight(day)
    # Scheduled, backfilled and hand-started runs have ids of many forms; the day tells them all.
    found = comms.send(GetPreviousDagRun(dag_id=dag_id, logical_date=logical_date + timedelta(seconds=1))).dag_run
    exists = found is not None and found.logical_date == logical_date
    if exists and found.state in _ACTIVE:
        return "active"
    if exists and found.state == "failed" and found.end_date and datetime.now(UTC) - found.end_date < after_failure:
        return "failed"
    run_id = found.run_id if exists else f"delivery__{day}"
    answer = comms.send(
        TriggerDagRun(dag_id=dag_id, run_id=run_id, logical_date=logical_date, note=note, reset_dag_run=True)
    )
    if isinstance(answer, ErrorResponse):
        raise Transient(
            Problem(
                code="E-RUN-103",
                unit=f"{dag_id} {day}",
                expected="Airflow to start the run",
                found=answer.error.value,
                done="other runs were started",
                next="see whether the Dag exists and has no import error; the task tries again",
            )
        )
    return "cleared" if exists else "started"
