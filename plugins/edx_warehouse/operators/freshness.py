"""How fresh an institution's data is: the newest good day of each feed, and what is missing, waiting or held."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators import due
from edx_warehouse.operators.holds import holds
from edx_warehouse.operators.volume import suspicion, volumes

_DAY = timedelta(days=1)
_RECENT = timedelta(weeks=4)  # older unusual days are told by warehouse_ops.split_history
FEEDS: Mapping[str, tuple[timedelta, timedelta]] = {
    "logs": (_DAY, timedelta(days=2, hours=6)),
    "weekly": (timedelta(days=7), timedelta(days=7)),
}
"""By feed: the time from one delivery to the next, and from a day's or week's first midnight until it has to be there."""


@dataclass(frozen=True)
class Freshness:
    """One feed of an institution. A week is named by the Sunday that it begins with, a day by itself.

    :param newest: newest day, or date of an export, that came and was worked through.
    :param missing: days or weeks that should be there and did not come.
    :param waiting: those that came, should be worked through by now and are not.
    :param held: code, or codes, of what holds each day or export that waits for a person.
    :param late: how long ago the oldest of missing and waiting should have been there.
    :param unusual: what is suspicious about the volume of days that were taken in the newest four weeks.
    """

    institution: str
    feed: str
    newest: date | None = None
    missing: tuple[date, ...] = ()
    waiting: tuple[date, ...] = ()
    held: Mapping[date, str] = field(default_factory=dict)
    late: timedelta = timedelta()
    unusual: Mapping[date, str] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether nothing is late or held."""
        return not (self.missing or self.waiting or self.held)

    def to_dict(self) -> dict[str, Any]:
        """Return it for machines: dates as text, ``late`` in hours."""
        return {
            **asdict(self),
            "newest": str(self.newest) if self.newest else None,
            "missing": [str(day) for day in self.missing],
            "waiting": [str(day) for day in self.waiting],
            "held": {str(day): code for day, code in self.held.items()},
            "late": round(self.late / timedelta(hours=1), 1),
            "unusual": {str(day): note for day, note in self.unusual.items()},
        }

    def __str__(self) -> str:
        """Return the one line for people."""
        parts = [f"{self.institution} {self.feed}: newest {self.newest or 'none'}"]
        for name, days in (("missing", self.missing), ("not worked through", self.waiting)):
            if days:
                parts.append(f"{len(days)} {name} ({_spans(days, FEEDS[self.feed][0])})")
        if self.held:
            parts.append(f"held {', '.join(f'{day} {code}' for day, code in self.held.items())}")
        if self.late:
            parts.append(f"late by {self.late.days} d {self.late.seconds // 3600} h")
        parts += [f"unusual {day}: {note}" for day, note in self.unusual.items()]
        if self.is_well:
            parts.insert(1, "in time" if self.newest else "nothing due")
        return " · ".join(parts)


def freshness(institution: Institution, bucket: Bucket, courses: Iterable[CourseKey], now: datetime) -> list[Freshness]:
    """Look at both feeds of an institution.

    :param now: what is due by then counts.
    """
    courses = list(courses)
    held: dict[str, dict[date, str]] = {"logs": {}, "weekly": {}}
    for name, problem in sorted(holds(bucket), key=lambda it: str(it[1]["code"])):
        _, feed, text, *_ = name.split("/")
        if feed not in held:  # surveys and lists have no day on which they are due
            continue
        day, code = date.fromisoformat(text), problem["code"]
        if code not in (codes := held[feed].get(day, "").split()):  # of a week several courses may be held
            held[feed][day] = " ".join([*codes, code])
    sizes = volumes(bucket)
    unusual = {day: note for day, size in sorted(sizes.items()) if (note := suspicion(day, size, sizes))}
    found = {
        "logs": (set(due.log_files(bucket)), set(due.due_days(bucket, ()))),
        "weekly": (set(due.weeks(bucket)), {week for week, _ in due.due_weeks(bucket, courses)}),
    }
    return [
        judge(institution, feed, delivered, undone, held[feed], unusual if feed == "logs" else {}, now)
        for feed, (delivered, undone) in found.items()
    ]


def judge(
    institution: Institution,
    feed: str,
    delivered: set[date],
    undone: set[date],
    held: Mapping[date, str],
    unusual: Mapping[date, str],
    now: datetime,
) -> Freshness:
    """Say how fresh a feed is.

    :param delivered: days, or dates of exports, that are in the bucket.
    :param undone: those of them that are still to be worked through.
    """
    good = delivered - undone - held.keys()
    first = min(delivered | held.keys(), default=None)
    slots = list(_due(feed, first, institution.last_due(feed), now)) if first else []
    came = {_slot(feed, day) for day in delivered | held.keys()}
    missing = [slot for slot in slots if slot not in came and (feed, slot) not in institution.never_delivered]
    behind = {_slot(feed, day) for day in undone - held.keys()}
    waiting = [slot for slot in slots if slot in behind]
    oldest = min([*missing, *waiting], default=None)
    return Freshness(
        institution=institution.name,
        feed=feed,
        newest=max(good, default=None),
        missing=tuple(missing),
        waiting=tuple(waiting),
        held=dict(sorted(held.items())),
        late=now - midnight(oldest) - FEEDS[feed][1] if oldest else timedelta(),
        unusual={day: note for day, note in unusual.items() if good and day > max(good) - _RECENT},
    )


def _slot(feed: str, day: date) -> date:
    """Return a log day itself, and of an export's date the Sunday on or before it, as its run has it."""
    return day if feed == "logs" else day - timedelta(days=(day.weekday() + 1) % 7)


def _due(feed: str, first: date, last: date, now: datetime) -> Iterable[date]:
    step, patience = FEEDS[feed]
    slot = _slot(feed, first)
    while slot <= last and midnight(slot) + patience <= now:
        yield slot
        slot += step


def _spans(days: Iterable[date], step: timedelta) -> str:
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == step:
            spans[-1].append(day)
        else:
            spans.append([day])
    return ", ".join(str(it[0]) if len(it) == 1 else f"{it[0]} to {it[-1]}" for it in spans)
