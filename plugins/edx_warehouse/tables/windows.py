"""What a course's tables of a window are made from, and whether there is any reason to make them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from edx_warehouse.domain.windows import Window, nearest_week
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.days import LogDay, days_of_window
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest

_LAYERS = ("transformed", "secondary")


def window_tables(catalog: Catalog) -> tuple[Table, ...]:
    """Return the tables that a window has, each after its inputs."""
    return tuple(catalog[it] for it in catalog.order(catalog) if catalog[it].layer in _LAYERS)


@dataclass(frozen=True)
class WindowInputs:
    """What the tables of a window are made from.

    :param week: date of the weekly export, or None when the course has none.
    :param week_content: digest of what that export was converted to; empty without one.
    :param days: content of each loaded log day that has events of the window, or of dates that are looked back to.
    """

    week: date | None = None
    week_content: str = ""
    days: Mapping[date, str] = field(default_factory=dict)

    def digest(self, window: Window, tables: Iterable[Table]) -> str:
        """Return the digest of everything that the window's tables depend on: equal digest, equal tables."""
        recipes = {
            it.reference: digest(it.reference, it.sql, it.fields, {}, {"look_back": it.look_back}) for it in tables
        }
        content = [
            str(window),
            str(self.week),
            self.week_content,
            {str(day): it for day, it in self.days.items()},
            recipes,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def window_inputs(
    window: Window, weeks: Mapping[date, str], days: Mapping[date, LogDay], look_back: int
) -> WindowInputs:
    """Choose a window's inputs from all that a course has.

    :param weeks: content of each converted week.
    :param days: the loaded log days.
    :param look_back: how many dates before its own any table reads at most.
    """
    week = nearest_week(weeks, window.end)
    within = days_of_window(days, window, look_back)
    return WindowInputs(week, weeks[week] if week else "", {day: it.content for day, it in sorted(within.items())})


def has_reason(
    window: Window, launch: date | None, wrap: date | None, weeks: Iterable[date], days: Iterable[LogDay]
) -> bool:
    """Tell whether a course has anything to show in a window.

    It has when something happened in it; and when the course ran in it and the export to be shown is not from before.
    A course of unknown launch needs events.
    """
    if any(window.holds(found) for day in days for found in day.event_dates):
        return True
    runs = launch is not None and launch < window.end and (wrap is None or window.start <= wrap)
    week = nearest_week(weeks, window.end)
    return runs and week is not None and week > window.start
