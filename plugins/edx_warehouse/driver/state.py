"""What there is: objects and tables of all institutions, so that two looks tell what was made between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Registry
from edx_warehouse.domain.windows import LATEST
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.freshness import Freshness

GCP_CONN_ID = "google_cloud_default"


@dataclass(frozen=True)
class State:
    """Objects by name with their generation, and tables with their digest; each name begins with its institution."""

    objects: dict[str, int]
    tables: dict[str, str]


def connect_buckets(registry: Registry) -> dict[str, Bucket]:
    """Return every institution's bucket by the institution's name."""
    return {it.name: Bucket.connect(it.bucket, GCP_CONN_ID) for it in registry.institutions}


class Clients:
    """The clients of every institution's bucket and project."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.buckets = connect_buckets(registry)
        self.warehouses = {it.name: Warehouse.connect(it.project, GCP_CONN_ID, it.name) for it in registry.institutions}

    def bucket(self, course: Course) -> Bucket:
        """Return the bucket of a course."""
        return self.buckets[course.institution.name]

    def warehouse(self, course: Course) -> Warehouse:
        """Return the project of a course."""
        return self.warehouses[course.institution.name]

    def datasets(self, course: Course) -> list[str]:
        """Return the datasets of a course, whether they are there or not."""
        windows = (LATEST, *self.registry.windows)
        return [places.logs_dataset(course.key), *(places.dataset(course.key, it) for it in windows)]

    def look(self) -> State:
        """Return what there is now; no job is run for it."""
        objects = {bucket.uri(it.name): it.generation for bucket in self.buckets.values() for it in bucket.objects("")}
        tables = {
            self.warehouse(course).reference(dataset, name): labels.get("digest", "")
            for course in self.registry.courses
            for dataset in self.datasets(course)
            for name, labels in self.warehouse(course).labels(dataset).items()
        }
        return State(objects, tables)

    def jobs_since(self, start: datetime) -> int:
        """Return how many BigQuery jobs were begun since a moment, by anyone."""
        return sum(
            1
            for warehouse in self.warehouses.values()
            for _ in warehouse.client.list_jobs(all_users=True, min_creation_time=start)
        )

    def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        client: bigquery.Client = next(iter(self.warehouses.values())).client
        return int(client.get_table(table).num_rows or 0)


@dataclass(frozen=True)
class Result:
    """What a run of the main job made, and what it could not.

    :param tables: table versions that were put in place: name and rows.
    :param held: problems of the units that wait for a person.
    :param failed: Dag runs that failed for another reason: Dag, day, task.
    :param freshness: how fresh each feed is now; what is late there does not change the exit code.
    """

    tables: Sequence[dict[str, Any]]
    objects_written: int
    bigquery_jobs: int
    runs: int
    held: Sequence[dict[str, Any]]
    failed: Sequence[dict[str, Any]]
    freshness: Sequence[Freshness]
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when something failed, 3 when something is held for a person."""
        return 1 if self.failed else 3 if self.held else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the result for machines."""
        return {**vars(self), "freshness": [it.to_dict() for it in self.freshness], "exit_code": self.exit_code}
