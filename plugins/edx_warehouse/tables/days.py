"""Which dates of an incremental table are out of date, and which day tables each is made from.

A day table is named for the file its events were delivered in; a date of a derived table is the events' own.
A delivered day usually holds two or three event dates, and late events reach further back.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date


@dataclass(frozen=True)
class LogDay:
    """A loaded day table: digest of its content, and the dates of its events."""

    content: str
    event_dates: tuple[date, ...]


@dataclass(frozen=True)
class DaysState:
    """From what an incremental table was made.

    :param recipe: digest of its SQL and schema: when that changes, every date is out of date.
    :param days: the day tables as they were known then.
    :param dates: for each date, the day tables it was made from with their content.
    """

    recipe: str
    days: Mapping[date, LogDay] = field(default_factory=dict)
    dates: Mapping[date, Mapping[date, str]] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the state as JSON, always the same bytes for the same state."""
        document = {
            "recipe": self.recipe,
            "days": {
                str(day): {"content": it.content, "event_dates": [str(found) for found in it.event_dates]}
                for day, it in self.days.items()
            },
            "dates": {str(it): {str(day): text for day, text in made.items()} for it, made in self.dates.items()},
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
                date.fromisoformat(it): {date.fromisoformat(day): text for day, text in made.items()}
                for it, made in document["dates"].items()
            },
        )

    @property
    def digest(self) -> str:
        """Digest of what the rows depend on, which the table carries as its label: a day without events changes none."""
        return hashlib.sha256(replace(self, days={}).to_json()).hexdigest()[:40]


def wanted_state(
    recipe: str, loaded: Mapping[date, str], split: Mapping[date, LogDay], before: DaysState | None
) -> DaysState:
    """Return the state that a table made now would have.

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
    dates: dict[date, dict[date, str]] = defaultdict(dict)
    for day, it in days.items():
        for found in it.event_dates:
            dates[found][day] = it.content
    return DaysState(recipe, days, dict(sorted(dates.items())))


def outdated(before: DaysState | None, wanted: DaysState) -> list[date]:
    """Return the dates whose rows have to be made again, or be removed."""
    if before is None or before.recipe != wanted.recipe:
        return sorted({*wanted.dates, *(before.dates if before else ())})
    return sorted(it for it in {*before.dates, *wanted.dates} if before.dates.get(it) != wanted.dates.get(it))


def batches(dates: Iterable[date], wanted: DaysState, limit: int) -> Iterator[tuple[list[date], list[date]]]:
    """Group dates so that no group needs more than ``limit`` day tables; yield (dates, days) in order."""
    group: list[date] = []
    days: set[date] = set()
    for it in dates:
        needed = set(wanted.dates.get(it, ()))
        if group and len(days | needed) > limit:
            yield group, sorted(days)
            group, days = [], set()
        group.append(it)
        days |= needed
    if group:
        yield group, sorted(days)
