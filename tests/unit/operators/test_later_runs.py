from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import DownstreamTasksSkipped

from edx_warehouse.operators.later_runs import leave_to_later_runs


def ended(run_type: str, queued: int) -> list[str]:
    """Return the tasks that are skipped when the load of such a run ends while so many runs are queued."""
    with DAG("course_daily__x", schedule=None):
        wait, load, plan, build, check = (BaseOperator(task_id=it) for it in ("wait", "load", "plan", "build", "check"))
        wait >> load >> plan >> build >> check
        plan >> check
    counts = {"queued": queued, "running": 16}
    context: Any = {
        "dag_run": SimpleNamespace(dag_id="course_daily__x", run_type=run_type),
        "ti": SimpleNamespace(get_dr_count=lambda dag_id, states: sum(counts[it] for it in states)),
    }
    try:
        leave_to_later_runs(load, context)
    except DownstreamTasksSkipped as skip:
        return list(skip.tasks)
    return []


@pytest.mark.parametrize("run_type", ["backfill", "operator_triggered", "manual"])
def test_while_days_are_queued_all_that_follows_from_a_loaded_one_is_left_to_them(run_type: str) -> None:
    assert ended(run_type, queued=1) == ["build", "check", "plan"]


def test_a_day_builds_when_no_other_is_queued() -> None:
    assert ended("backfill", queued=0) == []


def test_a_day_by_the_clock_is_built_whatever_is_queued() -> None:
    assert ended("scheduled", queued=40) == []
