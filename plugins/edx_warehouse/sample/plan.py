"""What a sample world is made from, and the dates that follow."""

from dataclasses import dataclass
from datetime import date, timedelta

FIRST_DAY = date(2014, 11, 10)  # a Monday: five days of logs end before the Sunday of the newest export
INSTITUTIONS = ("HarvardX", "MITx")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of a world; equal plans give equal bytes.

    :param learners: accounts on the platform; the first two are course staff.
    :param weeks: weekly exports; the newest is dated the first Sunday on or after the last log day.
    :param days: days with tracking logs, beginning with ``first_day``.
    :param events_per_day: log lines a day, of all institutions together, within a few in a hundred.
    :param poison: add the files and lines that must be held or quarantined.
    :param windows: declare two windows in the registry, one inside the other.
    """

    seed: int = 1
    courses: int = 4
    learners: int = 200
    weeks: int = 2
    days: int = 5
    events_per_day: int = 3000
    poison: bool = False
    windows: bool = False
    first_day: date = FIRST_DAY

    def __post_init__(self) -> None:
        for name, least in (("courses", 1), ("learners", 3), ("weeks", 1), ("days", 1), ("events_per_day", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}")
        if not date(2010, 6, 1) <= self.first_day <= date(2100, 1, 1):
            raise ValueError("the first day must be between 2010-06-01 and 2100-01-01")

    @property
    def log_days(self) -> tuple[date, ...]:
        """The days of the tracking logs, in order."""
        return tuple(self.first_day + timedelta(days=number) for number in range(self.days))

    @property
    def export_weeks(self) -> tuple[date, ...]:
        """The Sundays of the weekly exports, oldest first."""
        last = self.log_days[-1]
        newest = last + timedelta(days=6 - last.weekday())
        return tuple(newest - timedelta(weeks=number) for number in reversed(range(self.weeks)))

    @property
    def launch(self) -> date:
        """The day on which the courses began."""
        return min(self.first_day, self.export_weeks[0]) - timedelta(days=60)

    @property
    def wrap(self) -> date:
        """The day on which the courses end."""
        return self.export_weeks[-1] + timedelta(days=30)
