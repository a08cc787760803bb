"""Finding and building the windows of an institution's courses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain.registry import Course
from edx_warehouse.domain.windows import Window
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.window_build import WindowBuild
from edx_warehouse.operators.window_files import manifest_of
from edx_warehouse.operators.window_look import CourseLook
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.windows import window_tables

_UNITS = 1_000  # Airflow maps a task over 1,024 units at most; what is left is found by the next run


class WindowOperator(InstitutionOperator):
    """What the operators on windows have in common.

    :param taught: the courses of the institution.
    :param windows: the windows of the registry.
    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, taught: Sequence[Course], windows: Sequence[Window], catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.taught = taught
        self.windows = windows
        self.catalog = catalog

    def tables(self, course: Course, window: Window, bucket: Bucket, warehouse: Warehouse) -> CourseTables:
        """Return a course's tables of a window."""
        return CourseTables(self.institution, course.key, window, self.catalog, bucket, warehouse)


class PlanWindowsOperator(WindowOperator):
    """Find the windows of courses that have something to do: new, or made from other inputs, or not as they were made.

    Of each course its days and weeks are listed once, and of each window its manifest and its tables are looked at.
    """

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Return them, each as ``{"course": …, "window": …}``."""
        bucket, warehouse = self.bucket(), self.warehouse(self.institution.name)
        due = [
            {"course": str(course.key), "window": window.name}
            for course in self.taught
            for window in self._due(course, bucket, warehouse)
        ]
        if len(due) > _UNITS:
            self.log.warning("%d windows have something to do: %d of them now, others next time", len(due), _UNITS)
        self.log.info("%d windows of courses have something to do", len(due))
        return due[:_UNITS]

    def _due(self, course: Course, bucket: Bucket, warehouse: Warehouse) -> Iterator[Window]:
        look = CourseLook(bucket, warehouse, course.key)
        for window in self.windows:
            tables = self.tables(course, window, bucket, warehouse)
            if look.has_reason(window, course.launch, course.wrap) and not _is_done(tables, look):
                yield window


def _is_done(tables: CourseTables, look: CourseLook) -> bool:
    manifest, derived = manifest_of(tables), window_tables(tables.catalog)
    inputs = look.inputs(tables.window, derived)
    if manifest is None or manifest["inputs"] != inputs.digest(tables.window, derived):
        return False
    labels = tables.warehouse.labels(tables.dataset)
    return all(labels.get(name, {}).get("digest") == made for name, made in manifest["tables"].items())


class BuildWindowOperator(WindowOperator):
    """Make all tables and files of a course in a window.

    :param unit: ``{"course": …, "window": …}``, of those that the operator knows.
    """

    def __init__(self, *, unit: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unit = unit

    def execute(self, context: Context) -> dict[str, Any]:
        """Make what is not there yet, or not as it should be; return the week and what was made."""
        [course] = [it for it in self.taught if str(it.key) == self.unit["course"]]
        [window] = [it for it in self.windows if it.name == self.unit["window"]]
        warehouse = self.warehouse(f"{course.key} {window.name}")
        return WindowBuild(self.tables(course, window, self.bucket(), warehouse)).run(context)
