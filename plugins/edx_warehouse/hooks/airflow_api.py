"""Airflow's own public API (v2): start, clear and watch Dag runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

_PAGE = 100
_ACTIVE = ("queued", "running")


def _passes(error: BaseException) -> bool:
    """Tell whether the same request may fare better: each may be sent twice without doing its work twice."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
    return isinstance(error, httpx.TransportError)


class AirflowApi:
    """A client for an Airflow.

    :param url: address of the API server, without ``/api/v2``.
    :param user: name and password; not needed where the auth manager gives everyone a token, as the local stack's does.
    """

    def __init__(self, url: str, user: tuple[str, str] | None = None) -> None:
        self._user = user
        self._client = httpx.Client(base_url=url.rstrip("/"), timeout=60, transport=httpx.HTTPTransport(retries=3))
        self._token = ""

    def start(self, dag_id: str, day: datetime, note: str) -> str:
        """See to it that the run of a day takes place: start it, or clear it when it has ended.

        :param day: the run's logical date, midnight UTC.
        :return: ``started``, ``cleared``, or ``active`` when the run is under way already.
        """
        body = {"logical_date": day.isoformat(), "note": note}
        answer = self._send("POST", f"/dags/{dag_id}/dagRuns", json=body, accept=(409,))
        if answer.status_code != 409:
            return "started"
        window = {"logical_date_gte": day.isoformat(), "logical_date_lte": day.isoformat()}
        run = next(self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", window))
        if run["state"] in _ACTIVE:
            return "active"
        self.clear(dag_id, run["dag_run_id"], note)
        return "cleared"

    def trigger(self, dag_id: str, note: str, conf: Mapping[str, Any]) -> str:
        """Start a run that is of no particular day; return its id."""
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "note": note, "conf": dict(conf)}
        # Taken already is what the second try is told when the first was heard but not answered.
        self._send("POST", f"/dags/{dag_id}/dagRuns", json=body, accept=(409,))
        return run_id

    def clear(self, dag_id: str, run_id: str, note: str) -> None:
        """Clear all tasks of a run, so that it takes place again."""
        body = {"dry_run": False, "only_failed": False, "note": note}
        self._send("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json=body)

    def unpause(self, dag_ids: Iterable[str]) -> None:
        """Let those of some Dags run that are paused: all in as few writes as can be, as tasks begin at once."""
        paused = {dag["dag_id"] for dag in self.dags() if dag["is_paused"]}
        for some in batched(sorted(paused.intersection(dag_ids)), _PAGE, strict=False):
            self._send("PATCH", "/dags", params={"dag_id_pattern": "|".join(some)}, json={"is_paused": False})

    def dags(self) -> list[dict[str, Any]]:
        """Describe all Dags."""
        return list(self._pages("/dags", "dags"))

    def import_errors(self) -> list[dict[str, Any]]:
        """Describe the Dag files that could not be read."""
        return list(self._pages("/importErrors", "import_errors"))

    def runs(self, dag_ids: Iterable[str], states: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Describe the runs of some Dags, oldest first."""
        wanted = set(dag_ids)
        found = self._pages("/dags/~/dagRuns", "dag_runs", {"order_by": "run_after", "state": list(states)})
        return [run for run in found if run["dag_id"] in wanted]

    def tasks(self, dag_ids: Iterable[str], states: Sequence[str]) -> list[dict[str, Any]]:
        """Describe the tasks of some Dags that are in one of some states."""
        wanted = set(dag_ids)
        found = self._pages("/dags/~/dagRuns/~/taskInstances", "task_instances", {"state": list(states)})
        return [task for task in found if task["dag_id"] in wanted]

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Describe the tasks of a run."""
        return list(self._pages(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances"))

    def healthy(self) -> bool:
        """Tell whether Airflow answers and its scheduler is alive."""
        try:
            health = self._client.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, ValueError):
            return False
        return bool(health.get("scheduler", {}).get("status") == "healthy")

    # Reading is by GET alone: Airflow writes POST, also of its list routes, into its audit log, and on SQLite that
    # write can stop the whole API server for the database's time-out (docs/decisions/airflow-api.md).
    def _pages(self, path: str, key: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = {**(params or {}), "limit": _PAGE, "offset": offset}
            answer = self._send("GET", path, params=page).json()
            yield from answer[key]
            offset += len(answer[key])
            if offset >= answer["total_entries"] or not answer[key]:
                return

    @retry(retry=retry_if_exception(_passes), stop=stop_after_attempt(4), wait=wait_fixed(2), reraise=True)
    def _send(self, method: str, path: str, accept: tuple[int, ...] = (), **content: Any) -> httpx.Response:
        answer = httpx.Response(401)
        for renew in (not self._token, True):
            if renew:
                self._token = self._new_token()
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = self._client.request(method, f"/api/v2{path}", headers=headers, **content)
            if answer.status_code != 401:
                break
        if answer.status_code not in accept:
            answer.raise_for_status()
        return answer

    def _new_token(self) -> str:
        if self._user:
            name, password = self._user
            answer = self._client.post("/auth/token", json={"username": name, "password": password})
        else:
            answer = self._client.get("/auth/token")
        answer.raise_for_status()
        return str(answer.json()["access_token"])
