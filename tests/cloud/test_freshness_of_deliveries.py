"""How fresh an institution is, read from its bucket and its project."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import Held
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.operators.freshness import FEEDS, freshness
from edx_warehouse.operators.tables import LoadLogDayOperator
from edx_warehouse.tables.catalog import Catalog
from fakes.institution import DAY, PH525, DeliveredTo, context_of, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

NEXT = DAY + timedelta(days=1)
TEN = [event(n) for n in range(10)]


@pytest.fixture
def there(tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str):
    return DeliveredTo(tmp_path, storage_client, warehouse, place)


def test_freshness_is_read_from_the_bucket_with_what_is_missing_held_and_unusual(there: DeliveredTo) -> None:
    for weeks in (4, 3, 2, 1):
        day = DAY - timedelta(weeks=weeks)
        there.deliver(log([event(n, day=day) for n in range(10)]), day)
    there.deliver(log(TEN[:2]))
    there.deliver(log(TEN)[:-9], NEXT)
    there.mirror()
    for day in there.due():
        with suppress(Held):
            there.split(day)
    institution = replace(there.institution, logs_until=NEXT + timedelta(days=1))
    found = freshness(institution, there.bucket, there.warehouse, [], midnight(DAY + timedelta(days=9)))
    logs, prod, weekly = found
    assert (logs.newest, logs.held, logs.waiting) == (DAY, {NEXT: "E-SPL-101"}, ())
    assert len(logs.missing) == 4 * 6 + 1
    assert logs.missing[-1] == NEXT + timedelta(days=1)
    assert list(logs.unusual) == [DAY]
    assert not logs.is_well
    assert (prod.site, prod.newest, prod.is_well) == ("prod", NEXT, True)
    assert weekly.is_well


def test_a_site_whose_file_did_not_come_is_told_though_another_ones_came(there: DeliveredTo) -> None:
    there.institution = replace(there.institution, sites=("edge", "none", "prod"))
    for number in range(3):
        day = DAY + timedelta(days=number)
        there.deliver(log([event(1, day=day)]), day, site="edge")
        if number != 1:
            there.deliver(log([event(2, day=day)]), day)
    there.mirror()
    for day in there.due():
        there.split(day)
    now = midnight(DAY + timedelta(days=4))
    logs, edge, none, prod, _ = freshness(there.institution, there.bucket, there.warehouse, [], now)
    assert [it.is_well for it in (logs, edge, none)] == [True, True, True]
    assert prod.missing == (NEXT,)
    assert str(prod).startswith(f"{there.institution.name} logs prod: newest {NEXT + timedelta(days=1)} · 1 missing")
    assert str(none).endswith("logs none: newest none · nothing due")


def test_a_day_that_is_split_and_not_loaded_in_time_is_told_with_its_courses(there: DeliveredTo, place: str) -> None:
    courses = [CourseKey("HarvardX", number, place[:60]) for number in ("one", "two")]
    there.courses = courses
    there.deliver(log([event(1, courses[0]), event(2, courses[1])]))
    there.mirror()
    there.split()
    due = midnight(DAY) + FEEDS["logs"][1]
    early, *_ = freshness(there.institution, there.bucket, there.warehouse, courses, due - timedelta(minutes=1))
    assert (early.newest, early.is_well) == (None, True)
    late, *_ = freshness(there.institution, there.bucket, there.warehouse, courses, due + timedelta(hours=1))
    assert (late.unloaded, late.late) == ({DAY: 2}, timedelta(hours=1))
    assert "1 split, not loaded (2014-11-10 of 2 courses)" in str(late)

    catalog = Catalog.read(CHECKOUT / "include")
    for course in courses:
        context = {
            "ti": SimpleNamespace(dag_id="x", task_id="x", try_number=1, get_dr_count=lambda dag_id, states: 0),
            **context_of(DAY),
        }
        context["dag_run"].run_type = "scheduled"
        there.task(LoadLogDayOperator, course=course, catalog=catalog).execute(context)
    well, *_ = freshness(there.institution, there.bucket, there.warehouse, courses, due + timedelta(hours=1))
    assert (well.newest, well.is_well) == (DAY, True)


def test_the_command_freshness_ends_with_3_when_something_is_late(
    there: DeliveredTo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxies: tuple[StrictProxy, StrictProxy],
    capsys: pytest.CaptureFixture[str],
) -> None:
    there.surroundings(tmp_path, monkeypatch.setenv, proxies[0].url, proxies[1].url, deliveries_until=str(DAY))
    there.deliver(log(TEN))
    there.mirror()
    capsys.readouterr()
    assert cli.main(["freshness"]) == 3
    late, edge, prod, in_time = capsys.readouterr().out.splitlines()
    assert late.startswith(f"HarvardX logs: newest none · 1 not worked through ({DAY}) · late by ")
    assert edge == "HarvardX logs edge: newest none · nothing due"
    assert prod == f"HarvardX logs prod: newest {DAY} · in time"
    assert in_time == "HarvardX weekly: newest none · nothing due"
    there.courses = [PH525]  # of another registry, so that there is nothing to load
    there.split()
    capsys.readouterr()
    assert cli.main(["freshness", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], document["feeds"][0]["newest"]) == (0, str(DAY))
