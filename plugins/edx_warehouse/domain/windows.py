"""Windows: spans of dates with tables of their own, and the weekly export that shows the end of one best."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_RHYTHM = timedelta(weeks=1)


@dataclass(frozen=True)
class Window:
    """A span of dates with tables of its own; ``end`` is exclusive."""

    name: str
    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Tell whether a day is inside."""
        return self.start <= day < self.end or self == LATEST

    def __str__(self) -> str:
        """Return its name and its bounds."""
        return f"{self.name} ({self.start} to before {self.end})"


LATEST = Window("latest", date.min, date.max)
"""All that there is, without bounds; its tables are made from the newest export."""


def nearest_week(weeks: Iterable[date], end: date) -> date | None:
    """Return the weekly export that a window is made from, or None when there is none.

    It is the first one of the seven days that begin with the window's end: that one knows all of the window, and
    little else. Without one it is the nearest on either side; of two as near the later one.
    """
    known = sorted(weeks)
    for week in known:
        if end <= week < end + _RHYTHM:
            return week
    return min(known, key=lambda week: (abs(week - end), -week.toordinal()), default=None)


def is_near(week: date, end: date) -> bool:
    """Tell whether an export is of the week before or after a window's end."""
    return abs(week - end) < _RHYTHM


def distance(week: date, end: date) -> str:
    """Say in words how far an export is from a window's end."""
    days = (week - end).days
    if not days:
        return "dated the day the window ends"
    return f"dated {abs(days)} days {'after' if days > 0 else 'before'} the window's end"
