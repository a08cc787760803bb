"""An event that comes again in the next day's file: what the tables say, and how it is found and mended."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.tables.catalog import Catalog
from fakes.airflow_runs import AirflowRuns
from fakes.daily_course import DailyCourse, chain
from fakes.institution import DAY, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

NEXT = DAY + timedelta(days=1)
DECISION = CHECKOUT / "docs/decisions/lines-of-two-days.md"


def test_a_line_of_two_days_is_counted_for_each_and_found_by_the_query_of_its_decision(
    tmp_path: Path,
    storage_proxy: StrictProxy,
    storage_client: storage.Client,
    warehouse: Warehouse,
    place: str,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course = DailyCourse(tmp_path, storage_client, warehouse, place, chain(catalog), AirflowRuns(monkeypatch))
    course.come(1, 2)
    again, new = event(2, course.course), event(1, course.course, NEXT)
    course.deliver(log([again, new]), NEXT)
    course.mirror()
    course.split(NEXT)
    assert [(row["rows_out"], row["duplicates"]) for row in course.history()] == [(2, 0), (2, 0)]
    course.run(DAY)
    course.run(NEXT)
    assert course.built() == {DAY: 3, NEXT: 1}
    assert [row["time"].microsecond for row in found(course)] == [2]

    course.deliver(log([new]), NEXT)
    course.mirror()
    course.split(NEXT)
    course.run(NEXT)
    assert course.built() == {DAY: 2, NEXT: 1}
    assert found(course) == []


def found(course: DailyCourse) -> list[dict[str, object]]:
    """Return what the query of the decision finds."""
    [sql] = re.findall(r"```sql\n(.*?)```", DECISION.read_text(), re.DOTALL)
    table = course.warehouse.reference(places.latest_dataset(course.course), "tracking_events")
    rows = course.warehouse.client.query_and_wait(sql.replace("tracking_events AS", f"`{table}` AS"))
    return [dict(row) for row in rows]
