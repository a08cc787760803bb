"""What the status board reads of Airflow's own database: who may see which Dags, runs, and backfills that go on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import func, select

from edx_warehouse.domain.days import midnight

_FAMILIES = ("course_daily", "course_weekly", "split_logs")


@dataclass(frozen=True)
class Run:
    """A Dag run.

    :param day: its logical date.
    """

    dag_id: str
    run_id: str
    state: str
    day: date

    @property
    def path(self) -> str:
        """Where the UI shows it, below the UI's own path."""
        return f"/dags/{quote(self.dag_id)}/runs/{quote(self.run_id, safe='')}"


@dataclass(frozen=True)
class Filling:
    """A backfill that goes on.

    :param done: runs that ended, of all.
    """

    dag_id: str
    first: datetime
    last: datetime
    done: int
    all: int
    paused: bool


@dataclass(frozen=True)
class Runs:
    """The runs of some days, and of each Dag its newest.

    :param newest: by Dag.
    :param of_days: by Dag and logical date.
    """

    newest: Mapping[str, Run] = field(default_factory=dict)
    of_days: Mapping[tuple[str, date], Run] = field(default_factory=dict)


def readable(user: Any) -> set[str]:
    """Return the Dags that a user may look at."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def runs(dags: Collection[str], days: Sequence[date]) -> Runs:
    """Return the runs of some Dags: the newest of each, and those of some days.

    :param days: in order.
    """
    wanted = {it for it in dags if it.startswith(_FAMILIES)}
    columns = (DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.logical_date)
    is_ours = DagRun.dag_id.like("course\\_%", escape="\\") | DagRun.dag_id.like("split\\_logs%", escape="\\")
    newest = (
        select(DagRun.dag_id, func.max(DagRun.logical_date).label("day"))
        .where(is_ours)
        .group_by(DagRun.dag_id)
        .subquery()
    )
    with create_session() as session:
        last = session.execute(
            select(*columns).join(newest, (DagRun.dag_id == newest.c.dag_id) & (DagRun.logical_date == newest.c.day))
        ).all()
        recent = (
            session.execute(
                select(*columns).where(
                    is_ours, DagRun.logical_date >= midnight(days[0]), DagRun.logical_date <= midnight(days[-1])
                )
            ).all()
            if days
            else []
        )
    return Runs(
        {row[0]: _run(row) for row in last if row[0] in wanted},
        {(row[0], row[3].date()): _run(row) for row in recent if row[0] in wanted},
    )


def backfills(dags: Collection[str]) -> list[Filling]:
    """Return the backfills of some Dags that go on."""
    ended = DagRun.state.in_(["success", "failed"])
    with create_session() as session:
        rows = session.execute(
            select(Backfill, func.count(BackfillDagRun.id), func.count(DagRun.id).filter(ended))
            .outerjoin(BackfillDagRun, BackfillDagRun.backfill_id == Backfill.id)
            .outerjoin(DagRun, DagRun.id == BackfillDagRun.dag_run_id)
            .where(Backfill.completed_at.is_(None))
            .group_by(Backfill.id)
        ).all()
        return [
            Filling(it.dag_id, it.from_date, it.to_date, done, count, it.is_paused)
            for it, count, done in rows
            if it.dag_id in dags
        ]


def _run(row: Any) -> Run:
    return Run(row[0], row[1], str(getattr(row[2], "value", row[2])), row[3].date())
