"""What the dashboard knows: registry, pages, who sees what and the answers; read when it is first asked for."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from edx_warehouse.dashboard.access import VARIABLE, Access
from edx_warehouse.dashboard.answers import Answers, Scope
from edx_warehouse.dashboard.cells import SMALL
from edx_warehouse.dashboard.panels import Page, Term, read_glossary, read_pages
from edx_warehouse.dashboard.reports import Report, read_reports
from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Institution, Registry, registry_path
from edx_warehouse.domain.windows import LATEST, Window
from edx_warehouse.domain.yaml_files import refuse
from edx_warehouse.hooks.reading import Reader

CONNECTION = "EDX_WAREHOUSE_DASHBOARD_CONNECTION"
SMALLEST = "EDX_WAREHOUSE_DASHBOARD_SMALLEST"
LOG = "EDX_WAREHOUSE_DASHBOARD_LOG"
_FLOOR = 5  # no smaller number can be asked for
_TAIL = 256 * 1024

logger = logging.getLogger("edx_warehouse.dashboard.access")


@dataclass(frozen=True)
class Dashboard:
    """All that pages are made of."""

    registry: Registry
    pages: Mapping[str, Page]
    glossary: tuple[Term, ...]
    access: Access
    answers: Answers
    reports: tuple[Report, ...] = ()

    def course(self, slug: str) -> Course | None:
        """Return a course by its slug."""
        return next((it for it in self.registry.courses if it.key.slug == slug), None)

    def institution(self, name: str) -> Institution | None:
        """Return an institution by its name."""
        return next((it for it in self.registry.institutions if it.name == name), None)

    def window(self, name: str) -> Window | None:
        """Return a window by its name; ``latest`` is one."""
        return next((it for it in (LATEST, *self.registry.windows) if it.name == name), None)


def course_scope(course: Course, window: Window) -> Scope:
    """Return where the tables of a course and window are."""
    dataset = places.dataset(course.key, window)
    datasets = {"secondary": dataset, "transformed": dataset, "reference": places.REFERENCE_TABLES}
    return Scope(course.institution.project, datasets, str(course.key))


def institution_scope(institution: Institution) -> Scope:
    """Return where the tables across an institution's courses are."""
    datasets = {"report": places.report_dataset(institution.name), "reference": places.REFERENCE_TABLES}
    return Scope(institution.project, datasets)


class Configured:
    """The dashboard as the environment describes it, read again when the registry changes.

    An Airflow whose registry cannot be read still starts, and says what is wrong on the dashboard's pages.
    """

    def __init__(
        self,
        include: Path,
        environ: Mapping[str, str] = os.environ,
        connect: Callable[[str, str], Reader] = Reader.connect,
    ) -> None:
        self.include = include
        self.environ = environ
        self._connect = connect
        self._lock = Lock()
        self._of: tuple[str, int] | None = None
        self._dashboard: Dashboard | None = None

    def current(self) -> Dashboard:
        """Return the dashboard.

        :raises Terminal: ``E-CFG-101`` and others when a file cannot be taken.
        """
        path = registry_path(self.include, self.environ)
        with self._lock:
            state = (str(path), path.stat().st_mtime_ns if path.exists() else 0)
            if self._dashboard is None or state != self._of:
                self._dashboard = self._read(path)
                self._of = state
            return self._dashboard

    def _read(self, path: Path) -> Dashboard:
        registry = Registry.read(path)
        mapping = self.environ.get(VARIABLE)
        connection = self.environ.get(CONNECTION) or "google_cloud_default"
        answers = Answers(lambda project: self._connect(project, connection), self._smallest())
        return Dashboard(
            registry=registry,
            pages=read_pages(self.include),
            glossary=read_glossary(self.include),
            access=Access(Path(mapping) if mapping else None, registry),
            answers=answers,
            reports=read_reports(self.include),
        )

    def _smallest(self) -> int:
        text = self.environ.get(SMALLEST) or str(SMALL)
        if not text.isdecimal() or int(text) < _FLOOR:
            raise refuse(SMALLEST, f"a number from {_FLOOR}", text, "correct or unset the variable")
        return int(text)


class AccessLog:
    """Who looked at what, when and from where: a line of JSON each, to Airflow's log and to a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = Lock()

    def write(self, *, user: str, address: str, path: str, status: int) -> None:
        """Write down one look."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"time": time, "user": user, "address": address, "path": path, "status": status}
        line = json.dumps(entry)
        logger.info(line)
        if self.path is None:
            return
        with self._lock:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, f"{line}\n".encode())
            finally:
                os.close(file)

    def fail(self, problem: Mapping[str, object]) -> None:
        """Tell those who run Airflow why there was no answer."""
        logger.error(json.dumps(problem))

    def latest(self, number: int) -> list[dict[str, str]]:
        """Return the newest entries, the newest first; none without a file."""
        if self.path is None or not self.path.exists():
            return []
        with self.path.open("rb") as file:
            size = self.path.stat().st_size
            file.seek(max(0, size - _TAIL))
            lines = file.read().splitlines()
        if size > _TAIL:
            lines = lines[1:]  # the first one is cut
        return [json.loads(it) for it in reversed(lines[-number:])]
