"""The documentation and the runbook in the Airflow UI, asked over HTTP."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from fakes.airflow_server import AirflowServer

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
ROUTES = ("/edx-docs/", "/edx-docs/operating.md", "/edx-docs/static/ui.css", "/edx-docs/images/airflow.png")


@pytest.mark.parametrize("path", ROUTES)
def test_nobody_sees_a_page_without_a_session(airflow: AirflowServer, path: str) -> None:
    assert airflow.get(path, None).status_code == 401
    assert airflow.get(path, None, accept="text/html").status_code == 401
    assert airflow.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_app_tells_nobody_its_routes(airflow: AirflowServer, path: str) -> None:
    assert airflow.get(f"/edx-docs{path}", None).status_code == 401
    assert airflow.get(f"/edx-docs{path}").status_code == 404


def test_every_page_of_the_documentation_is_shown(airflow: AirflowServer) -> None:
    missing = [name for name in PAGES if airflow.get(f"/edx-docs/{name}").status_code != 200]
    assert missing == []


def test_the_link_of_an_error_leads_to_its_page(airflow: AirflowServer) -> None:
    answer = airflow.get("/edx-docs/runbook/E-EXP-101")
    assert answer.status_code == 200
    assert "E-EXP-101" in answer.text


def test_every_link_between_pages_leads_to_a_page_and_a_heading(airflow: AirflowServer) -> None:
    shown = {f"/edx-docs/{name}": airflow.get(f"/edx-docs/{name}").text.partition("<article>")[2] for name in PAGES}
    broken = []
    for url, text in shown.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            to = urlsplit(urljoin(url, unescape(link)))
            if to.netloc or not to.path.startswith("/edx-docs/"):
                continue  # elsewhere, or a file of the repository
            there = shown.get(to.path) or shown.get(f"{to.path}README.md")
            if there is None and airflow.get(to.path).status_code == 200:
                there = ""  # an image
            if there is None or (to.fragment and f'id="{to.fragment}"' not in there):
                broken.append(f"{url}: {link}")
    assert broken == []


@pytest.mark.parametrize(
    "path",
    [
        "../README.md",
        "..%2FREADME.md",
        "%2e%2e/README.md",
        "runbook/..%2f..%2fREADME.md",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "static/..%2f..%2fguarded.py",
        "images/..%2foperating.md",
        "operating.md%00",
    ],
)
def test_no_path_leads_out_of_the_documentation(airflow: AirflowServer, path: str) -> None:
    answer = airflow.get(f"/edx-docs/{path}")
    # What leaves the app is answered by Airflow's own page, which is the same whatever is asked for.
    assert answer.status_code == 404 or answer.text == airflow.get("/no-such-page").text


def test_a_page_may_run_no_code_but_its_own_and_be_framed_by_airflow_alone(airflow: AirflowServer) -> None:
    for path in ROUTES:
        headers = airflow.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["frame-ancestors"] == "'self'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "private, no-store"


def test_tags_in_a_text_stay_text(tmp_path: Path) -> None:
    from edx_warehouse.ui.docs_app import reader

    made = reader().render("# A <script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n| a |\n|--:|\n| 1 |\n")
    assert "<script" not in made
    assert 'href="javascript' not in made
    assert "style=" not in made


def test_airflow_shows_both_pages_and_no_plugin_failed(airflow: AirflowServer) -> None:
    assert airflow.get("/api/v2/plugins/importErrors", "op").json()["import_errors"] == []
    plugins = {it["name"]: it for it in airflow.get("/api/v2/plugins", "op").json()["plugins"]}
    assert [it["url_route"] for it in plugins["edx_docs"]["external_views"]] == ["edx-status", "edx-docs"]


def test_a_process_that_loads_the_plugin_does_not_load_the_pages() -> None:
    program = (
        "import sys, airflow.plugins_manager; before = set(sys.modules); import edx_docs_plugin; "
        "print(*(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent / "plugins")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["edx_docs_plugin"]
