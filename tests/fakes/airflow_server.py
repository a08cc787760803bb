"""A running API server of Airflow, as tests ask it."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class AirflowServer:
    """A running API server.

    :param url: its address.
    :param tokens: a token of a user of each role.
    :param client: asks it.
    """

    url: str
    tokens: dict[str, str]
    client: httpx.Client

    def get(self, path: str, role: str | None = "viewer", **more: str) -> httpx.Response:
        headers = {"Accept": more.get("accept", "application/json")}
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return self.client.get(self.url + path, headers=headers)
