"""Which dates of a table that is kept by event date are out of date, and what each is made from.

A day table is named for the file its events were delivered in; a date of a derived table is the events' own.
A delivered day usually holds two or three event dates, and late events reach further back. Beside the day tables, or
instead of them, a table may be made from others that are kept by date.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from edx_warehouse.domain.windows import LATEST, Window


@dataclass(frozen=True)
class LogDay:
    """A loaded day table: digest of its content, and the dates of its events."""

    content: str
    event_dates: tuple[date, ...]


@dataclass(frozen=True)
class Origin:
    """What the rows of one date are made from.

    :param days: content of each day table that is read.
    :param inputs: for each table kept by date that is read, digest of what its own rows were made from.
    """

    days: Mapping[date, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DaysState:
    """From what a table that is kept by date was made.

    :param recipe: digest of its SQL and schema: when that changes, every date is out of date.
    :param days: the day tables as they were known then; none when it reads none.
    :param dates: what each date was made from.
    """

    recipe: str
    days: Mapping[date, LogDay] = field(default_factory=dict)
    dates: Mapping[date, Origin] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the state as JSON, always the same bytes for the same state."""
        document = {
            "recipe": self.recipe,
            "days": {
                str(day): {"content": it.content, "event_dates": [str(found) for found in it.event_dates]}
                for day, it in self.days.items()
            },
            "dates": {str(it): _document(origin) for it, origin in self.dates.items()},
        }
        return json.dumps(document, sort_keys=True, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "DaysState":
        """Read what :meth:`to_json` wrote."""
        document = json.loads(content)
        return cls(
            document["recipe"],
            {
                date.fromisoformat(day): LogDay(it["content"], tuple(map(date.fromisoformat, it["event_dates"])))
                for day, it in document["days"].items()
            },
            {
                date.fromisoformat(it): Origin(
                    {date.fromisoformat(day): content for day, content in origin["days"].items()}, origin["inputs"]
                )
                for it, origin in document["dates"].items()
            },
        )

    @property
    def digest(self) -> str:
        """Digest of what the rows depend on, which the table carries as its label: a day without events changes none."""
        return hashlib.sha256(replace(self, days={}).to_json()).hexdigest()[:40]

    def digest_of(self, dates: Iterable[date]) -> str:
        """Return the digest of what the rows of some dates depend on."""
        origins = [_document(self.dates[it]) if it in self.dates else None for it in dates]
        return hashlib.sha256(json.dumps([self.recipe, origins], sort_keys=True).encode()).hexdigest()[:32]


def known_days(
    loaded: Mapping[date, str], split: Mapping[date, LogDay], before: DaysState | None
) -> dict[date, LogDay]:
    """Return the loaded day tables with the dates of their events.

    :param loaded: content of each loaded day table.
    :param split: each day as its newest split describes it.
    :param before: the state of the table as it is; it still knows the dates of a day table whose newer split
        has not been loaded yet. A day that neither knows is left out: its own run is yet to come.
    """
    days: dict[date, LogDay] = {}
    for day, content in sorted(loaded.items()):
        for known in (split.get(day), before.days.get(day) if before else None):
            if known and known.content == content:
                days[day] = known
                break
    return days


def days_of_window(days: Mapping[date, LogDay], window: Window, look_back: int) -> Mapping[date, LogDay]:
    """Return the day tables that hold events of a window's dates, or of as many dates before them as are looked back."""
    if window == LATEST:
        return days
    reach = timedelta(days=look_back)
    return {
        day: it
        for day, it in days.items()
        if any(found < window.end and window.start - found <= reach for found in it.event_dates)
    }


def wanted_state(
    recipe: str,
    days: Mapping[date, LogDay] | None,
    inputs: Mapping[str, DaysState],
    look_back: int = 0,
    window: Window = LATEST,
) -> DaysState:
    """Return the state that a table made now would have: of the dates that all it reads has seen.

    :param days: the loaded day tables, or None when the table reads none.
    :param inputs: by their names, the states of the tables kept by date that it reads.
    :param look_back: the rows of a date also depend on the events of this many dates before it.
    :param window: whose dates the table has; looking back goes beyond its start.
    """
    holding: dict[date, dict[date, str]] = defaultdict(dict)
    for day, known in sorted((days or {}).items()):
        for found in known.event_dates:
            holding[found][day] = known.content
    seen = [set(state.dates) for state in inputs.values()] + ([set(holding)] if days is not None else [])
    dates = {}
    for it in filter(window.holds, sorted(set[date].intersection(*seen))):
        read = [it - timedelta(days=back) for back in range(look_back, -1, -1)]
        dates[it] = Origin(
            {day: content for found in read for day, content in holding.get(found, {}).items()},
            {name: state.digest_of(read) for name, state in inputs.items()},
        )
    return DaysState(recipe, days or {}, dates)


def outdated(before: DaysState | None, wanted: DaysState) -> list[date]:
    """Return the dates whose rows have to be made again, or be removed."""
    if before is None or before.recipe != wanted.recipe:
        return sorted({*wanted.dates, *(before.dates if before else ())})
    return sorted(it for it in {*before.dates, *wanted.dates} if before.dates.get(it) != wanted.dates.get(it))


def batches(dates: Iterable[date], wanted: DaysState, limit: int) -> Iterator[tuple[list[date], list[date]]]:
    """Group dates so that no group has more than ``limit`` of them or needs more than ``limit`` day tables.

    :return: (dates, day tables) in order; a date that needs more day tables is a group of its own.
    """
    group: list[date] = []
    days: set[date] = set()
    for it in dates:
        needed = set(wanted.dates[it].days) if it in wanted.dates else set()
        if group and (len(days | needed) > limit or len(group) == limit):
            yield group, sorted(days)
            group, days = [], set()
        group.append(it)
        days |= needed
    if group:
        yield group, sorted(days)


def _document(origin: Origin) -> dict[str, dict[str, str]]:
    return {"days": {str(day): it for day, it in origin.days.items()}, "inputs": dict(origin.inputs)}
