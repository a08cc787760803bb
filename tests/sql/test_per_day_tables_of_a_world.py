"""Every table of days or persons of a poisoned and shuffled world, made by its query, has the oracle's rows wholly."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.cloud import bigquery

import oracle
from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import convert
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.exports.weekly_files import files_of
from edx_warehouse.sample.world import World, write_world
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import LOGS, PARAMETERS, Table
from edx_warehouse.tables.references import bind, union_of_days
from edx_warehouse.tables.seeds import seed_rows
from oracle_days import tables_of_days
from oracle_differences import differences
from oracle_week import OF_PERSONS, tables_of_week

pytestmark = pytest.mark.cloud

DATASET = "world"
INCLUDE = Path(__file__).resolve().parents[2] / "include"
UNTOLD = {"secondary.ora_events_day"}  # nobody in the sample world's logs writes an open response
TABLES = sorted(f"secondary.{name}" for name in [*tables_of_days([]), *OF_PERSONS])
TRANSFORMED = ("forum", "studentmodule", "user_info_combo")


@dataclass(frozen=True)
class Course:
    """A course's log days in the warehouse, with the dates of each day's events, and the oracle's rows."""

    key: CourseKey
    days: Mapping[date, list[date]]
    expected: Mapping[str, list[dict[str, Any]]]

    @property
    def dates(self) -> list[date]:
        return sorted({it for dates in self.days.values() for it in dates})


class Maker:
    """Makes the tables of days of one course with the queries as they are."""

    def __init__(self, warehouse: bigquery.Client, catalog: Catalog, course: Course) -> None:
        self.warehouse = warehouse
        self.catalog = catalog
        self.course = course
        self.place = f"{warehouse.project}.{DATASET}.{course.key.slug}__"

    def make(self, names: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of some tables, which are made in the order of their inputs."""
        return {name: self.rows(self.catalog[name]) for name in self.catalog.order(names)}

    def rows(self, table: Table) -> list[dict[str, Any]]:
        if not table.is_kept_by_date:
            return self.some_rows(table, [])
        # Of two neighbouring dates each is made without the other, so that whoever looks back has to do it himself.
        return self.some_rows(table, self.course.dates[::2]) + self.some_rows(table, self.course.dates[1::2])

    def some_rows(self, table: Table, dates: list[date]) -> list[dict[str, Any]]:
        read = {it - timedelta(days=back) for it in dates for back in range(table.look_back + 1)}
        days = [day for day, held in self.course.days.items() if read & {*held}]
        targets = {name: f"`{self.place}{name.split('.')[1]}`" for name in table.references}
        if LOGS in targets:
            targets[LOGS] = union_of_days([self.place + places.day_table(day) for day in days])
        values: dict[str, Any] = {"course_id": str(self.course.key), "event_dates": dates, "until": date.max}
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ArrayQueryParameter(name, "DATE", values[name])
                if PARAMETERS[name].startswith("ARRAY")
                else bigquery.ScalarQueryParameter(name, PARAMETERS[name], values[name])
                for name in table.parameters
            ]
        )
        result = self.warehouse.query_and_wait(bind(table.sql or "", targets), job_config=config)
        rows = [dict(row) for row in result]
        if any(table.reference in self.catalog.inputs(name) for name in TABLES if name in self.catalog):
            self.keep(table, rows)
        return rows

    def keep(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Put rows where the queries of other tables read them."""
        target = bigquery.Table(self.place + table.name, [column(it) for it in table.fields])
        self.warehouse.create_table(target, exists_ok=True)
        if rows:
            assert self.warehouse.insert_rows(target, rows) == []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A poisoned world whose files were delivered with their lines in another order."""
    made = write_world(tmp_path_factory.mktemp("made") / "world", courses=3, learners=30, days=4, weeks=1, poison=True)
    random = Random(7)  # noqa: S311 - an invented world, not a secret
    for log in made.logs:
        if made.poison and log.path != made.poison.broken_log:
            lines = gzip.decompress(log.path.read_bytes()).splitlines(keepends=True)
            random.shuffle(lines)
            log.path.write_bytes(gzip.compress(b"".join(lines), mtime=0))
    return made


@pytest.fixture(scope="module")
def courses(
    world: World, warehouse: bigquery.Client, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> list[Course]:
    """The last course of each institution: one is written with slashes, the other is not."""
    warehouse.create_dataset(DATASET)
    out = tmp_path_factory.mktemp("split")
    found = []
    for institution in world.institutions:
        keys = sorted(key for key, owner in world.courses.items() if owner == institution)
        poison = world.poison
        assert poison is not None
        expected = oracle.count(
            world.root / "archive" / institution,
            [str(key) for key in keys],
            skip_weeks=[(str(poison.spoilt_course), str(poison.spoilt_week))],
        )["days"]
        key, days = keys[-1], dict[date, list[date]]()
        for day in world.days:
            sources = [it.path for it in world.logs if (it.institution, it.day) == (institution, day)]
            try:
                manifest = split(sources, keys, out, day=day)
            except Held:
                assert (institution, day) == (poison.broken_institution, poison.broken_day)
                continue
            days[day] = [date.fromisoformat(it) for it in manifest.courses[-1].event_dates]
            load(warehouse, catalog[LOGS], out / places.log_part(key, day), f"{key.slug}__{places.day_table(day)}")
        week = world.weeks[-1]
        assert (key, week) != (poison.spoilt_course, poison.spoilt_week)
        folder = world.root / "archive" / institution / "incoming/weekly" / str(week)
        load_week(warehouse, catalog, key, week, folder, out / f"week-{key.slug}")
        rows = expected[str(key)]
        found.append(Course(key, days, rows | tables_of_week(folder, str(key), rows["course_modal_ip"])))
    return found


def load_week(
    warehouse: bigquery.Client, catalog: Catalog, course: CourseKey, week: date, folder: Path, out: Path
) -> None:
    """Load what the tables of persons read beside the logs: a course's export, and what all courses share."""
    names = {path.name: path for path in folder.rglob("*") if path.is_file()}
    files = {table: names[name] for table, name in files_of(names, [course])[course].items()}
    convert(files, course, week, Contracts.read(INCLUDE), out)
    for name in TRANSFORMED:
        load(warehouse, catalog[f"transformed.{name}"], out / f"transformed/{name}.json.gz", f"{course.slug}__{name}")
    for table in (it for it in catalog.values() if it.seed):
        assert table.seed is not None
        part = out / f"{table.name}.json.gz"
        part.write_bytes(gzip.compress(b"".join(seed_rows(table.seed, table.fields)), mtime=0))
        load(warehouse, table, part, f"{course.slug}__{table.name}")


def load(warehouse: bigquery.Client, table: Table, part: Path, name: str) -> None:
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=[column(it) for it in table.fields])
    with gzip.open(part) as content:
        warehouse.load_table_from_file(content, f"{DATASET}.{name}", job_config=config).result()


def column(field: Any) -> bigquery.SchemaField:
    return bigquery.SchemaField(field.name, field.type, field.mode, fields=[column(it) for it in field.fields])


@pytest.fixture(scope="module")
def made(warehouse: bigquery.Client, catalog: Catalog, courses: list[Course]) -> list[dict[str, list[dict[str, Any]]]]:
    there = [name for name in TABLES if name in catalog]
    return [Maker(warehouse, catalog, course).make(there) for course in courses]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_days_or_persons_has_the_rows_of_the_oracle(
    name: str, catalog: Catalog, courses: list[Course], made: list[dict[str, list[dict[str, Any]]]]
) -> None:
    table = catalog[name]
    assert any(course.expected[table.name] for course in courses), "the world is too poor to say anything"
    wrong = []
    for course, rows in zip(courses, made, strict=True):
        wrong += differences(table.name, table.grain, course.expected[table.name], rows[name])
    assert wrong == []


def test_the_oracle_knows_every_table_that_is_kept_by_date(catalog: Catalog) -> None:
    assert {name for name, table in catalog.items() if table.is_kept_by_date} - set(TABLES) == UNTOLD
