"""Read the Dags as Airflow's dag-processor does, with the network forbidden; write what was found as JSON.

Run in a process of its own, ``python read_dags.py FILE DAG_ID``: the folder of Dags and the registry come from the
environment. At the end all is read once more as by a task of the one Dag, which builds no other.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
attempts: list[str] = []


def forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse whatever would reach for the network; a local socket pair of an event loop is none."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        attempts.append(f"{event} {arguments[-1] if event == 'socket.connect' else arguments[0]}")
        raise OSError(f"no network while Dags are read: {event}")


def main() -> None:
    sys.addaudithook(forbid)
    file, one = Path(sys.argv[1]), sys.argv[2]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from airflow import plugins_manager
        from airflow.dag_processing.dagbag import DagBag
        from airflow.serialization.serialized_objects import DagSerialization

        bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        serialized = {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in sorted(bag.dags.items())}
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = one
        alone = sorted(DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags)
        plugin_errors = {str(path): str(error) for path, error in plugins_manager.get_import_errors().items()}
    document = {
        "import_errors": {str(path): str(error) for path, error in bag.import_errors.items()},
        "plugin_errors": plugin_errors,
        "network": attempts,
        "warnings": [
            f"{it.category.__name__} {it.filename}:{it.lineno} {it.message}"
            for it in caught
            if Path(it.filename).is_relative_to(ROOT / "plugins") or Path(it.filename).is_relative_to(ROOT / "dags")
        ],
        "alone": alone,
        "serialized": serialized,
        "dags": {dag_id: describe(dag) for dag_id, dag in sorted(bag.dags.items())},
    }
    file.write_text(json.dumps(document))


def describe(dag: Any) -> dict[str, Any]:
    return {
        "doc_md": dag.doc_md,
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "timezone": str(dag.timezone),
        "start": dag.start_date.isoformat(),
        "end": dag.end_date.isoformat() if dag.end_date else None,
        "timetable": type(dag.timetable).__name__,
        "groups": {name: sorted(it.children) for name, it in dag.task_group.get_task_group_dict().items() if name},
        "tasks": {
            task.task_id: {
                "retries": task.retries,
                "backoff": task.retry_exponential_backoff,
                "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "pool": task.pool,
                "weight": [str(task.weight_rule), task.priority_weight],
                "rule": task.trigger_rule.value,
                "account": _account(task),
                "policy": task.retry_policy is not None,
                "downstream": sorted(task.downstream_task_ids),
                "outlets": sorted(asset.name for asset in task.outlets),
                "templates": {name: getattr(task, name) for name in task.template_fields},
            }
            for task in dag.tasks
        },
    }


def _account(task: Any) -> str | None:
    """Return the connection to Google, of a mapped task too."""
    return getattr(task, "gcp_conn_id", None) or getattr(task, "partial_kwargs", {}).get("gcp_conn_id")


if __name__ == "__main__":
    main()
