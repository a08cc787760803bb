"""What must not leave the landing prefix does not, and research gets no names: one course week, from delivery to archive.

A canary stands in each column of the class never, and in a column that nobody has classified.
"""

import gzip
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset
from google.cloud import bigquery, storage
from structlog.testing import capture_logs

from edx_warehouse.domain import places
from edx_warehouse.domain.research import KEYS, ResearchProject
from edx_warehouse.exports.weekly_files import files_of
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.research import BuildResearchOperator
from edx_warehouse.operators.seal import SealWeekOperator
from edx_warehouse.operators.snapshot import SnapshotOperator
from edx_warehouse.operators.week import MakeTablesOperator, PublishWeekOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.pseudonyms import pseudonym
from fakes.institution import DeliveredTo, context_of
from fakes.strict_proxy import StrictProxy
from fakes.weekly_delivery import CONTRACTS, COURSE, WEEK, Delivery, never

pytestmark = pytest.mark.cloud

SECRET, OTHER = "canary-key-of-the-project-0123456789", "canary-another-key-0123456789abcdef"
UNKNOWN = "canaryphonenumber"
PROJECT = ResearchProject(
    "motivation",
    "HarvardX",
    (COURSE,),
    ("secondary.person_course", "secondary.video_stats_day"),
    "edx_warehouse_research_motivation",
)
VALUES = {"INTEGER": "1", "FLOAT": "1", "TIMESTAMP": "2014-09-01 08:00:00", "STRING": "x"}


def canary(contract: str, column: str) -> str:
    return f"canary{contract}{column}value".replace("_", "")


def canaries() -> dict[str, list[str]]:
    """Return the canaries of each table of the export that has a column of the class never."""
    found = {}
    for name, contract in CONTRACTS.by_name.items():
        file = f"{COURSE.file_prefix}-{contract.source}-prod-analytics.sql"
        if never(name) and files_of([file], [COURSE]):
            found[name] = [canary(name, column) for column in never(name)]
    return found


class World:
    """One institution, the tasks of its course's week, and all that these tasks gave away."""

    def __init__(self, there: DeliveredTo, catalog: Catalog) -> None:
        self.there, self.catalog = there, catalog
        self.told: list[str] = []
        self.xcom: dict[str, Any] = {}

    def run(self, operator: type[Any], task_id: str, **arguments: Any) -> Any:
        bucket, warehouse = self.there.bucket, self.there.warehouse

        class Task(operator):  # type: ignore[misc]
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        task = Task(task_id=task_id, institution=self.there.institution, **arguments)
        instance = SimpleNamespace(
            dag_id="course_weekly__x", task_id=task_id, try_number=1, xcom_pull=lambda task_ids: self.xcom[task_ids]
        )
        with capture_logs() as logged:
            result = task.execute({**context_of(WEEK), "ti": instance})
        self.xcom[task_id] = result
        rendered = {name: getattr(task, name) for name in task.template_fields}
        self.told.append(f"{task_id} {json.dumps([result, logged], default=str)} {rendered}")
        return result

    def deliver(self, folder: Path) -> None:
        """Put an export with canaries into the archive."""
        delivery = Delivery(folder)
        for name in canaries():
            for row in delivery.rows.setdefault(name, [self._row(name)]):
                row |= {column: canary(name, column) for column in never(name)}
        delivery.columns["profiles"].append("phone")
        for row in delivery.rows["profiles"]:
            row["phone"] = UNKNOWN
        week = self.there.archive / "incoming/weekly" / str(WEEK)
        week.mkdir(parents=True)
        for name in delivery.rows:
            source = CONTRACTS.by_name[name].source
            (week / f"{COURSE.file_prefix}-{source}-prod-analytics.sql").write_bytes(delivery.bytes_of(name))
        structure = week / f"{COURSE.file_prefix}-course_structure-prod-analytics.json"
        structure.write_bytes(delivery.contents["course_structure"])

    def _row(self, name: str) -> dict[str, str | None]:
        columns = CONTRACTS.by_name[name].columns
        return {it.name: str(COURSE) if it.name == "course_id" else VALUES.get(it.type) for it in columns}

    def tell(self) -> None:
        """Run the course's week: convert, load, build two tables, seal, and push it to the archive."""
        place: dict[str, Any] = {"course": COURSE}
        self.there.mirror("weekly")
        self.run(ConvertWeekOperator, "convert_export", contracts=CONTRACTS, **place)
        of_week: dict[str, Any] = {"converted": "convert_export", "catalog": self.catalog}
        tables = [f"transformed.{it}" for it in ("user_info_combo", "studentmodule", "course_axis")]
        tables.append("secondary.person_course")
        self.run(MakeTablesOperator, "make_tables", tables=tables, **of_week, **place)
        self.run(PublishWeekOperator, "publish_tables", tables=tables, **of_week, **place)
        arguments = {"tables": tables[-1:], **of_week}
        self.run(SealWeekOperator, "seal_week", asset=Asset(name=f"{COURSE.slug}/weekly"), **arguments, **place)
        written = self.run(SnapshotOperator, "push_snapshots", courses=[COURSE])
        assert len(written["written"]) == 1

    def research(self) -> list[str]:
        """Run the task of the research project; return the tables that it made, without their project."""
        made = self.run(BuildResearchOperator, "build_motivation", project=PROJECT, catalog=self.catalog)["made"]
        return [it.split(".", 1)[1] for it in made]

    def rows(self, dataset: str, table: str) -> list[dict[str, Any]]:
        client = self.there.warehouse.client
        return [dict(it) for it in client.list_rows(client.get_table(self.there.warehouse.reference(dataset, table)))]


@pytest.fixture(scope="module")
def secrets() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def keep(patch: pytest.MonkeyPatch, key: str) -> None:
    connection = json.dumps({"conn_type": "generic", "password": key})
    patch.setenv("AIRFLOW_CONN_EDX_WAREHOUSE_RESEARCH_MOTIVATION", connection)


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    proxies: tuple[StrictProxy, StrictProxy],
    storage_client: storage.Client,
    bigquery_client: bigquery.Client,
    catalog: Catalog,
    secrets: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Return the week as it was told once for all tests of this file, research included."""
    warehouse = Warehouse(bigquery_client, f"{COURSE} {WEEK}")
    there = DeliveredTo(tmp_path_factory.mktemp("world"), storage_client, warehouse, "HarvardX")
    world = World(there, catalog)
    log = io.StringIO()
    handler, root = logging.StreamHandler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    keep(secrets, SECRET)
    try:
        world.deliver(tmp_path_factory.mktemp("delivery"))
        world.tell()
        fill_video_stats(world)
        proxies[1].forget()
        world.xcom["first research"] = world.research()
        proxies[1].forget()
        world.xcom["again"] = world.research()
        world.xcom["jobs again"] = proxies[1].count("POST", r"/jobs\b")
        keep(secrets, OTHER)
        world.xcom["with another key"] = world.research()
        world.told.append(log.getvalue())
        yield world
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def fill_video_stats(world: World) -> None:
    """Let a person of the course and somebody whom its lists do not know have watched a video."""
    warehouse, table = world.there.warehouse, world.catalog["secondary.video_stats_day"]
    target = warehouse.reference(places.latest_dataset(COURSE), table.name)
    warehouse.create(table, target)
    values = ", ".join(f"('{COURSE}', DATE '2014-11-10', '{it}', 'v1', 1.5, 9.5)" for it in ("ada", "ghost"))
    names = ", ".join(it.name for it in table.fields)
    warehouse.client.query_and_wait(f"INSERT INTO `{target}` ({names}) VALUES {values}")
    served = warehouse.client.get_table(target)
    served.labels = {"digest": "d1"}
    warehouse.client.update_table(served, ["labels"])


def objects(world: World) -> Iterator[tuple[str, bytes]]:
    bucket = world.there.bucket
    for stored in bucket.objects(""):
        content = bucket.read(stored.name) or b""
        yield stored.name, (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)


def elsewhere(world: World) -> Iterator[tuple[str, bytes]]:
    """Yield what a canary must not be in, each with its place: all but the landing prefix and the deliveries."""
    yield from ((name, content) for name, content in objects(world) if not name.startswith("hmdc/weekly/"))
    client = world.there.warehouse.client
    for dataset in client.list_datasets():
        for item in client.list_tables(dataset.reference):
            table = client.get_table(item.reference)
            yield f"{table}", json.dumps(table.to_api_repr(), default=str).encode()
            for row in client.list_rows(table):
                yield f"{table}", repr(dict(row)).encode()
    for job in client.list_jobs(all_users=True):
        yield f"job {job.job_id}", json.dumps(job.to_api_repr(), default=str).encode()
    for path in world.there.archive.rglob("*"):
        if path.is_file() and not path.is_relative_to(world.there.archive / "incoming"):
            content = path.read_bytes()
            yield str(path), (gzip.decompress(content) if path.suffix == ".gz" else content)
    yield from (("log, XCom or rendered field", text.encode()) for text in world.told)


def test_a_canary_of_each_column_that_never_leaves_is_in_the_landing_prefix_and_nowhere_else(world: World) -> None:
    landed = b"".join(content for name, content in objects(world) if name.startswith("hmdc/weekly/")).decode()
    every = [UNKNOWN, *(it for names in canaries().values() for it in names)]
    assert {"users", "profiles", "certificates"} <= canaries().keys()
    assert [it for it in every if it not in landed] == []
    places_of = list(elsewhere(world))
    found = {(place, it) for place, content in places_of for it in every if it.encode() in content}
    assert found == set()
    # What may be loaded is found by the same search: in objects, in tables and in the archive.
    mail = " ".join(place for place, content in places_of if b"ada@example.com" in content)
    assert all(it in mail for it in (f"{COURSE.slug}/weekly/", f"{COURSE.slug}_latest.user_info_combo", "/snapshots/"))


def test_a_column_that_nobody_classified_is_told_by_its_name(world: World) -> None:
    converted = json.loads(world.there.bucket.read(places.week_of_course(COURSE, WEEK) + "converted.json") or b"")
    assert "phone" in json.dumps(converted)
    assert "phone" in "".join(world.told)


def test_the_key_of_a_project_is_nowhere(world: World) -> None:
    found = {place for place, content in elsewhere(world) if b"canary-" in content}
    assert found == set()


def test_research_knows_people_by_the_pseudonyms_of_its_key(world: World) -> None:
    people = {it["user_id"]: it["pseudonym"] for it in world.rows(KEYS, PROJECT.pseudonyms(COURSE))}
    assert people == {n: pseudonym(OTHER.encode(), "motivation", n) for n in (5, 12, 99)}
    source = {it["user_id"]: it for it in world.rows(places.latest_dataset(COURSE), "person_course")}
    research = {it["pseudonym"]: it for it in world.rows(PROJECT.dataset(COURSE), "person_course")}
    assert research.keys() == {people[n] for n in source}
    assert research[people[5]]["grade"] == source[5]["grade"]
    assert not {"user_id", "username", "YoB", "email_domain"} & research[people[5]].keys()


def test_people_whom_the_course_does_not_know_are_left_out_and_counted(world: World) -> None:
    ada = pseudonym(OTHER.encode(), "motivation", 5)
    assert [it["pseudonym"] for it in world.rows(PROJECT.dataset(COURSE), "video_stats_day")] == [ada]
    [told, *_] = [
        {it["name"]: it["value"] for it in row["debug"]}
        for row in world.rows(places.OPS, "job_history")
        if row["target"].endswith("research_motivation.video_stats_day")
    ]
    assert told == {"rows_left_out": "1"}


def test_research_tables_are_made_once_and_again_with_another_key(world: World) -> None:
    every = [
        f"{KEYS}.{PROJECT.pseudonyms(COURSE)}",
        f"{PROJECT.dataset(COURSE)}.person_course",
        f"{PROJECT.dataset(COURSE)}.video_stats_day",
    ]
    assert world.xcom["first research"] == every
    assert (world.xcom["again"], world.xcom["jobs again"]) == ([], 0)
    assert world.xcom["with another key"] == every


def test_pseudonyms_are_in_no_object(world: World) -> None:
    known = pseudonym(OTHER.encode(), "motivation", 5).encode()
    assert [name for name, content in objects(world) if known in content] == []


def test_a_course_without_a_week_is_left_for_later(world: World) -> None:
    other = replace(PROJECT, courses=(replace(COURSE, run="2015_T1"),))
    assert world.run(BuildResearchOperator, "build_other", project=other, catalog=world.catalog) == {"made": []}


def test_who_may_read_a_whole_project_may_not_read_what_is_private(warehouse: Warehouse, place: str) -> None:
    dataset = bigquery.Dataset(f"{warehouse.project}.{place}")
    groups = (("OWNER", "projectOwners"), ("READER", "projectReaders"))
    dataset.access_entries = [bigquery.AccessEntry(role, "specialGroup", group) for role, group in groups]
    assert {it.entity_id for it in warehouse.client.create_dataset(dataset).access_entries} >= {"projectReaders"}
    warehouse.ensure_private_dataset(place, "Private.")
    left = {it.entity_id for it in warehouse.client.get_dataset(dataset.reference).access_entries}
    assert "projectOwners" in left
    assert "projectReaders" not in left
