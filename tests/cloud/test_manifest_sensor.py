"""Waiting for a delivery through Google's own asynchronous client, until moments that are passed in."""

import asyncio
import json
import time
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.sensors.manifest import ManifestSensor, ManifestTrigger
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

CONTEXT: Any = {"dag_run": SimpleNamespace(dag_id="split_logs__HarvardX", logical_date=midnight(date(2014, 11, 10)))}
FAR = time.time() + 3600


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, proxies: tuple[StrictProxy, StrictProxy]) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxies[0].url)
    extra = {"is_anonymous": True, "project": "harvardx-data"}
    connection = {"conn_type": "google_cloud_platform", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))


def sensor(bucket: Bucket, glob: str) -> ManifestSensor:
    return ManifestSensor(task_id="wait", bucket=bucket.name, glob=glob, due=timedelta(days=1))


def answer(bucket: Bucket, glob: str, until: float) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in ManifestTrigger(bucket.name, glob, until, 0.01, "google_cloud_default").run():
            return dict(event.payload)
        return {}

    return asyncio.run(asyncio.wait_for(first(), 30))


def test_what_is_there_is_not_waited_for(bucket: Bucket, place: str) -> None:
    bucket.put(f"{place}/one", b"")
    sensor(bucket, f"{place}/*").execute(CONTEXT)
    assert answer(bucket, f"{place}/*", 0) == {"found": 1}


def test_a_missing_delivery_is_left_to_the_triggerer_for_a_day_at_most(bucket: Bucket, place: str) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor(bucket, f"{place}/*").execute(CONTEXT)
    trigger = deferred.value.trigger
    assert isinstance(trigger, ManifestTrigger)
    assert trigger.until <= time.time() + timedelta(days=1).total_seconds()
    path, values = trigger.serialize()
    assert path == "edx_warehouse.sensors.manifest.ManifestTrigger"
    assert ManifestTrigger(**values).serialize() == (path, values)


def test_a_delivery_that_is_missing_when_its_time_is_over_fails_the_run_by_name(bucket: Bucket, place: str) -> None:
    event = answer(bucket, f"{place}/*", 0)
    with pytest.raises(Terminal) as late:
        sensor(bucket, f"{place}/*").resume(CONTEXT, event)
    assert late.value.problem.code == "E-DLV-101"
    assert late.value.problem.unit == "split_logs__HarvardX 2014-11-10"


def test_a_delivery_that_comes_in_time_lets_the_run_go_on(bucket: Bucket, place: str) -> None:
    async def wait_and_deliver() -> dict[str, Any]:
        trigger = ManifestTrigger(bucket.name, f"{place}/*", FAR, 0.01, "google_cloud_default")
        events = trigger.run()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(bucket.put, f"{place}/one", b"")
        event = await asyncio.wait_for(waiting, 30)
        await events.aclose()
        return dict(event.payload)

    event = asyncio.run(wait_and_deliver())
    sensor(bucket, f"{place}/*").resume(CONTEXT, event)
