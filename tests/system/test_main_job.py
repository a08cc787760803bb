"""The sample world through a real Airflow, Google's real clients and the local cloud, judged by the oracle.

One story, told once for all tests of this file: a poisoned world is run, run again, one of its files is replaced by
a shorter one, and it is run once more. The tests look at what each chapter left behind.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from canaries import canaries, escaped, files, plant
from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.sample.world import World, write_world
from fakes.local_cloud import free_ports
from fakes.receivers import Webhook, served
from judgement import Look, day_table_differences, expectations, person_differences, tables_of_days_differences

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).resolve().parents[2]
CONTRACTS = Contracts.read(CHECKOUT / "include")


@dataclass(frozen=True)
class Chapter:
    """What a drive of the main job printed and what it left behind."""

    result: dict[str, Any]
    exit_code: int
    tables: dict[str, int]
    expected: dict[str, Any]


@dataclass(frozen=True)
class Story:
    """The whole story."""

    world: World
    first: Chapter
    again: Chapter
    replaced: Chapter
    cleared: dict[str, Any]
    short_course: CourseKey
    short_day: date
    environment: dict[str, str]
    look: Look
    alerts: list[str]


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edx_warehouse.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )


def drive(environment: dict[str, str], world: World, look: Look) -> Chapter:
    done = command(environment, "run", "--json")
    assert done.stdout.startswith("{"), done.stderr[-3000:]
    return Chapter(json.loads(done.stdout), done.returncode, look.counts(), expectations(world))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("story")
    world = write_world(root / "world", courses=2, learners=30, days=3, weeks=2, poison=True)
    plant(world.root / "archive", CONTRACTS)
    ports = free_ports()
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT / "plugins"),
        "EDX_WAREHOUSE_HOME": str(root / "home"),
        "EDX_WAREHOUSE_REGISTRY": str(world.registry),
        "EDX_WAREHOUSE_STORAGE_PORT": str(ports.storage),
        "EDX_WAREHOUSE_BIGQUERY_PORT": str(ports.bigquery),
        "EDX_WAREHOUSE_BIGQUERY_GRPC_PORT": str(ports.bigquery_grpc),
        "EDX_WAREHOUSE_AIRFLOW_PORT": str(ports.airflow),
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{ports.storage}",
        "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{ports.bigquery}",
    }
    look = Look(environment)
    with served(Webhook()) as webhook:
        connection = {"conn_type": "http", "host": webhook.url}
        environment["AIRFLOW_CONN_EDX_WAREHOUSE_ALERTS_WEBHOOK"] = json.dumps(connection)
        try:
            first = drive(environment, world, look)
            again = drive(environment, world, look)
            course, day = shorten_a_day(world)
            replaced = drive(environment, world, look)
            cleared = clear_load(environment, course, day, look)
            yield Story(world, first, again, replaced, cleared, course, day, environment, look, webhook.texts)
        finally:
            command(environment, "down")


def shorten_a_day(world: World) -> tuple[CourseKey, date]:
    """Deliver a day of an untouched institution again, with every second line gone."""
    assert world.poison is not None
    day = world.days[0]
    log = next(it for it in world.logs if it.day == day and it.site == "prod" and it.path != world.poison.broken_log)
    lines = gzip.decompress(log.path.read_bytes()).splitlines(keepends=True)
    log.path.write_bytes(gzip.compress(b"".join(lines[::2]), mtime=0))
    course = next(course for course, owner in world.courses.items() if owner == log.institution)
    return course, day


def clear_load(environment: dict[str, str], course: CourseKey, day: date, look: Look) -> dict[str, Any]:
    """Clear a load task whose input is the same as before; return the jobs begun before and after."""
    script = f"""
import json, time
from edx_warehouse.hooks.airflow_api import AirflowApi
api = AirflowApi("http://127.0.0.1:{environment["EDX_WAREHOUSE_AIRFLOW_PORT"]}")
runs = [run for run in api.runs(["course_daily__{course.slug}"]) if run["logical_date"].startswith("{day}")]
api.clear(runs[0]["dag_id"], runs[0]["dag_run_id"], "test")
state = "queued"
while state in ("queued", "running"):
    time.sleep(1)
    run = [run for run in api.runs(["course_daily__{course.slug}"]) if run["logical_date"].startswith("{day}")]
    state = run[0]["state"]
print(json.dumps({{"runs": len(runs), "state": state}}))
"""
    jobs = sum(1 for client in look.bigquery.values() for _ in client.list_jobs(all_users=True))
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    now = sum(1 for client in look.bigquery.values() for _ in client.list_jobs(all_users=True))
    return {**json.loads(done.stdout), "jobs": now - jobs}


def test_every_day_table_has_the_rows_that_the_oracle_counts(story: Story) -> None:
    assert day_table_differences(story.first.tables, story.first.expected, story.world) == []


def test_a_replaced_day_has_the_rows_of_its_new_file_and_nothing_else_changed(story: Story) -> None:
    assert day_table_differences(story.replaced.tables, story.replaced.expected, story.world) == []
    name = f"{places.logs_dataset(story.short_course)}.{places.day_table(story.short_day)}"
    before, after = (
        sum(rows for table, rows in chapter.tables.items() if table.endswith(name))
        for chapter in (story.first, story.replaced)
    )
    assert 0 < after < before


def test_every_table_of_days_equals_the_oracle_in_all_rows_and_columns(story: Story) -> None:
    assert tables_of_days_differences(story.look, story.replaced.expected, story.world) == []


def test_person_course_and_stats_overall_equal_the_oracle(story: Story) -> None:
    assert person_differences(story.look, story.replaced.expected, story.world) == []


def test_the_same_files_again_make_no_job_and_write_no_object(story: Story) -> None:
    assert story.again.result["bigquery_jobs"] == 0
    assert story.again.result["objects_written"] == 0
    assert story.again.tables == story.first.tables


def test_clearing_a_run_with_the_same_input_makes_no_job(story: Story) -> None:
    assert story.cleared == {"runs": 1, "state": "success", "jobs": 0}


def test_what_is_spoilt_is_held_with_errors_that_say_where_and_what_to_do(story: Story) -> None:
    poison = story.world.poison
    assert poison is not None
    assert story.first.exit_code == 3
    assert story.first.result["failed"] == []
    held = {problem["code"]: problem for problem in story.first.result["held"]}
    assert set(held) == {"E-SPL-101", "E-EXP-101"}
    assert str(poison.broken_day) in held["E-SPL-101"]["unit"]
    assert held["E-SPL-101"]["offset"] > 0
    assert poison.broken_log.name in held["E-SPL-101"]["file"]
    assert "created_at" in held["E-EXP-101"]["found"]
    assert all(problem["next"] for problem in held.values())


def test_whoever_gets_alerts_is_told_of_each_held_unit_once(story: Story) -> None:
    told = [next(line for line in text.splitlines() if line.startswith("E-")) for text in story.alerts]
    assert sorted(told) == sorted(map(line_of, story.first.result["held"]))


def line_of(held: dict[str, Any]) -> str:
    return str(Problem(**{name: value for name, value in held.items() if name != "institution"}))


def test_nothing_of_what_is_spoilt_is_published(story: Story) -> None:
    poison = story.world.poison
    assert poison is not None
    day, week = poison.broken_day, poison.spoilt_week
    names = story.look.objects(poison.broken_institution)
    assert not [name for name in names if f"tracklog-{day}" in name]
    assert not [
        table
        for table in story.first.tables
        if poison.broken_institution.lower() in table and places.day_table(day) in table
    ]
    owner = story.world.courses[poison.spoilt_course]
    assert not story.look.objects(owner, places.week_of_course(poison.spoilt_course, week))
    latest = json.loads(story.look.text(owner, places.latest(poison.spoilt_course) + "MANIFEST.json"))
    assert date.fromisoformat(latest["week"]) < week


def test_other_courses_and_days_are_finished(story: Story) -> None:
    poison = story.world.poison
    assert poison is not None
    for course, institution in story.world.courses.items():
        weeks = [week for week in story.world.weeks if (course, week) != (poison.spoilt_course, poison.spoilt_week)]
        for week in weeks:
            folder = story.world.root / "archive" / institution / places.snapshot(week, course)
            assert (folder / "manifest-sha256.txt").is_file(), folder


def test_every_table_says_how_it_was_made(story: Story) -> None:
    for course, institution in story.world.courses.items():
        description = story.look.table(institution, places.latest_dataset(course), "person_course_day").description
        assert "Computed by" in description
        assert "with this SQL:\n" in description
        assert "SQL SHA-256: " in description
        loaded = story.look.table(institution, places.latest_dataset(course), "user_info_combo").description
        assert "Data loaded from gs://" in loaded
        history = story.look.rows(institution, places.OPS, "job_history")
        assert len({(row["job_id"], row["target"]) for row in history}) == len(history)
        assert f"{course}" in {row["course_id"] for row in history}


def test_learners_are_in_no_log_of_any_task(story: Story) -> None:
    logs = Path(story.environment["EDX_WAREHOUSE_HOME"])
    text = "".join(path.read_text(errors="replace") for path in logs.rglob("tasks/**/*.log"))
    assert text
    names = {
        row["username"]
        for course, institution in story.world.courses.items()
        for row in story.look.rows(institution, places.latest_dataset(course), "user_info_combo")
    }
    assert names
    assert sorted(name for name in names if name and f'"{name}"' in text) == []
    assert "@example." not in text


def elsewhere(story: Story) -> Iterator[tuple[str, bytes]]:
    """Yield whatever there is but the landing prefix and the deliveries, each with its place."""
    home, archive = Path(story.environment["EDX_WAREHOUSE_HOME"]), story.world.root / "archive"
    # Task logs, and Airflow's database with what tasks handed on and how their fields were rendered.
    yield from (it for it in files(home) if "/tasks/" in it[0] or ".db" in it[0])
    yield from (it for it in files(archive) if "/incoming/" not in it[0])
    for institution, client in story.look.bigquery.items():
        bucket = story.look.storage.bucket(f"{institution.lower()}-data")
        for name in story.look.objects(institution):
            if not name.startswith("hmdc/weekly/"):
                yield name, bucket.blob(name).download_as_bytes(raw_download=True)
        for dataset in client.list_datasets():
            for item in client.list_tables(dataset.reference):
                for row in client.list_rows(item.reference):
                    yield str(item.reference), repr(dict(row)).encode()


def test_what_never_leaves_the_landing_prefix_is_nowhere_else(story: Story) -> None:
    wanted = set(canaries(CONTRACTS).values())
    landed = escaped(wanted, files(story.world.root / "archive"))
    assert len({it for _, it in landed}) >= 10
    places = list(elsewhere(story))
    assert any(".db" in name for name, _ in places)
    assert escaped(wanted, places) == set()
