"""The services of `docker-compose.yaml`, here as processes, finish a sample world though a worker and the scheduler die.

One story, told once for all tests of this file: the main job runs through Celery; in its middle a worker is killed with
the tasks it has under way, then the scheduler while others are; both are started again at once, as the containers
would be. Then the main job is run once more. The tests look at what was left behind.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from edx_warehouse.domain import places
from edx_warehouse.domain.pools import pools
from edx_warehouse.domain.registry import Registry
from edx_warehouse.hooks.airflow_api import AirflowApi
from edx_warehouse.local.services import stop
from edx_warehouse.sample.world import World, write_world
from fakes.local_cloud import local_cloud
from judgement import (
    CHECKOUT,
    Look,
    day_table_differences,
    expectations,
    person_differences,
    tables_of_days_differences,
)
from services.containers import WORKERS, Containers, require_installed

pytestmark = [pytest.mark.services, pytest.mark.system]

_MAIN_JOB = Path(__file__).with_name("main_job.py")
_PATIENCE = 1800
_HEALTHY = ("postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", *WORKERS)


@dataclass(frozen=True)
class Drive:
    """What a drive of the main job printed, and the seconds it took."""

    result: dict[str, Any]
    seconds: float
    tables: dict[str, int]


@dataclass(frozen=True)
class Story:
    """The whole story.

    :param lost: tasks that the worker had under way when it was killed.
    :param handed_out_again: their messages, which Redis gives to another worker in the end.
    :param well: what each service's health check said afterwards.
    """

    world: World
    containers: Containers
    look: Look
    lost: int
    handed_out_again: int
    first: Drive
    again: Drive
    expected: dict[str, Any]
    tries: dict[str, int]
    states: set[str]
    well: dict[str, bool]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    require_installed()
    # Not pytest's own folder: that is its user's alone, and PostgreSQL is another's.
    root = Path(tempfile.mkdtemp(prefix="edx-warehouse-services-"))
    try:
        root.chmod(0o755)
        world = write_world(root / "world", courses=2, learners=12, days=2, weeks=1)
        with local_cloud(root / "cloud") as (storage, bigquery):
            containers = Containers(root / "services", world.registry, storage.port or 0, bigquery.port or 0)
            try:
                yield tell(world, containers)
            finally:
                stop(reversed(containers.services.values()))
    finally:
        shutil.rmtree(root)


def tell(world: World, containers: Containers) -> Story:
    containers.up()
    look = Look(containers.environment("worker"))
    lost = []

    def interrupt() -> None:
        worker = wait_for_task(containers, WORKERS)
        lost.append(containers.tasks(worker))
        containers.kill(worker)
        containers.services[worker].start()
        wait_for_task(containers, [it for it in WORKERS if it != worker])
        containers.kill("scheduler")
        containers.start("scheduler")

    first = drive(containers, look, interrupt)
    handed_out_again = containers.hand_out_again()
    again = drive(containers, look, lambda: None)
    api = api_of(containers)
    runs = api.runs([dag["dag_id"] for dag in api.dags()])
    tasks = [task for run in runs for task in api.task_instances(run["dag_id"], run["dag_run_id"])]
    states = {run["state"] for run in runs}
    tries = {
        f"{it['dag_id']} {it['dag_run_id']} {it['task_id']} {it['map_index']}": it["try_number"]
        for it in tasks
        if it["try_number"] > 1
    }
    well = {name: containers.is_well(name) for name in _HEALTHY}
    return Story(
        world, containers, look, lost[0], handed_out_again, first, again, expectations(world), tries, states, well
    )


def wait_for_task(containers: Containers, workers: list[str] | tuple[str, ...]) -> str:
    """Return a worker that has a task under way."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for worker in workers:
            if containers.tasks(worker):
                return worker
        time.sleep(0.1)
    pytest.fail(f"no task at {', '.join(workers)}")


def drive(containers: Containers, look: Look, meanwhile: Callable[[], None]) -> Drive:
    environment = containers.environment("worker") | {"PASSWORD_OF_ADMIN": containers.env["AIRFLOW_ADMIN_PASSWORD"]}
    begun = time.monotonic()
    with (containers.folder / "main_job.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, str(_MAIN_JOB)], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            meanwhile()
            out, _ = process.communicate(timeout=_PATIENCE)
        finally:
            process.kill()
            process.communicate()
        log.seek(0)
        assert process.returncode == 0, log.read()[-3000:]
    # Before it are Airflow's own warnings.
    return Drive(json.loads(out.splitlines()[-1]), time.monotonic() - begun, look.counts())


def api_of(containers: Containers) -> AirflowApi:
    return AirflowApi(
        f"http://127.0.0.1:{containers.ports['api-server']}", user=("admin", containers.env["AIRFLOW_ADMIN_PASSWORD"])
    )


def test_nothing_failed_though_a_worker_and_the_scheduler_were_killed(story: Story) -> None:
    assert story.lost > 0
    assert story.first.result["failed"] == []
    assert story.first.result["held"] == []


def test_what_the_killed_worker_had_under_way_was_tried_again(story: Story) -> None:
    assert 0 < len(story.tries) <= story.lost + 2
    assert set(story.tries.values()) == {2}


def test_every_table_is_as_the_oracle_says(story: Story) -> None:
    assert day_table_differences(story.first.tables, story.expected, story.world) == []
    assert tables_of_days_differences(story.look, story.expected, story.world) == []
    assert person_differences(story.look, story.expected, story.world) == []


def test_every_version_of_a_table_is_in_the_history_once(story: Story) -> None:
    for institution in set(story.world.courses.values()):
        history = story.look.rows(institution, places.OPS, "job_history")
        assert len({(row["job_id"], row["target"]) for row in history}) == len(history) > 0


def test_the_same_files_again_make_no_job_and_write_no_object(story: Story) -> None:
    assert story.again.result["bigquery_jobs"] == 0
    assert story.again.result["objects_written"] == 0
    assert story.again.tables == story.first.tables


def test_every_health_check_says_well(story: Story) -> None:
    assert [name for name, well in story.well.items() if not well] == []


def test_init_made_the_pools(story: Story) -> None:
    wanted = pools(CHECKOUT / "include", Registry.read(story.world.registry))
    ports, password = story.containers.ports, story.containers.env["POSTGRES_PASSWORD"]
    with (
        closing(
            psycopg2.connect(host="127.0.0.1", port=ports["postgres"], user="airflow", password=password)
        ) as database,
        database.cursor() as cursor,
    ):
        cursor.execute("SELECT pool, slots FROM slot_pool")
        found = dict(cursor.fetchall())
    assert {name: found.get(name) for name in wanted} == {name: it["slots"] for name, it in wanted.items()}


def test_a_lost_task_that_redis_hands_out_again_after_hours_changes_nothing(story: Story) -> None:
    assert story.handed_out_again > 0
    assert story.states == {"success"}
    assert story.again.tables == story.first.tables
