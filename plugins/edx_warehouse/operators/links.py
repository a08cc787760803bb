"""Links beside a task in the UI: to its table, job, object, manifest, provenance, and the runbook page of its error.

They are found when somebody looks, from the names of Dag and task and from what the task returned. So those of a failed or
skipped task are there too, and no task spends requests on writing them down.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
from airflow.sdk import BaseOperatorLink

from edx_warehouse.domain.errors import WarehouseError
from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.operators.whereabouts import Whereabouts, job_url, whereabouts

ERROR = "error_code"
"""XCom with the code of the error of a task's last try; Airflow removes it when the task begins anew."""

_CODE = re.compile(r"E-[A-Z]{3}-[0-9]{3}")
_INCLUDE = Path(__file__).resolve().parents[3] / "include"
_SECONDS = 2  # the UI asks for all links of a task at once


def keep_error(context: Mapping[str, Any]) -> None:
    """Write down the code of a task's error, for the link to its page."""
    error = context.get("exception")
    if isinstance(error, WarehouseError):
        context["ti"].xcom_push(key=ERROR, value=error.problem.code)


def base_path() -> str:
    """Return the path at which Airflow's UI is served, without a slash at its end."""
    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


@attrs.define()
class TaskLink(BaseOperatorLink):
    """A link of every task of this package that has such a thing."""

    label: str
    address: Callable[["Facts"], str]

    @property
    def name(self) -> str:
        """What the button says."""
        return self.label

    @property
    def xcom_key(self) -> str:
        """Name of an XCom that nobody writes."""
        return f"_link_edx_{self.label.replace(' ', '_').lower()}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address; empty when the task has none."""
        if "__" not in ti_key.dag_id:
            return ""
        now = int(time.monotonic() / _SECONDS)
        return self.address(_facts(ti_key.dag_id, ti_key.task_id, ti_key.run_id, ti_key.map_index, now))


@attrs.frozen()
class Facts:
    """What is known of a task.

    :param made: what it returned.
    :param code: of its error.
    """

    where: Whereabouts
    made: Mapping[str, Any]
    code: str = ""

    @property
    def provenance(self) -> str:
        """Address of the page that tells how its table was made."""
        return f"{base_path()}/edx-status/provenance/{quote(self.where.full_table)}" if self.where.full_table else ""

    @property
    def runbook(self) -> str:
        """Address of the page of its error."""
        return f"{base_path()}/edx-docs/runbook/{self.code}" if _CODE.fullmatch(self.code) else ""


LINKS = (
    TaskLink("BigQuery table", lambda it: it.where.table_url),
    TaskLink("BigQuery job", lambda it: job_url(it.where.project, it.made)),
    TaskLink("Storage object", lambda it: it.where.object_url),
    TaskLink("Manifest", lambda it: it.where.manifest_url),
    TaskLink("Provenance", lambda it: it.provenance),
    TaskLink("Runbook", lambda it: it.runbook),
)


@lru_cache(maxsize=256)
def _facts(dag_id: str, task_id: str, run_id: str, map_index: int, _: int) -> Facts:
    day, xcoms = _looked_up(dag_id, task_id, run_id, map_index)
    made = xcoms.get((task_id, map_index, "return_value"))
    made = made if isinstance(made, dict) else {}
    converted = xcoms.get(("convert_export", -1, "return_value"))
    week = converted.get("week") if isinstance(converted, dict) else None
    registry = Registry.read(registry_path(_INCLUDE))
    where = whereabouts(registry, dag_id, task_id, day, made, date.fromisoformat(week) if week else None)
    code = xcoms.get((task_id, map_index, ERROR))
    return Facts(where, made, str(code or ""))


def _looked_up(
    dag_id: str, task_id: str, run_id: str, map_index: int
) -> tuple[date | None, dict[tuple[str, int, str], Any]]:
    """Return the day of a run, and those of its XComs that tell of a task, by task, map index and key."""
    # Only an API server asks, which has these and the database.
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        logical = session.scalar(select(DagRun.logical_date).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        rows = session.execute(
            select(XComModel.task_id, XComModel.map_index, XComModel.key, XComModel.value).where(
                XComModel.dag_id == dag_id,
                XComModel.run_id == run_id,
                XComModel.task_id.in_([task_id, "convert_export"]),
                XComModel.map_index.in_([map_index, -1]),
                XComModel.key.in_([ERROR, "return_value"]),
            )
        ).all()
    return logical.date() if logical else None, {tuple(names): _plain(value) for *names, value in rows}


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
