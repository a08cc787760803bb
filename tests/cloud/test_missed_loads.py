"""Daily runs that nobody would start any more: of days that changed meanwhile, and of builds that never took place."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Transient
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.catalog import Catalog
from fakes.airflow_runs import AirflowRuns
from fakes.daily_course import DailyCourse, chain
from fakes.institution import DAY, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

NEXT = DAY + timedelta(days=1)


@pytest.fixture
def course(
    tmp_path: Path,
    storage_proxy: StrictProxy,
    storage_client: storage.Client,
    warehouse: Warehouse,
    place: str,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> DailyCourse:
    return DailyCourse(tmp_path, storage_client, warehouse, place, chain(catalog), AirflowRuns(monkeypatch))


def test_a_day_that_changed_while_its_run_was_under_way_is_loaded_after_all(course: DailyCourse) -> None:
    course.come(1, 2)
    assert course.start_loads() == ["started"]
    course.runs.put(course.dag_id, DAY, "running")
    course.load()
    course.build()
    course.come(1, 2, 3)
    assert course.start_loads() == ["active"]
    assert course.look() == {str(DAY): "active"}
    course.runs.put(course.dag_id, DAY, "success")
    assert course.built() == {DAY: 2}

    assert course.look() == {str(DAY): "cleared"}
    course.runs.put(course.dag_id, DAY, "running")
    course.run()
    assert course.built() == {DAY: 3}
    assert course.look() == {}


def test_builds_that_were_left_to_runs_that_never_built_take_place_after_all(course: DailyCourse) -> None:
    course.come(1)
    course.come(1, 2, day=NEXT)
    assert [*course.start_loads(), *course.start_loads(NEXT)] == ["started", "started"]
    course.runs.put(course.dag_id, DAY, "running")
    assert course.load(DAY) is True
    assert course.load(NEXT) is True
    course.runs.put(course.dag_id, DAY, "success")
    assert course.look() == {}, "a run is queued that will build"
    course.runs.put(course.dag_id, NEXT, "success")

    assert course.look() == {str(NEXT): "cleared"}
    course.runs.put(course.dag_id, NEXT, "running")
    course.run(NEXT)
    assert course.built() == {DAY: 1, NEXT: 2}
    assert course.look() == {}


def test_a_run_that_loads_nothing_leaves_its_builds_to_nobody(course: DailyCourse) -> None:
    course.come(1)
    course.runs.put(course.dag_id, NEXT, "queued")
    assert course.load() is True
    assert course.load() is False


def test_a_run_that_failed_rests_for_most_of_a_day(course: DailyCourse) -> None:
    course.come(1)
    failed = datetime.now(UTC)
    course.runs.put(course.dag_id, DAY, "failed", ended=failed)
    assert course.look() == {str(DAY): "failed"}
    course.runs.put(course.dag_id, DAY, "failed", ended=failed - timedelta(hours=20))
    assert course.look() == {str(DAY): "cleared"}


def test_a_run_that_failed_is_cleared_at_once_when_its_day_is_split_anew(course: DailyCourse) -> None:
    course.come(1)
    course.runs.put(course.dag_id, DAY, "failed")
    assert course.start_loads() == ["cleared"]


def test_the_look_keeps_to_the_days_that_it_is_given(course: DailyCourse) -> None:
    course.come(1)
    course.come(1, day=NEXT)
    assert course.look(**{"from": str(NEXT)}) == {str(NEXT): "started"}
    course.run(NEXT)
    assert course.look(to=str(DAY - timedelta(days=1))) == {}


def test_a_table_that_somebody_took_away_is_made_again(course: DailyCourse) -> None:
    course.come(1)
    course.run()
    assert course.look() == {}
    course.warehouse.drop(course.warehouse.reference(places.latest_dataset(course.course), "two"))
    assert course.look() == {str(DAY): "cleared"}


def test_a_look_that_finds_nothing_reads_labels_and_no_states(course: DailyCourse, storage_proxy: StrictProxy) -> None:
    course.come(1)
    course.run()
    storage_proxy.forget()
    assert course.look() == {}
    assert storage_proxy.count("GET", "/state") == 0
    assert len(storage_proxy.seen) == 1


def test_a_day_with_events_of_more_dates_than_metadata_can_hold_is_built_whole(course: DailyCourse) -> None:
    dates = [DAY - timedelta(days=days) for days in range(800)]
    course.deliver(log([event(number, course.course, it) for number, it in enumerate(dates)]))
    course.mirror()
    course.split()
    manifest = course.bucket.stat(places.log_manifest(course.course, DAY))
    assert manifest is not None
    assert sum(len(name) + len(it) for name, it in manifest.metadata.items()) < 8000
    course.run()
    assert course.built() == dict.fromkeys(dates, 1)
    assert course.look() == {}


def test_a_day_whose_replacement_was_cut_off_is_not_loaded_as_the_day_of_before(course: DailyCourse) -> None:
    course.come(1)
    part = places.log_part(course.course, DAY)
    old = course.bucket.read(part) or b""
    course.bucket.put(part, gzip.compress(gzip.decompress(old).replace(b"play_video", b"stop_video")))
    with pytest.raises(Transient, match="E-BKT-101"):
        course.load()
    assert course.warehouse.labels(places.logs_dataset(course.course)) == {}

    course.bucket.put(part, old)
    course.run()
    assert course.built() == {DAY: 1}


def test_a_part_that_is_replaced_while_it_is_loaded_is_not_put_in_place(
    course: DailyCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.come(1)
    part = places.log_part(course.course, DAY)
    old = course.bucket.read(part) or b""
    load = Warehouse.load

    def load_amid_changes(warehouse: Warehouse, *args: Any, **more: Any) -> Any:
        course.bucket.put(part, gzip.compress(gzip.decompress(old).replace(b"play_video", b"stop_video")))
        job = load(warehouse, *args, **more)
        course.bucket.put(part, old)
        return job

    monkeypatch.setattr(Warehouse, "load", load_amid_changes)
    with pytest.raises(Transient, match="E-BKT-101"):
        course.load()
    monkeypatch.setattr(Warehouse, "load", load)
    course.load()
    table = course.warehouse.reference(places.logs_dataset(course.course), places.day_table(DAY))
    rows = course.warehouse.client.query_and_wait(f"SELECT it.event_type FROM `{table}` AS it")
    assert [row["event_type"] for row in rows] == ["play_video"]
