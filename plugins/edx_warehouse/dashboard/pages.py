"""HTML of the dashboard, from the templates."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edx_warehouse.dashboard.access import ROLES
from edx_warehouse.dashboard.assets import Asset
from edx_warehouse.dashboard.cells import HIDDEN
from edx_warehouse.dashboard.listing import LENGTHS, text

_TITLES = {401: "Sign in", 403: "Not for you", 404: "Not found", 422: "Not understood", 503: "No answer"}


class Pages:
    """Renders the templates. Everything that is put into them is escaped."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"HIDDEN": HIDDEN, "LENGTHS": LENGTHS, "ROLES": ROLES}
        self._environment.filters["cell"] = text

    def render(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page."""
        base = str(request.scope.get("root_path", "")).rstrip("/")
        content = self._environment.get_template(f"{template}.html.jinja").render(
            base=base,
            asset=lambda name: f"{base}/static/{name}?v={self._assets[name].version}",
            user=getattr(request.state, "dashboard_user", ""),
            **values,
        )
        return HTMLResponse(content, status)

    def error(
        self, request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """Return a page that says what is wrong."""
        # The style sheet is for those who are signed in: this page does without when nobody is.
        response = self.render(request, "error", status, title=_TITLES.get(status, "Error"), code=status, text=detail)
        response.headers.update(headers or {})
        return response
