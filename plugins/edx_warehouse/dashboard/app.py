"""The FastAPI app that the Airflow plugin mounts."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from edx_warehouse.dashboard import report_routes, routes
from edx_warehouse.dashboard.assets import read_assets
from edx_warehouse.dashboard.pages import Pages
from edx_warehouse.dashboard.state import LOG, AccessLog, Configured
from edx_warehouse.dashboard.viewer import signed_in
from edx_warehouse.domain.errors import WarehouseError
from edx_warehouse.hooks.reading import Reader

INCLUDE = Path(__file__).resolve().parents[3] / "include"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "frame-src": "'self'",  # reports' frames, which this also keeps from going anywhere else
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {it}" for name, it in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(
    include: Path = INCLUDE,
    environ: Mapping[str, str] = os.environ,
    connect: Callable[[str, str], Reader] = Reader.connect,
) -> FastAPI:
    """Return the dashboard.

    :param include: folder of the declarations.
    :param environ: names the registry, the mapping of roles and the log; see docs/dashboard.md.
    :param connect: gives a reader of a project through an Airflow connection.
    """
    # Not only the routes: nobody who is not signed in shall read which there are.
    app = FastAPI(
        title="Course analytics",
        dependencies=[Depends(signed_in)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    log = environ.get(LOG)
    app.state.configured = Configured(include, environ, connect)
    app.state.assets = read_assets(Path(__file__).with_name("static"))
    app.state.pages = Pages(app.state.assets)
    app.state.access_log = AccessLog(Path(log) if log else None)
    app.include_router(report_routes.router)
    app.include_router(routes.router)
    app.middleware("http")(_guard)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(WarehouseError)(_failed)
    return app


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Write down who looked, and tell the browser what it may do with the answer."""
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "private, no-store")
    if "/static/" not in request.url.path:
        log: AccessLog = request.app.state.access_log
        log.write(
            user=getattr(request.state, "dashboard_user", ""),
            address=request.client.host if request.client else "",
            path=_told(request),
            status=response.status_code,
        )
    return response


def _told(request: Request) -> str:
    """Return the address that is written down: without what somebody sought, which may be a name."""
    query = urlencode([(name, it) for name, it in request.query_params.multi_items() if name != "search"])
    return f"{request.url.path}?{query}" if query else request.url.path


async def _refused(request: Request, error: Any) -> Response:
    return _tell(request, error.status_code, str(error.detail), error.headers)


async def _invalid(request: Request, error: Any) -> Response:
    fields = sorted({str(it["loc"][-1]) for it in error.errors()})
    return _tell(request, 422, f"Not a value that can be taken: {', '.join(fields)}.")


async def _failed(request: Request, error: Any) -> Response:
    log: AccessLog = request.app.state.access_log
    # Which file is wrong is for those who run Airflow, who read its log, and not for viewers.
    log.fail(json.loads(error.problem.to_json()))
    return _tell(request, 503, f"The dashboard cannot answer now ({error.problem.code}). Try again in a moment.")


def _tell(request: Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        pages: Pages = request.app.state.pages
        return pages.error(request, status, text, headers)
    return JSONResponse({"detail": text}, status, headers=dict(headers or {}))
