"""Requests to Airflow's API over HTTP, to a server that stalls now and then as one on SQLite does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from edx_warehouse.hooks.airflow_api import AirflowApi
from fakes.receivers import served


class Airflow(ThreadingHTTPServer):
    """Takes runs by id, as Airflow does; ``fails`` first requests are worked on and answered by an error."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.runs: set[str] = set()
        self.fails = 0
        self.logins: list[dict[str, str]] = []


class _Answer(BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        self._answer(200, {"access_token": "t"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            self.server.logins.append(body)
            self._answer(201, {"access_token": "t"})
            return
        run_id = body["dag_run_id"]
        status = 409 if run_id in self.server.runs else 200
        self.server.runs.add(run_id)
        if self.server.fails:
            self.server.fails -= 1
            status = 500
        self._answer(status, {"dag_run_id": run_id})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with served(Airflow()) as server:
        yield server


@pytest.fixture
def api(airflow: Airflow) -> AirflowApi:
    return AirflowApi(f"http://127.0.0.1:{airflow.server_address[1]}")


def test_a_run_is_started_once_though_the_first_answer_was_an_error(airflow: Airflow, api: AirflowApi) -> None:
    airflow.fails = 2
    run_id = api.trigger("hmdc_mirror__MITx", "test", {})
    assert airflow.runs == {run_id}


def test_an_error_that_stays_is_told(airflow: Airflow, api: AirflowApi) -> None:
    airflow.fails = 100
    with pytest.raises(httpx.HTTPStatusError, match="500"):
        api.trigger("hmdc_mirror__MITx", "test", {})


def test_a_user_logs_in_by_name_and_password(airflow: Airflow) -> None:
    api = AirflowApi(f"http://127.0.0.1:{airflow.server_address[1]}", user=("admin", "p"))
    api.trigger("hmdc_mirror__MITx", "test", {})
    assert airflow.logins == [{"username": "admin", "password": "p"}]
