"""A course's week is put in place as a whole, or not at all."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.seal import SealWeekOperator
from edx_warehouse.operators.tables import BuildTableOperator
from edx_warehouse.operators.week import MakeTablesOperator, PublishWeekOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from fakes.institution import context_of
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

OLD, NEW = date(2014, 11, 9), date(2014, 11, 16)
TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"
INSTITUTION = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///none", ("harvardx",), ("prod",))


def table(name: str, columns: str, sql: str | None = None, *reads: str, **more: Any) -> Table:
    """Declare a table of numbers."""
    fields = tuple(Field(it, "INTEGER", description=f"{it}.") for it in columns.split())
    layer = "secondary" if sql else "transformed"
    partition, cluster = None, ()
    return Table(
        layer, name, f"{name}.", (fields[0].name,), partition, cluster, fields, sql=sql, references=reads, **more
    )


PEOPLE = table("people", "id week")
GRADES = table("grades", "id week")
SCORES = table(
    "scores",
    "id week",
    "SELECT one.id, MAX(one.week * 100 + two.week) AS week FROM transformed.people AS one"
    " INNER JOIN transformed.grades AS two ON one.id = two.id GROUP BY one.id",
    "transformed.grades",
    "transformed.people",
    checks=({"claim": "relationship", "column": "id", "table": "transformed.people", "other": "id"},),
)
LAST = table(
    "last",
    "id week",
    "SELECT it.id, it.week FROM secondary.scores AS it",
    "secondary.scores",
    checks=({"claim": "range", "column": "week", "min": 0, "max": 999},),
)
WEEK_TABLES = ["transformed.people", "transformed.grades", "secondary.scores", "secondary.last"]


class World:
    """One course with four tables, each row of which tells of which weeks it is."""

    def __init__(self, bucket: Bucket, warehouse: Warehouse, catalog: Catalog, course: CourseKey) -> None:
        self.bucket, self.warehouse, self.course = bucket, warehouse, course
        self.catalog = Catalog([PEOPLE, GRADES, SCORES, LAST, catalog["ops.job_history"]])

    def convert(self, week: date, number: int, *names: str) -> None:
        """Put what a conversion makes of a week into the bucket: one row a table, with the week's number."""
        prefix, outputs = places.week_of_course(self.course, week), {}
        for name in names or ("people", "grades"):
            content = gzip.compress(json.dumps({"id": 1, "week": number}).encode() + b"\n", mtime=0)
            self.bucket.put(f"{prefix}transformed/{name}.json.gz", content)
            outputs[f"transformed/{name}.json.gz"] = {"sha256": sha256_of(content), "rows": 1}
        self.bucket.put(prefix + CONVERTED, json.dumps({"outputs": outputs}).encode(), {"sources": str(number)})

    def do(self, operator: type[Any], week: date, **arguments: Any) -> Any:
        """Run a task of a week's run."""
        bucket, warehouse = self.bucket, self.warehouse
        here = {"bucket": lambda _: bucket, "warehouse": lambda _, __: warehouse}
        task = type(operator.__name__, (operator,), here)(
            task_id="task", institution=INSTITUTION, course=self.course, catalog=self.catalog, **arguments
        )
        instance = SimpleNamespace(
            dag_id="course_weekly", task_id="task", try_number=1, xcom_pull=lambda task_ids: {"week": str(week)}
        )
        return task.execute({**context_of(week), "ti": instance})

    def make(self, week: date, *names: str) -> list[str]:
        made = []
        for name in names or WEEK_TABLES:
            made += self.do(MakeTablesOperator, week, tables=[name], converted="convert")["made"]
        return made

    def publish(self, week: date) -> int:
        return int(self.do(PublishWeekOperator, week, tables=WEEK_TABLES, converted="convert")["tables"])

    def seal(self, week: date) -> None:
        asset = Asset(name=f"{self.course.slug}/weekly")
        self.do(SealWeekOperator, week, tables=["secondary.last"], converted="convert", asset=asset)

    def run(self, week: date) -> None:
        self.make(week)
        self.publish(week)
        self.seal(week)

    def served(self) -> dict[str, tuple[int, str]]:
        """Return of each served table the numbers of its weeks, and the week that its label names."""
        dataset = places.latest_dataset(self.course)
        found = {}
        for name, labels in self.warehouse.labels(dataset).items():
            target = self.warehouse.reference(dataset, name)
            [row] = self.warehouse.client.query_and_wait(f"SELECT SUM(it.week) AS week FROM `{target}` AS it")
            found[name] = (row["week"], labels.get("snapshot_date", ""))
        return found

    def latest(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.bucket.read(places.latest(self.course) + "MANIFEST.json") or b"{}")
        return found


def of(number: int, week: date) -> dict[str, tuple[int, str]]:
    """Return what is served when all tables are of one week."""
    numbers = {"people": number, "grades": number, "scores": number * 101, "last": number * 101}
    return {name: (it, str(week)) for name, it in numbers.items()}


@pytest.fixture
def world(bucket: Bucket, warehouse: Warehouse, catalog: Catalog, place: str) -> World:
    made = World(bucket, warehouse, catalog, CourseKey("HarvardX", "switch", place.removeprefix("test_")[:60]))
    made.convert(OLD, 1)
    made.run(OLD)
    made.convert(NEW, 2)
    return made


def test_nothing_of_a_week_is_served_before_all_of_it_is_and_then_every_table_names_it(
    world: World, bigquery_proxy: StrictProxy
) -> None:
    assert world.served() == of(1, OLD)
    assert world.make(NEW) == WEEK_TABLES
    assert world.served() == of(1, OLD)
    bigquery_proxy.forget()
    assert world.publish(NEW) == 4
    assert bigquery_proxy.count("POST", r"/jobs\?") == 1
    assert world.served() == of(2, NEW)
    bigquery_proxy.forget()
    assert (world.make(NEW), world.publish(NEW)) == ([], 0)
    assert bigquery_proxy.count("POST", r"/jobs\?") == 0


def test_a_check_that_fails_at_the_last_table_leaves_every_table_at_the_week_before(world: World) -> None:
    world.convert(NEW, 10)  # 1010 in the last table
    assert world.make(NEW, *WEEK_TABLES[:3]) == WEEK_TABLES[:3]
    for act in (lambda: world.make(NEW, "secondary.last"), lambda: world.publish(NEW)):
        with pytest.raises(Terminal) as refused:
            act()
        assert refused.value.problem.code == "E-CHK-102"
    assert world.served() == of(1, OLD)
    assert world.latest()["week"] == str(OLD)
    world.convert(NEW, 3)  # somebody mended the export
    world.run(NEW)
    assert world.served() == of(3, NEW)


def test_a_switch_that_was_cut_off_between_two_statements_is_finished_by_the_next_try(
    world: World, bigquery_proxy: StrictProxy
) -> None:
    world.make(NEW)
    cut_off, whole = [], world.warehouse.query

    def query(sql: str, parameters: Mapping[str, Any], key: str) -> Any:
        if not key.startswith("switch_"):
            return whole(sql, parameters, key)
        half = ";\n".join(sql.split(";\n")[:2])
        cut_off.append(half)
        whole(half, parameters, f"half_{key}")
        raise ConnectionError

    world.warehouse.query = query  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.publish(NEW)
    world.warehouse.query = whole  # type: ignore[method-assign]
    assert len(cut_off) == 1
    assert len(set(dict(world.served().values()).values())) == 2
    with pytest.raises(AirflowSkipException):  # the week before does not come back meanwhile
        world.publish(OLD)
    assert world.publish(NEW) == 2
    assert world.served() == of(2, NEW)


def test_a_switch_whose_job_is_refused_changes_nothing_and_is_done_by_the_next_try(
    world: World, bigquery_proxy: StrictProxy
) -> None:
    world.make(NEW)
    bigquery_proxy.refuse_job(r"switch_")
    with pytest.raises((Terminal, BadRequest)):
        world.publish(NEW)
    assert world.served() == of(1, OLD)
    bigquery_proxy.forget()
    assert world.publish(NEW) == 4
    assert world.served() == of(2, NEW)


def test_what_was_made_beside_and_is_lost_is_made_again(world: World) -> None:
    world.make(NEW)
    for name in world.warehouse.labels(places.STAGING):
        world.warehouse.drop(world.warehouse.reference(places.STAGING, name))
    assert world.make(NEW, "secondary.last") == ["secondary.last"]
    assert world.publish(NEW) == 4
    assert world.served() == of(2, NEW)


def test_a_build_of_a_day_meanwhile_reads_the_served_week_and_does_not_stay(world: World) -> None:
    world.make(NEW)
    world.catalog = Catalog(
        [it if it.name != "last" else replace(it, description="Mended.") for it in world.catalog.values()]
    )
    world.do(BuildTableOperator, OLD, table="secondary.last")
    assert world.served() == of(1, OLD)
    world.publish(NEW)
    assert world.served() == of(2, NEW)


def test_an_older_week_is_finished_without_files_of_its_own_in_place(world: World) -> None:
    world.run(NEW)
    world.convert(OLD, 5)
    for act in (lambda: world.make(OLD), lambda: world.publish(OLD)):
        with pytest.raises(AirflowSkipException):
            act()
    world.seal(OLD)
    assert world.served() == of(2, NEW)
    assert world.latest()["week"] == str(NEW)


def test_a_table_that_the_week_lacks_goes_with_the_week_that_had_it(world: World, bigquery_proxy: StrictProxy) -> None:
    world.convert(NEW, 2, "people")
    whole = {"people": (2, str(NEW))}
    drop, gone = world.warehouse.drop, world.warehouse.reference(places.latest_dataset(world.course), "scores")

    def cut_off(reference: str) -> None:
        if reference == gone:
            raise ConnectionError
        drop(reference)

    world.warehouse.drop = cut_off  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.publish(NEW)
    world.warehouse.drop = drop  # type: ignore[method-assign]
    assert world.publish(NEW) == 0
    assert world.served() == whole
    world.seal(NEW)
    assert not [it for it in world.latest()["files"] if it["name"].startswith("secondary/")]
    bigquery_proxy.forget()
    world.publish(NEW)
    assert bigquery_proxy.count("DELETE", "/tables/") == 0
    world.convert(NEW, 3)
    world.run(NEW)
    assert world.served() == of(3, NEW)


def test_latest_has_the_files_of_its_week_and_no_others(world: World) -> None:
    raw = f"{places.week_of_course(world.course, OLD)}raw/"
    latest = places.latest(world.course)
    world.bucket.put(f"{raw}teams.csv.gz", b"old")
    world.seal(OLD)
    assert world.bucket.stat(f"{latest}raw/teams.csv.gz")
    world.make(NEW)
    world.publish(NEW)
    before = {it.name: it.sha256 for it in world.bucket.objects(latest)}
    assert world.latest()["week"] == str(OLD)
    world.seal(NEW)
    manifest = world.latest()
    assert (manifest["week"], manifest["folder"]) == (str(NEW), places.week_of_course(world.course, NEW))
    after = {it.name.removeprefix(latest): it.sha256 for it in world.bucket.objects(latest)}
    after.pop("MANIFEST.json")
    assert after == {it["name"]: it["sha256"] for it in manifest["files"]}
    assert {"secondary/last.csv.gz", "transformed/people.json.gz"} <= after.keys()
    assert "raw/teams.csv.gz" not in after
    assert before.keys() - {f"{latest}{it}" for it in after} == {f"{latest}raw/teams.csv.gz", f"{latest}MANIFEST.json"}


def test_tables_with_policy_tags_keep_them_and_are_switched_as_well(
    world: World, bigquery_client: bigquery.Client
) -> None:
    secret = replace(PEOPLE, fields=tuple(replace(it, privacy="restricted") for it in PEOPLE.fields))
    world.catalog = Catalog([secret if it.name == "people" else it for it in world.catalog.values()])
    world.warehouse = Warehouse(bigquery_client, "HarvardX/switch", TAG)
    world.convert(OLD, 4)
    world.run(OLD)
    target = world.warehouse.reference(places.latest_dataset(world.course), "people")
    first = bigquery_client.get_table(target)
    world.run(NEW)
    second = bigquery_client.get_table(target)
    assert (first.created, first.labels["privacy"]) == (second.created, "restricted")
    assert "Digest: " + second.labels["digest"] in (second.description or "")
    assert world.served() == of(2, NEW)
