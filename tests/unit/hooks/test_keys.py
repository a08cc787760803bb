import json

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.hooks.keys import research_key

NAME = "edx_warehouse_research_motivation"


def keep(patch: pytest.MonkeyPatch, password: str) -> None:
    patch.setenv(f"AIRFLOW_CONN_{NAME.upper()}", json.dumps({"conn_type": "generic", "password": password}))


def test_a_key_is_the_password_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(monkeypatch, "0123456789abcdef" * 2)
    assert research_key(NAME, "HarvardX") == b"0123456789abcdef0123456789abcdef"


def test_a_project_without_a_key_is_refused() -> None:
    with pytest.raises(Terminal, match=f"E-RES-101.*{NAME}.*no such connection"):
        research_key(NAME, "HarvardX")


def test_a_short_key_is_refused_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(monkeypatch, "too-short-a-key")
    with pytest.raises(Terminal, match="a password of 15 characters") as refused:
        research_key(NAME, "HarvardX")
    assert "too-short" not in str(refused.value)
