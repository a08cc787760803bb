"""An app of a plugin as it has to be: nobody without a session sees anything, and pages run no code but their own.

Airflow guards no route of a plugin, and shows its pages in a frame that may do whatever the viewer may.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from airflow.api_fastapi.core_api.security import requires_authenticated
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
_STATIC = Path(__file__).with_name("static")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}

templates = Environment(
    loader=PackageLoader("edx_warehouse.ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def guarded_app(title: str) -> FastAPI:
    """Return an app that answers 401 to whoever has no session, on every route."""
    app = FastAPI(
        title=title, dependencies=[Depends(requires_authenticated())], docs_url=None, redoc_url=None, openapi_url=None
    )

    @app.middleware("http")
    async def add_headers(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await proceed(request)
        answer.headers.update(HEADERS)
        return answer

    @app.exception_handler(HTTPException)
    async def tell(request: Request, error: HTTPException) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return await http_exception_handler(request, error)
        return page(
            request, "error.html.jinja", status=error.status_code, code=error.status_code, told=str(error.detail)
        )

    files = {it.name: it for it in _STATIC.iterdir() if it.suffix in _KINDS}

    @app.get("/static/{name}")
    def static(name: str) -> FileResponse:
        if name not in files:
            raise HTTPException(404, "There is no such file.")
        return file(files[name])

    return app


def file(path: Path) -> FileResponse:
    """Return a file of a kind that pages show."""
    return FileResponse(path, media_type=_KINDS[path.suffix])


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; ``root`` is where its app is served, and ``airflow`` where the UI is, without slashes at their ends."""
    root = request.scope.get("root_path", "").rstrip("/")
    airflow = root.rsplit("/", 1)[0]
    content = templates.get_template(template).render(root=root, airflow=airflow, **values)
    return HTMLResponse(content, status_code=status)
