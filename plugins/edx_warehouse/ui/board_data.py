"""What the status board reads of an institution: sums of the tables of records, and what is held."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.places import OPS
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.holds import holds
from edx_warehouse.tables.references import bind, references

DAYS = 14
"""Days that the heatmap and the sums show."""

_LOOK_BACK = timedelta(days=100)
_SQL = Path(__file__).with_name("sql")
_UNIT = re.compile(r"quarantine/(?P<feed>[a-z]+)/(?P<unit>.+)/held\.json")


@dataclass(frozen=True)
class Feeds:
    """How far one course is.

    :param day: newest log day that is loaded.
    :param week: newest weekly export that is loaded.
    :param built: when ``person_course`` was made last.
    """

    day: date | None = None
    week: date | None = None
    built: datetime | None = None


@dataclass(frozen=True)
class Hold:
    """A unit that waits for a person.

    :param unit: as in the quarantine: a day, or a week and a course's slug.
    :param told: what was expected and what was found.
    """

    feed: str
    unit: str
    code: str
    told: str


@dataclass(frozen=True)
class BoardData:
    """Sums of one institution.

    :param days: the days of the heatmap, oldest first.
    :param splits: counts of each day's newest split.
    :param events: events by course id and day.
    :param costs: jobs and bytes by the day on which they ended, newest first.
    :param looked: when it was read.
    """

    feeds: Mapping[str, Feeds] = field(default_factory=dict)
    days: Sequence[date] = ()
    splits: Mapping[date, Mapping[str, Any]] = field(default_factory=dict)
    events: Mapping[tuple[str, date], int] = field(default_factory=dict)
    costs: Sequence[Mapping[str, Any]] = ()
    held: Sequence[Hold] = ()
    looked: datetime | None = None


def connect(institution: Institution) -> tuple[Warehouse, Bucket]:
    """Return an institution's project and bucket, as the account of whoever watches it reaches them."""
    account = dict(institution.connections).get("watch", "google_cloud_default")
    warehouse = Warehouse.connect(institution.project, account, f"{institution.name} status")
    return warehouse, Bucket.connect(institution.bucket, account)


def ask(warehouse: Warehouse, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a query of ``sql/``; none when its table is not there yet."""
    sql = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    tables = {str(it): warehouse.reference(OPS, it.table) for it in references(sql)}
    if not all(warehouse.find(it) for it in tables.values()):
        return []
    bound = bind(sql, {name: f"`{table}`" for name, table in tables.items()})
    job = warehouse.query(bound, parameters, f"status_{name}_{uuid4().hex}")
    return [dict(row.items()) for row in job.result()]


def read_board(institution: Institution, warehouse: Warehouse, bucket: Bucket, now: datetime) -> BoardData:
    """Read all that the board shows of an institution; the queries run at once."""
    since = now - _LOOK_BACK
    with ThreadPoolExecutor(max_workers=4) as pool:
        feeds = pool.submit(ask, warehouse, "feeds", since=since)
        costs = pool.submit(ask, warehouse, "costs", since=midnight(now.date() - timedelta(days=DAYS - 1)))
        held = pool.submit(_held, bucket)
        newest = next((it["day"] for it in ask(warehouse, "newest_day", institution=institution.name)), None)
        days = [newest - timedelta(days=back) for back in reversed(range(DAYS))] if newest else []
        parameters = {"institution": institution.name, "since": days[0]} if days else {}
        splits = pool.submit(ask, warehouse, "splits", **parameters) if days else None
        events = pool.submit(ask, warehouse, "events", **parameters) if days else None
    served = {it["day"]: it for it in (splits.result() if splits else ()) if it["place"] == 1}
    return BoardData(
        feeds={
            it["course_id"]: Feeds(_day(it["newest_day"]), _day(it["newest_week"]), it["built"])
            for it in feeds.result()
        },
        days=days,
        splits=served,
        events={
            (it["course_id"], it["day"]): it["events"]
            for it in (events.result() if events else ())
            if served[it["day"]]["split_id"] == it["split_id"]
        },
        costs=sorted(costs.result(), key=lambda it: it["day"], reverse=True),
        held=held.result(),
        looked=now,
    )


def _held(bucket: Bucket) -> list[Hold]:
    found = []
    for name, problem in holds(bucket):
        if match := _UNIT.fullmatch(name):
            told = f"expected {problem.get('expected', '')}, found {problem.get('found', '')}"
            found.append(Hold(match["feed"], match["unit"], str(problem.get("code", "")), told))
    return sorted(found, key=lambda it: (it.feed, it.unit), reverse=True)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
