"""Addresses of the dashboard. Each panel answers as HTML, JSON and CSV of the same query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, status
from fastapi.responses import JSONResponse

from edx_warehouse.dashboard.answers import Answer
from edx_warehouse.dashboard.assets import Asset
from edx_warehouse.dashboard.listing import LENGTHS, View, as_csv, listing, matching_rows, plain
from edx_warehouse.dashboard.pages import Pages
from edx_warehouse.dashboard.panels import Panel, Section
from edx_warehouse.dashboard.reports import Report
from edx_warehouse.dashboard.viewer import (
    Place,
    Viewer,
    ViewerDep,
    administrator,
    course_place,
    institution_place,
)
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.reading import Value

router = APIRouter()
CoursePlace = Annotated[Place, Depends(course_place)]
InstitutionPlace = Annotated[Place, Depends(institution_place)]
_LOGGED = 200


def view(
    sort: Annotated[str, Query(max_length=100)] = "",
    search: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    length: Annotated[int, Query(ge=1, le=max(LENGTHS))] = LENGTHS[0],
) -> View:
    """Return how a table is looked at."""
    return View(sort, search, page, length)


ViewDep = Annotated[View, Depends(view)]


@router.get("/")
def home(request: Request, viewer: ViewerDep, window: str = LATEST.name) -> Response:
    """List what the viewer may see."""
    dashboard, permissions = viewer.dashboard, viewer.permissions
    courses = [it for it in dashboard.registry.courses if permissions.sees_course(it)]
    return pages(request).render(
        request,
        "home",
        windows=_windows(viewer),
        window=window if dashboard.window(window) else LATEST.name,
        institutions=[it for it in dashboard.registry.institutions if permissions.sees_institution(it.name)],
        courses=[(it, sorted(permissions.roles(it))) for it in courses],
        admin=permissions.is_admin,
        place=None,
    )


@router.get("/glossary")
def glossary(request: Request, viewer: ViewerDep) -> Response:
    """Explain the words."""
    return pages(request).render(request, "glossary", terms=viewer.dashboard.glossary, place=None)


@router.get("/access-log", dependencies=[Depends(administrator)])
def access_log(request: Request) -> Response:
    """Show administrators who looked at what."""
    log = request.app.state.access_log
    return pages(request).render(
        request, "access_log", entries=log.latest(_LOGGED), kept=log.path is not None, number=_LOGGED, place=None
    )


@router.get("/static/{path:path}")
def static(request: Request, path: str) -> Response:
    """Give a file that pages need, to who is signed in."""
    asset: Asset | None = request.app.state.assets.get(path)
    if asset is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such file.")
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.content, media_type=asset.type, headers=headers)
    return Response(asset.zipped, media_type=asset.type, headers={**headers, "Content-Encoding": "gzip"})


@router.get("/course/{slug}")
def course(request: Request, viewer: ViewerDep, place: CoursePlace) -> Response:
    """Show a course."""
    return _place(request, viewer, place)


@router.get("/institution/{name}")
def institution(request: Request, viewer: ViewerDep, place: InstitutionPlace) -> Response:
    """Show all courses of an institution together."""
    return _place(request, viewer, place)


@router.get("/course/{slug}/{panel}")
def course_panel(
    request: Request, viewer: ViewerDep, place: CoursePlace, panel: str, view: ViewDep, part: str = ""
) -> Response:
    """Answer one panel of a course."""
    name, _, form = panel.partition(".")
    return answered(request, viewer, place, Asked(place.panel(name), form, part), view)


@router.get("/institution/{name}/{panel}")
def institution_panel(
    request: Request, viewer: ViewerDep, place: InstitutionPlace, panel: str, view: ViewDep, part: str = ""
) -> Response:
    """Answer one panel of an institution."""
    name, _, form = panel.partition(".")
    return answered(request, viewer, place, Asked(place.panel(name), form, part), view)


def _place(request: Request, viewer: Viewer, place: Place) -> Response:
    return pages(request).render(
        request,
        "place",
        place=place,
        sections=[*place.page.sections, *embedded(place)],
        windows=_windows(viewer),
        window=place.window.name,
        smallest=viewer.dashboard.answers.k,
    )


def embedded(place: Place) -> list[Section]:
    """Return a section of the reports that stand on the place's own page."""
    found = tuple(it for it in place.reports if it.embedded and not it.framed)
    return [Section("Embedded reports", found)] if found else []


@dataclass(frozen=True)
class Asked:
    """What is asked for: a panel, in which form, and for which values of its parameters.

    :param form: ``json``, ``csv`` or empty for HTML; ``part`` a part of that page.
    :param texts: of the parameters, as they stand in the address.
    """

    panel: Panel
    form: str = ""
    part: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def answered(request: Request, viewer: Viewer, place: Place, asked: Asked, view: View) -> Response:
    """Answer a panel or a report in the form that is asked for."""
    panel, form, part = asked.panel, asked.form, asked.part
    if form not in ("", "json", "csv") or part not in ("", "table", "source"):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such answer.")
    own = not isinstance(panel, Report)
    answer = viewer.dashboard.answers.ask(panel, place.scope, exact=place.exact, values=asked.values, checked=own)
    if not view.sort:
        view = View(panel.sort, view.search, view.page, view.length)
    if form == "json":
        return JSONResponse(_json(place, answer, view))
    if form == "csv":
        return _download(place, answer, view)
    return pages(request).render(
        request,
        f"panel_{part}" if part else "panel" if own else "report",
        place=place,
        panel=panel,
        asked=asked,
        answer=answer,
        listing=listing(panel, answer.rows, view),
        courses={str(it.key): it.key.slug for it in viewer.dashboard.registry.courses},
        windows=_windows(viewer),
        window=place.window.name,
        terms=[it for it in viewer.dashboard.glossary if it.name in panel.glossary],
        smallest=viewer.dashboard.answers.k,
    )


def _json(place: Place, answer: Answer, view: View) -> dict[str, Any]:
    panel, rows = answer.panel, matching_rows(answer.panel, answer.rows, view)
    chart = panel.chart
    return {
        "panel": panel.name,
        "title": panel.title,
        "of": place.title,
        "window": place.window.name,
        "as_of": answer.as_of.isoformat() if answer.as_of else None,
        "lacking": list(answer.lacking),
        "hidden_below": answer.hides,
        "columns": [{"name": it.name, "title": it.title, "kind": it.kind, "format": it.format} for it in panel.columns],
        "chart": {
            "kind": chart.kind,
            "x": chart.x,
            "series": chart.series,
            "lines": chart.lines,
            "stacked": chart.stacked,
            "horizontal": chart.horizontal,
            "top": chart.top,
            "expand": panel.expand,
        },
        "rows": [{name: plain(it) for name, it in row.items()} for row in rows],
        "sql": answer.sql,
        "tables": [{"name": it.name, "modified": it.modified.isoformat(), "rows": it.rows} for it in answer.tables],
    }


def _download(place: Place, answer: Answer, view: View) -> Response:
    content = as_csv(answer.panel, matching_rows(answer.panel, answer.rows, view))
    name = f"{place.path.rpartition('/')[2]}-{place.window.name}-{answer.panel.name}.csv"
    return Response(
        content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def pages(request: Request) -> Pages:
    """Return what renders."""
    found: Pages = request.app.state.pages
    return found


def _windows(viewer: Viewer) -> list[Any]:
    return [LATEST, *viewer.dashboard.registry.windows]
