"""The log days of a course: which are split, which are loaded, and of which dates their events are."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import log_manifests
from edx_warehouse.tables.days import DaysState, LogDay, known_days


class CourseDays:
    """One look at a course's log days: everything is read once, when it is asked for."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, course: CourseKey) -> None:
        self.bucket = bucket
        self.warehouse = warehouse
        self.course = course

    def known(self, before: DaysState | None = None) -> Mapping[date, LogDay]:
        """Return the loaded day tables with the dates of their events, as far as the splits or a state know them."""
        return known_days(self.loaded, self._dates, before)

    def to_load(self) -> list[date]:
        """Return the days whose split events are not those that are loaded."""
        return sorted(day for day, content in self.split.items() if self.loaded.get(day) != content)

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """The labels of the day tables, by table name."""
        return self.warehouse.labels(places.logs_dataset(self.course))

    @cached_property
    def loaded(self) -> Mapping[date, str]:
        """The content of each day table."""
        prefix = "tracklog_"
        return {
            date.fromisoformat(name.removeprefix(prefix)): it["content"]
            for name, it in self.labels.items()
            if name.startswith(prefix) and "content" in it
        }

    @cached_property
    def split(self) -> Mapping[date, str]:
        """The content of each day as its newest split has it."""
        return {day: it["content"] for day, it in self._manifests.items() if "content" in it}

    @cached_property
    def _manifests(self) -> Mapping[date, Mapping[str, str]]:
        return log_manifests(self.bucket, self.course)

    @cached_property
    def _dates(self) -> Mapping[date, LogDay]:
        return {
            day: LogDay(it["content"], tuple(map(date.fromisoformat, it["event_dates"].split())))
            for day, it in self._manifests.items()
            if "content" in it and "event_dates" in it
        }
