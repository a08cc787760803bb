"""Addresses of custom reports: the list, one report as HTML, JSON and CSV, and the frame of its own HTML and JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response, status

from edx_warehouse.dashboard.report_parameters import texts, values
from edx_warehouse.dashboard.reports import LIBRARIES
from edx_warehouse.dashboard.routes import Asked, ViewDep, answered, pages
from edx_warehouse.dashboard.viewer import Place, Viewer, ViewerDep, course_place, institution_place

router = APIRouter()
CoursePlace = Annotated[Place, Depends(course_place)]
InstitutionPlace = Annotated[Place, Depends(institution_place)]

# No origin, no network, no form, no other page: what an author wrote sees the rows that the page hands over, and that is all.
_FRAME = {
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
    "webrtc 'block'",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-read=(), clipboard-write=(), fullscreen=()",
}


@router.get("/reports")
def reports(request: Request, viewer: ViewerDep) -> Response:
    """List the reports of what the viewer may see."""
    dashboard, permissions = viewer.dashboard, viewer.permissions
    places = [
        institution_place(it.name, viewer)
        for it in dashboard.registry.institutions
        if permissions.sees_institution(it.name)
    ]
    places += [course_place(it.key.slug, viewer) for it in dashboard.registry.courses if permissions.sees_course(it)]
    groups = [(it.title, it.path, it.reports) for it in places if it.reports]
    return pages(request).render(request, "reports", groups=groups, place=None)


@router.get("/course/{slug}/reports/{report}")
def course_report(
    request: Request, viewer: ViewerDep, place: CoursePlace, report: str, view: ViewDep, part: str = ""
) -> Response:
    """Answer a report of a course."""
    return _report(request, viewer, place, report, view, part)


@router.get("/institution/{name}/reports/{report}")
def institution_report(
    request: Request, viewer: ViewerDep, place: InstitutionPlace, report: str, view: ViewDep, part: str = ""
) -> Response:
    """Answer a report of an institution."""
    return _report(request, viewer, place, report, view, part)


def _report(request: Request, viewer: Viewer, place: Place, name: str, view: ViewDep, part: str) -> Response:
    name, _, form = name.partition(".")
    report = place.report(name)
    if form == "frame":
        return _frame(request, place, name)
    try:
        bound = values(report.asks, request.query_params)
    except ValueError as error:
        text = f"Not a value that can be taken: {error}."
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, text) from error
    return answered(
        request, viewer, place, Asked(report, form, part, bound, texts(report.asks, request.query_params)), view
    )


def _frame(request: Request, place: Place, name: str) -> Response:
    report = place.report(name)
    # As a page of its own it could go elsewhere; in a frame the page around it forbids that.
    if not report.framed or request.headers.get("sec-fetch-dest", "iframe") != "iframe":
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such answer.")
    libraries = [request.app.state.assets[LIBRARIES[it]].content.decode() for it in report.libraries]
    response = pages(request).render(request, "frame", report=report, libraries=libraries)
    response.headers.update(_FRAME)
    return response
