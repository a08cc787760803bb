"""Whatever the order of deliveries, repeated and changed ones among them: the tables by date are those of a clean pass."""

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.pipelines.builds import kept_by_date
from edx_warehouse.sample.world import write_world
from edx_warehouse.tables.catalog import Catalog
from fakes.airflow_runs import AirflowRuns
from fakes.daily_course import DailyCourse
from fakes.institution import log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

type File = tuple[date, str]
type Deliveries = list[list[tuple[File, bytes]]]
"""What comes between one look and the next."""

# Rows are told apart by what they say, not by where they stood in the file that was split.
UNTOLD = frozenset({"source_file", "source_line"})


@pytest.fixture(scope="module")
def course_and_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[CourseKey, dict[File, list[bytes]]]:
    """Three days of one course, each as a file of prod and one of edge; some lines are in both."""
    folder = tmp_path_factory.mktemp("made") / "world"
    world = write_world(folder, courses=2, learners=20, days=3, weeks=1, events_per_day=400)
    course, institution = min(world.courses.items())
    files: dict[File, list[bytes]] = {}
    for it in world.logs:
        if (it.institution, it.site) == (institution, "prod"):
            lines = [line for line in gzip.decompress(it.path.read_bytes()).splitlines() if line.strip()]
            files[it.day, "prod"] = [line for number, line in enumerate(lines) if number % 4]
            files[it.day, "edge"] = [line for number, line in enumerate(lines) if number % 4 < 2]
    return course, files


class Orders:
    """Takes deliveries to their end in a bucket and a project of its own, and tells what came of them."""

    def __init__(
        self, folder: Path, client: storage.Client, url: str, place: str, catalog: Catalog, runs: pytest.MonkeyPatch
    ) -> None:
        self.folder, self.client, self.url, self.place, self.catalog, self.runs = (
            *(folder, client, url, place),
            *(catalog, runs),
        )
        self.stack = ExitStack()
        self.number = 0

    def result(self, course: CourseKey, deliveries: Deliveries) -> dict[str, list[str]]:
        """Return the rows of every table by date, in order."""
        self.number += 1
        options = ClientOptions(api_endpoint=self.url)
        project = f"order-{self.number}"
        client = bigquery.Client(project, AnonymousCredentials(), client_options=options)
        warehouse = Warehouse(self.stack.enter_context(closing(client)), project)
        there = DailyCourse(
            self.folder / project,
            self.client,
            warehouse,
            f"{self.place}_{self.number}",
            self.catalog,
            AirflowRuns(self.runs),
            course,
        )
        for files in deliveries:
            for (day, site), content in files:
                there.deliver(content, day, site)
            bring_up(there)
        found = {it: rows(warehouse, course, it) for it in kept_by_date(self.catalog)}
        assert bring_up(there) == 0
        return found


def bring_up(there: DailyCourse) -> int:
    """Do whatever is due until nothing is; return how many daily runs that took."""
    there.mirror()
    for day in there.due():
        there.split(day)
        there.start_loads(day)
    taken = 0
    while True:
        there.look()
        if not (queued := there.runs.queued(there.dag_id)):
            return taken
        for day in queued:
            there.runs.put(there.dag_id, day, "running")
            there.run(day)
            taken += 1


def rows(warehouse: Warehouse, course: CourseKey, name: str) -> list[str]:
    table = warehouse.find(warehouse.reference(places.latest_dataset(course), name.split(".")[1]))
    if table is None:
        return []
    found = warehouse.client.query_and_wait(f"SELECT * FROM `{table.reference}`")
    return sorted(json.dumps(told(dict(row)), sort_keys=True, default=str) for row in found)


def told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: it for name, it in row.items() if name not in UNTOLD}


@pytest.fixture
def orders(
    tmp_path: Path,
    storage_client: storage.Client,
    storage_proxy: StrictProxy,
    bigquery_proxy: StrictProxy,
    place: str,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Orders]:
    made = Orders(tmp_path, storage_client, bigquery_proxy.url, place, catalog, monkeypatch)
    with made.stack:
        yield made


def shuffled(files: dict[File, list[bytes]], seed: int) -> Deliveries:
    """Return an order in which each file comes at last as it is; some come half before, some come twice."""
    random = Random(seed)  # noqa: S311 - an order, not a secret
    order = list(files)
    random.shuffle(order)
    looks: Deliveries = [[], [], []]
    for file in order:
        whole = log(files[file])
        first = random.randrange(3)
        half = log(files[file][: len(files[file]) // 2]) if first < 2 and random.random() < 0.6 else whole
        looks[first].append((file, half))
        if half != whole or random.random() < 0.4:
            again = whole if half != whole or random.random() < 0.5 else log(files[file], 1)
            looks[min(first + 1, 2)].append((file, again))
    return looks


def test_any_order_of_deliveries_ends_in_the_tables_of_a_clean_pass(
    orders: Orders, course_and_files: tuple[CourseKey, dict[File, list[bytes]]]
) -> None:
    course, files = course_and_files
    clean = orders.result(course, [[(file, log(lines)) for file, lines in sorted(files.items())]])
    assert len([name for name, found in clean.items() if found]) > len(clean) // 2, "too poor to say anything"
    for seed in (1, 2):
        found = orders.result(course, shuffled(files, seed))
        assert {name: it for name, it in found.items() if it != clean[name]} == {}, f"order {seed}"
