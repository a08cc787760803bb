"""Who is looking, and what they may see. Airflow does not guard the routes of plugins: every route here asks."""

from dataclasses import dataclass
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Request, status

from edx_warehouse.dashboard.access import Permissions
from edx_warehouse.dashboard.answers import Scope
from edx_warehouse.dashboard.panels import Page, Panel
from edx_warehouse.dashboard.reports import Report
from edx_warehouse.dashboard.state import Configured, Dashboard, course_scope, institution_scope
from edx_warehouse.domain.registry import Course, Institution
from edx_warehouse.domain.windows import LATEST, Window


@dataclass(frozen=True)
class Viewer:
    """A user of Airflow who is signed in, and the dashboard as they see it."""

    name: str
    permissions: Permissions
    dashboard: Dashboard


@dataclass(frozen=True)
class Place:
    """A course or an institution that the viewer may see.

    :param path: of its page, below the dashboard's own address.
    :param exact: whether the viewer sees small numbers there.
    :param reports: those that the viewer may see there.
    """

    path: str
    title: str
    page: Page
    scope: Scope
    window: Window
    exact: bool
    institution: Institution
    course: Course | None = None
    reports: tuple[Report, ...] = ()

    def report(self, name: str) -> Report:
        """Return a report, or answer 404: also for one that is not for the viewer."""
        found = next((it for it in self.reports if it.name == name), None)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such report.")
        return found

    def panel(self, name: str) -> Panel:
        """Return a panel of the place's page, or answer 404."""
        panel = self.page.panel(name)
        if panel is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such panel.")
        return panel


async def signed_in(request: Request, user: Annotated[Any, Depends(get_user)]) -> str:
    """Return the name of the user that Airflow's auth manager knows, or answer 401."""
    request.state.dashboard_user = user.get_name()
    return str(request.state.dashboard_user)


def viewer(request: Request, name: Annotated[str, Depends(signed_in)]) -> Viewer:
    """Return who is looking."""
    configured: Configured = request.app.state.configured
    dashboard = configured.current()
    return Viewer(name, dashboard.access.of(name), dashboard)


ViewerDep = Annotated[Viewer, Depends(viewer)]


def course_place(slug: str, viewer: ViewerDep, window: str = LATEST.name) -> Place:
    """Return a course, or answer 403: the same for one that there is not, so that nobody finds out which there are."""
    course = viewer.dashboard.course(slug)
    if course is None or not viewer.permissions.sees_course(course):
        raise _forbidden("You have no role in such a course.")
    found = _window(viewer, window)
    return Place(
        path=f"course/{slug}",
        title=str(course.key),
        page=viewer.dashboard.pages["course"],
        scope=course_scope(course, found),
        window=found,
        exact=viewer.permissions.sees_small_numbers(viewer.permissions.roles(course)),
        institution=course.institution,
        course=course,
        reports=_reports(viewer, "course", viewer.permissions.roles(course)),
    )


def institution_place(name: str, viewer: ViewerDep, window: str = LATEST.name) -> Place:
    """Return an institution, or answer 403."""
    institution = viewer.dashboard.institution(name)
    if institution is None or not viewer.permissions.sees_institution(name):
        raise _forbidden("You have no role in such an institution as a whole.")
    return Place(
        path=f"institution/{name}",
        title=name,
        page=viewer.dashboard.pages["institution"],
        scope=institution_scope(institution),
        window=_window(viewer, window),
        exact=viewer.permissions.sees_small_numbers(viewer.permissions.institution_roles(name)),
        institution=institution,
        reports=_reports(viewer, "institution", viewer.permissions.institution_roles(name)),
    )


def _reports(viewer: Viewer, page: str, roles: set[str]) -> tuple[Report, ...]:
    return tuple(it for it in viewer.dashboard.reports if it.page == page and it.is_for(roles))


def administrator(viewer: ViewerDep) -> Viewer:
    """Return who is looking when it is an administrator, or answer 403."""
    if not viewer.permissions.is_admin:
        raise _forbidden("Only administrators may see this.")
    return viewer


def _window(viewer: Viewer, name: str) -> Window:
    window = viewer.dashboard.window(name)
    if window is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such window.")
    return window


def _forbidden(text: str) -> HTTPException:
    return HTTPException(status.HTTP_403_FORBIDDEN, text)
