"""What there is of a course that its windows can be made from."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.windows import Window
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.due import CONVERTED, digest_of
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.windows import WindowInputs, has_reason, window_inputs


class CourseLook:
    """One look at a course's weeks and days, which serves all of its windows; each is listed once."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, course: CourseKey) -> None:
        self.bucket = bucket
        self.course = course
        self.days = CourseDays(bucket, warehouse, course)

    @cached_property
    def weeks(self) -> Mapping[date, str]:
        """The converted weeks with a digest of what they, and the surveys beside them, were converted to."""
        converted, surveys = (self._manifests(name) for name in (CONVERTED, SURVEYS))
        return {week: digest_of([sha256, surveys.get(week, "")]) for week, sha256 in converted.items()}

    def _manifests(self, name: str) -> dict[date, str]:
        found = self.bucket.match(f"{places.weeks_of_course(self.course)}*/{name}")
        return {date.fromisoformat(it.name.split("/")[-2]): it.sha256 for it in found}

    def inputs(self, window: Window, tables: Iterable[Table]) -> WindowInputs:
        """Return what the tables of a window are made from now."""
        look_back = max((it.look_back for it in tables), default=0)
        return window_inputs(window, self.weeks, self.days.known(), look_back)

    def has_reason(self, window: Window, launch: date | None, wrap: date | None) -> bool:
        """Tell whether the course, with its first and last day, has anything to show in a window."""
        return has_reason(window, launch, wrap, self.weeks, self.days.known().values())
