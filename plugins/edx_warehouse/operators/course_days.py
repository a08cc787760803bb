"""The log days of a course: which are split, which are loaded, and of which dates their events are."""

import json
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
        dates = {day: self._event_dates(day, it) for day, it in self._manifests.items() if "content" in it}
        return {
            day: LogDay(self.split[day], tuple(map(date.fromisoformat, it)))
            for day, it in dates.items()
            if it is not None
        }

    def _event_dates(self, day: date, metadata: Mapping[str, str]) -> list[str] | None:
        """Return the dates of a split day's events; None when the day was split again since its metadata were read."""
        if "event_dates" in metadata:
            return metadata["event_dates"].split()
        # They are so many that they are in the manifest alone.
        manifest = json.loads(self.bucket.read(places.log_manifest(self.course, day)) or b"{}")
        is_same = manifest.get("content_sha256", "")[:32] == metadata["content"]
        return list(manifest["event_dates"]) if is_same else None
