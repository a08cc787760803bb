"""The Grafana dashboard: it shows every metric that the package tells, and asks for no other of ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edx_warehouse.operators import metrics

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/edx-warehouse.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
TOLD = {
    # Names as they are written in the module, with those of the gauges, which are made of a mapping.
    *re.findall(r'_count\("(\w+)"', Path(metrics.__file__).read_text()),
    *re.findall(r"PREFIX\}\.(tasks_\w+)", Path(metrics.__file__).read_text()),
    *(f"freshness_{it}" for it in ("late_hours", "missing", "waiting", "held", "newest_timestamp")),
}


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    shown = set(re.findall(rf"airflow_{metrics.PREFIX}_(\w+)", " ".join(EXPRESSIONS)))
    assert shown == TOLD


def test_the_page_on_metrics_names_each() -> None:
    page = (ROOT / "docs/observability.md").read_text()
    assert {it for it in TOLD if f"`{it}`" not in page} == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda it: it["title"])
def test_a_panel_says_what_it_shows_in_brackets_that_close(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        for left, right in ("()", "{}", "[]"):
            assert target["expr"].count(left) == target["expr"].count(right)


def test_panels_have_places_of_their_own() -> None:
    cells = [
        (x, y)
        for it in (panel["gridPos"] for panel in PANELS)
        for x in range(it["x"], it["x"] + it["w"])
        for y in range(it["y"], it["y"] + it["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
