"""The log days of a course: which are loaded, and of which dates their events are."""

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
        return known_days(self._loaded, self._split, before)

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """The labels of the day tables, by table name."""
        return self.warehouse.labels(places.logs_dataset(self.course))

    @cached_property
    def _loaded(self) -> Mapping[date, str]:
        prefix = "tracklog_"
        return {
            date.fromisoformat(name.removeprefix(prefix)): it["content"]
            for name, it in self.labels.items()
            if name.startswith(prefix) and "content" in it
        }

    @cached_property
    def _split(self) -> Mapping[date, LogDay]:
        return {
            day: LogDay(it["content"], tuple(map(date.fromisoformat, it["event_dates"].split())))
            for day, it in log_manifests(self.bucket, self.course).items()
            if "content" in it and "event_dates" in it
        }
