"""How fresh an institution's data is: the newest good day of each feed, and what is missing, waiting or held."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import due
from edx_warehouse.operators.course_days import CourseDays
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
    """One feed of an institution, or the files of one site in it. A week is named by the Sunday that it begins with.

    :param newest: newest day, or date of an export, that came and was worked through; of a site, that came.
    :param missing: days or weeks that should be there and did not come.
    :param waiting: those that came, should be worked through by now and are not.
    :param held: code, or codes, of what holds each day or export that waits for a person.
    :param late: how long ago the oldest of missing, waiting and unloaded should have been there.
    :param unusual: what is suspicious about the volume of days that were taken in the newest four weeks.
    :param unloaded: log days that are split, should be loaded by now and are not: each with the number of courses.
    :param site: of whose files alone this speaks; empty when it speaks of the feed. Of a site, ``missing`` are the days on
        which only files of others came.
    """

    institution: str
    feed: str
    newest: date | None = None
    missing: tuple[date, ...] = ()
    waiting: tuple[date, ...] = ()
    held: Mapping[date, str] = field(default_factory=dict)
    late: timedelta = timedelta()
    unusual: Mapping[date, str] = field(default_factory=dict)
    unloaded: Mapping[date, int] = field(default_factory=dict)
    site: str = ""

    @property
    def is_late(self) -> bool:
        """Whether something should be there by now and is not."""
        return bool(self.missing or self.waiting or self.unloaded)

    @property
    def is_well(self) -> bool:
        """Whether nothing is late or held."""
        return not (self.is_late or self.held)

    @property
    def name(self) -> str:
        """The feed, and the site when it is of one."""
        return f"{self.feed} {self.site}".strip()

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
            "unloaded": {str(day): courses for day, courses in self.unloaded.items()},
        }

    def __str__(self) -> str:
        """Return the one line for people."""
        parts = [f"{self.institution} {self.name}: newest {self.newest or 'none'}"]
        for name, days in (("missing", self.missing), ("not worked through", self.waiting)):
            if days:
                parts.append(f"{len(days)} {name} ({_spans(days, FEEDS[self.feed][0])})")
        if self.unloaded:
            each = ", ".join(f"{day} of {courses} courses" for day, courses in self.unloaded.items())
            parts.append(f"{len(self.unloaded)} split, not loaded ({each})")
        if self.held:
            parts.append(f"held {', '.join(f'{day} {code}' for day, code in self.held.items())}")
        if self.late:
            parts.append(f"late by {self.late.days} d {self.late.seconds // 3600} h")
        parts += [f"unusual {day}: {note}" for day, note in self.unusual.items()]
        if self.is_well:
            parts.insert(1, "in time" if self.newest else "nothing due")
        return " · ".join(parts)


def freshness(
    institution: Institution, bucket: Bucket, warehouse: Warehouse, courses: Iterable[CourseKey], now: datetime
) -> list[Freshness]:
    """Look at both feeds of an institution, and at its log files site by site.

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
    files, weeks = due.log_files(bucket), set(due.weeks(bucket))
    unloaded = Counter(day for course in courses for day in CourseDays(bucket, warehouse, course).to_load())
    undone = {week for week, _ in due.due_weeks(bucket, courses)}
    logs = judge(
        institution, "logs", set(files), set(due.due_days(bucket, ())), held["logs"], unusual, now, unloaded=unloaded
    )
    sites: dict[str, set[date]] = {site: set() for site in institution.sites}
    for day, stored in files.items():
        for site in {places.log_file_site(it.name.rsplit("/", 1)[-1]) for it in stored}.intersection(sites):
            sites[site].add(day)
    return [
        logs,
        *(judge_site(institution, site, days, set(files) - held["logs"].keys(), now) for site, days in sites.items()),
        judge(institution, "weekly", weeks, undone, held["weekly"], {}, now),
    ]


def judge(
    institution: Institution,
    feed: str,
    delivered: set[date],
    undone: set[date],
    held: Mapping[date, str],
    unusual: Mapping[date, str],
    now: datetime,
    *,
    unloaded: Mapping[date, int] | None = None,
) -> Freshness:
    """Say how fresh a feed is.

    :param delivered: days, or dates of exports, that are in the bucket.
    :param undone: those of them that are still to be worked through.
    :param unloaded: days that are split and not loaded, with the number of courses.
    """
    unloaded = unloaded or {}
    good = delivered - undone - held.keys() - unloaded.keys()
    first = min(delivered | held.keys(), default=None)
    slots = list(_due(feed, first, institution.last_due(feed), now)) if first else []
    came = {_slot(feed, day) for day in delivered | held.keys()}
    missing = [slot for slot in slots if slot not in came and (feed, slot) not in institution.never_delivered]
    behind = {_slot(feed, day) for day in undone - held.keys()}
    waiting = [slot for slot in slots if slot in behind]
    behind_loads = {slot: unloaded[slot] for slot in slots if slot in unloaded.keys() - undone - held.keys()}
    return Freshness(
        institution=institution.name,
        feed=feed,
        newest=max(good, default=None),
        missing=tuple(missing),
        waiting=tuple(waiting),
        held=dict(sorted(held.items())),
        late=_lateness(feed, [*missing, *waiting, *behind_loads], now),
        unusual={day: note for day, note in unusual.items() if good and day > max(good) - _RECENT},
        unloaded=behind_loads,
    )


def judge_site(institution: Institution, site: str, delivered: set[date], came: set[date], now: datetime) -> Freshness:
    """Say on which days the log files of a site, from its first one on, did not come, but others did.

    :param delivered: days of which the bucket has a file of the site.
    :param came: days of which it has a file of any site, and that are not held.
    """
    slots = _due("logs", min(delivered), institution.last_due("logs"), now) if delivered else ()
    missing = [day for day in slots if day in came - delivered and ("logs", day) not in institution.never_delivered]
    return Freshness(
        institution=institution.name,
        feed="logs",
        site=site,
        newest=max(delivered, default=None),
        missing=tuple(missing),
        late=_lateness("logs", missing, now),
    )


def _lateness(feed: str, slots: Iterable[date], now: datetime) -> timedelta:
    oldest = min(slots, default=None)
    return now - midnight(oldest) - FEEDS[feed][1] if oldest else timedelta()


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
