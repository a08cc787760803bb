"""The status board: how each institution's courses and feeds stand, and how a table was made."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Institution, Registry, registry_path
from edx_warehouse.ui.airflow_runs import backfills, readable, runs
from edx_warehouse.ui.board import Board, make_board, short, size
from edx_warehouse.ui.board_data import BoardData, ask, connect, read_board
from edx_warehouse.ui.guarded import guarded_app, page, templates

log = logging.getLogger(__name__)

_INCLUDE = Path(__file__).resolve().parents[3] / "include"
_FRESH = 300.0
"""Seconds for which sums are shown as they are; older ones are shown once more while they are read anew."""

templates.filters |= {"short": short, "size": size}


class Kept[K, V]:
    """What was read for each key, read anew behind the scenes when it is old: nobody waits but the first."""

    def __init__(self, read: Callable[[K], V]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._kept: dict[K, tuple[float, V]] = {}
        self._reading: set[K] = set()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="edx-status")

    def get(self, key: K) -> V:
        """Return what was read last."""
        with self._lock:
            found = self._kept.get(key)
            if found and time.monotonic() - found[0] > _FRESH and key not in self._reading:
                self._reading.add(key)
                self._pool.submit(self._renew, key)
        if found:
            return found[1]
        try:
            return self._renew(key)
        except Exception as error:  # whatever the clients raise: the page says that there is nothing to show
            raise HTTPException(503, f"BigQuery or Storage did not answer ({type(error).__name__}).") from error

    def _renew(self, key: K) -> V:
        try:
            value = self._read(key)
            with self._lock:
                self._kept[key] = time.monotonic(), value
        except Exception:
            log.exception("The status of %s was not read", key)
            raise
        else:
            return value
        finally:
            with self._lock:
                self._reading.discard(key)


def create_status_app() -> FastAPI:
    """Return the app."""
    app = guarded_app("edX Warehouse status")
    kept = Kept(_read)

    @app.get("/")
    def overview(request: Request, user: GetUserDep) -> Response:
        registry, seen = _registry(), readable(user)
        shown = [it for it in registry.institutions if _sees(it, _courses(registry, it, seen), seen)]
        if not shown:
            raise HTTPException(403, "You may see the Dags of no institution.")
        boards = [_board(registry, it, kept.get(it), seen) for it in shown]
        return page(request, "overview.html.jinja", boards=boards)

    @app.get("/provenance/{target}")
    def provenance(request: Request, user: GetUserDep, target: str) -> Response:
        registry, seen = _registry(), readable(user)
        institution = _owner(registry, target, seen)
        rows = ask(connect(institution)[0], "provenance", target=target)
        return page(request, "provenance.html.jinja", target=target, rows=rows)

    @app.get("/{name}")
    def institution(request: Request, user: GetUserDep, name: str) -> Response:
        registry, seen = _registry(), readable(user)
        found = next((it for it in registry.institutions if it.name == name), None)
        if found is None:
            raise HTTPException(404, "There is no such institution.")
        if not _sees(found, _courses(registry, found, seen), seen):
            raise HTTPException(403, "You may not see the Dags of this institution.")
        return page(request, "board.html.jinja", board=_board(registry, found, kept.get(found), seen))

    return app


def _read(institution: Institution) -> BoardData:
    return read_board(institution, *connect(institution), datetime.now(UTC))


def _board(registry: Registry, institution: Institution, data: BoardData, seen: set[str]) -> Board:
    courses = _courses(registry, institution, seen)
    return make_board(
        institution, courses, data, runs(seen, data.days), _fillings(institution, courses, seen), datetime.now(UTC)
    )


def _fillings(institution: Institution, courses: list[Course], seen: set[str]) -> Any:
    names = {institution.name, *(it.key.slug for it in courses)}
    return [it for it in backfills(seen) if it.dag_id.partition("__")[2] in names]


def _registry() -> Registry:
    return Registry.read(registry_path(_INCLUDE))


def _courses(registry: Registry, institution: Institution, seen: set[str]) -> list[Course]:
    return [it for it in registry.courses_of(institution) if f"course_daily__{it.key.slug}" in seen]


def _sees(institution: Institution, courses: list[Course], seen: set[str]) -> bool:
    return bool(courses) or f"split_logs__{institution.name}" in seen


def _owner(registry: Registry, target: str, seen: set[str]) -> Institution:
    """Return the institution of a table, if the viewer may see the Dags that make it."""
    project, _, rest = target.partition(".")
    dataset = rest.partition(".")[0]
    owners = [it for it in registry.institutions if it.project == project]
    # Of two slugs with one beginning the longer is meant.
    courses = sorted(registry.courses, key=lambda it: len(it.key.slug), reverse=True)
    course = next((it for it in courses if dataset.startswith(f"{it.key.slug}_")), None)
    if course and course.institution in owners and f"course_daily__{course.key.slug}" in seen:
        return course.institution
    for it in owners:
        shared = (places.report_dataset(it.name), places.REFERENCE_TABLES, places.OPS)
        if dataset in shared and f"hmdc_mirror__{it.name}" in seen:
            return it
    raise HTTPException(403 if owners else 404, "There is no such table, or you may not see the Dags that make it.")
