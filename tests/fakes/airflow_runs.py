"""Airflow as a task sees it over its line to the supervisor: the runs there are, started and cleared on request."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import DagRun
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    ErrorResponse,
    GetPreviousDagRun,
    OKResponse,
    PreviousDagRunResult,
    TriggerDagRun,
)

from edx_warehouse.domain.days import midnight


class AirflowRuns:
    """The runs of all Dags, by Dag and day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: dict[tuple[str, date], DagRun] = {}
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", self, raising=False)

    def send(self, message: GetPreviousDagRun | TriggerDagRun) -> Any:
        """Answer as the supervisor does."""
        assert message.logical_date is not None
        if isinstance(message, GetPreviousDagRun):
            before = [
                run
                for (dag_id, day), run in sorted(self.runs.items(), key=lambda it: it[0])
                if dag_id == message.dag_id and midnight(day) < message.logical_date
            ]
            return PreviousDagRunResult(dag_run=before[-1] if before else None)
        known = [run for run in self.runs.values() if (run.dag_id, run.run_id) == (message.dag_id, message.run_id)]
        if known and not message.reset_dag_run:
            return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        self.put(message.dag_id, message.logical_date.date(), "queued", run_id=message.run_id)
        return OKResponse(ok=True)

    def put(self, dag_id: str, day: date, state: str, ended: datetime | None = None, run_id: str | None = None) -> None:
        """Let a run be in a state; one that has ended did so just now, or when it is said to."""
        moment = midnight(day)
        if state in ("success", "failed"):
            ended = ended or datetime.now(UTC)
        self.runs[dag_id, day] = DagRun.model_validate(
            {
                "dag_id": dag_id,
                "run_id": run_id or f"delivery__{day}",
                "logical_date": moment,
                "data_interval_start": moment,
                "data_interval_end": moment,
                "run_after": moment,
                "start_date": moment,
                "end_date": ended,
                "run_type": "operator_triggered",
                "state": state,
                "consumed_asset_events": [],
                "partition_key": None,
            }
        )

    def queued(self, dag_id: str) -> list[date]:
        """Return the days whose runs are queued."""
        return sorted(day for (name, day), run in self.runs.items() if name == dag_id and run.state == "queued")
