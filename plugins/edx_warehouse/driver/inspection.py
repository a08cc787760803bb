"""Looking at what was made: tables, their provenance, archive snapshots and Dag runs."""

import json
from collections.abc import Iterable
from datetime import date

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Registry
from edx_warehouse.driver.state import Clients
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.operators.window_look import CourseLook

_TABLES = (
    "course_axis",
    "person_course",
    "person_course_day",
    "stats_overall",
    "studentmodule",
    "user_info_combo",
)


class Inspection:
    """What is there, and what should be but is not."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.clients = Clients(registry)

    def tables(self, course: Course) -> list[tuple[str, int]]:
        """Return a course's tables with their rows."""
        warehouse = self.clients.warehouse(course)
        names = [
            warehouse.reference(dataset, name)
            for dataset in self.clients.datasets(course)
            for name in sorted(warehouse.labels(dataset))
        ]
        return [(name, self.clients.rows(name)) for name in names]

    def description(self, course: Course, table: str) -> str:
        """Return the description of a table of a course's latest dataset."""
        warehouse = self.clients.warehouse(course)
        found = warehouse.find(warehouse.reference(places.latest_dataset(course.key), table))
        return found.description or "" if found else "there is no such table"

    def mistakes(self, course: Course) -> list[str]:
        """Return what a course lacks now that all that its archive holds went through the pipeline."""
        archive = Archive(course.institution.archive)
        names = [file.name.rsplit("/", 1)[-1] for file in archive.files("incoming", "logs")]
        days = sorted({day for name in names if (day := places.log_file_day(name))})
        weeks = [date.fromisoformat(name) for name in archive.folders("incoming", "weekly")]
        return [
            *self._table_mistakes(course),
            *self._day_mistakes(course, days),
            *self._week_mistakes(archive, course, weeks),
            *self._window_mistakes(course),
        ]

    def _table_mistakes(self, course: Course) -> list[str]:
        warehouse = self.clients.warehouse(course)
        wrong = []
        for name in _TABLES:
            reference = warehouse.reference(places.latest_dataset(course.key), name)
            table = warehouse.find(reference)
            if table is None or not table.num_rows:
                wrong.append(f"{reference} has no rows")
            elif "Computed by" not in table.description and "Data loaded from" not in table.description:
                wrong.append(f"{reference} does not say how it was made")
        return wrong

    def _day_mistakes(self, course: Course, days: Iterable[date]) -> list[str]:
        warehouse, bucket = self.clients.warehouse(course), self.clients.bucket(course)
        wrong = []
        for day in days:
            reference = warehouse.reference(places.logs_dataset(course.key), places.day_table(day))
            table = warehouse.find(reference)
            manifest = json.loads(bucket.read(places.log_manifest(course.key, day)) or b"{}")
            if table is None or table.num_rows != manifest.get("rows"):
                found = "no table" if table is None else f"{table.num_rows} rows"
                wrong.append(f"{reference}: {found}, and {manifest.get('rows')} rows in the manifest")
        return wrong

    def _week_mistakes(self, archive: Archive, course: Course, weeks: Iterable[date]) -> list[str]:
        return [
            f"the archive has no snapshot {places.snapshot(week, course.key)}"
            for week in weeks
            if not archive.fs.exists(archive.path(places.snapshot(week, course.key), "manifest-sha256.txt"))
        ]

    def _window_mistakes(self, course: Course) -> list[str]:
        bucket = self.clients.bucket(course)
        look = CourseLook(bucket, self.clients.warehouse(course), course.key)
        return [
            f"{course.key} has no finished window {window.name}"
            for window in self.registry.windows
            if look.has_reason(window, course.launch, course.wrap)
            and not bucket.stat(places.window_folder(course.key, window) + "MANIFEST.json")
        ]
