"""An institution on the emulators: an archive on disk, a bucket of its own, and the tasks that work between them."""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from airflow.sdk import Asset
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import due
from edx_warehouse.operators.mirror import MirrorOperator
from edx_warehouse.operators.split import SplitLogsOperator

DAY = date(2014, 11, 10)
CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
PH525 = CourseKey("HarvardX", "PH525x", "1T2014")


def event(n: int, course: CourseKey | str = CS50, day: date = DAY) -> bytes:
    """Return a line of a tracking log, the n-th of its day."""
    document = {
        "time": f"{day}T12:00:{n % 60:02}.{n:06}+00:00",
        "username": "ada",
        "event_type": "play_video",
        "event_source": "browser",
        "event": "{}",
        "context": {"course_id": str(course), "user_id": 7},
    }
    return json.dumps(document).encode()


def log(lines: Sequence[bytes], level: int = 9) -> bytes:
    """Return a log file of these lines."""
    return gzip.compress(b"".join(line + b"\n" for line in lines), level, mtime=0)


class DeliveredTo:
    """One institution with its archive, its bucket and its courses."""

    def __init__(self, folder: Path, client: storage.Client, warehouse: Warehouse, name: str) -> None:
        name = name.strip("_")
        self.archive, self.warehouse = folder / "archive", warehouse
        self.courses = [CS50]
        bucket = f"b{hashlib.sha256(name.encode()).hexdigest()[:20]}"
        client.create_bucket(bucket)
        self.bucket = Bucket(client, bucket)
        archive = f"file://{self.archive}"
        self.institution = Institution(name, warehouse.project, bucket, archive, ("harvardx",), ("prod",))

    def deliver(self, content: bytes, day: date = DAY, site: str = "prod", folder: str = ".") -> Path:
        """Put a log file into the archive."""
        path = self.archive / "incoming/logs" / folder / f"harvardx-{site}-events-{day}.log.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def task(self, operator: type[Any], **arguments: Any) -> Any:
        """Return a task that has this institution's clients instead of a connection's."""
        bucket, warehouse = self.bucket, self.warehouse

        class Task(operator):  # type: ignore[misc]
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        return Task(task_id="task", institution=self.institution, **arguments)

    def mirror(self, feed: str = "logs", settle_seconds: float = 0) -> dict[str, Any]:
        """Run the mirror's task for a feed."""
        return dict(self.task(MirrorOperator, feed=feed, settle_seconds=settle_seconds).execute({}))

    def split(self, day: date = DAY) -> dict[str, Any]:
        """Run the task that splits a day."""
        assets = {course: Asset(name=f"{self.institution.name}/{course.slug}") for course in self.courses}
        task = self.task(SplitLogsOperator, courses=self.courses, assets=assets)
        return dict(task.execute(context_of(day)))

    def due(self, launches: Mapping[CourseKey, date] | None = None) -> list[date]:
        """Return the log days that are due."""
        return due.due_days(self.bucket, self.courses, launches)

    def rows(self, course: CourseKey = CS50, day: date = DAY) -> int:
        """Return how many rows a course's part of a day has."""
        return len(gzip.decompress(self.bucket.read(places.log_part(course, day)) or b"").splitlines())

    def generations(self, prefix: str = "") -> dict[str, int]:
        """Return the objects there are, and which write made each."""
        return {it.name: it.generation for it in self.bucket.objects(prefix)}

    def history(self) -> list[dict[str, Any]]:
        """Return the recorded splits of this institution, oldest first."""
        table = self.warehouse.reference(places.OPS, "split_history")
        if "split_history" not in self.warehouse.labels(places.OPS):
            return []
        found = [dict(row) for row in self.warehouse.client.list_rows(self.warehouse.client.get_table(table))]
        mine = [row for row in found if row["institution"] == self.institution.name]
        return sorted(mine, key=lambda row: (row["recorded"], row["file"]))

    def surroundings(
        self, folder: Path, set_variable: Callable[[str, str], None], url: str, bigquery: str = "", **more: str
    ) -> None:
        """Make an environment in which commands find this institution, as HarvardX, behind addresses of the services."""
        registry = {
            "institutions": {
                "HarvardX": {
                    "project": self.warehouse.project,
                    "bucket": self.bucket.name,
                    "archive": self.institution.archive,
                    "log_prefixes": ["harvardx"],
                }
            },
            "courses": [{"course_id": str(CS50), "institution": "HarvardX"}],
        }
        dates = "".join(f"    {name}: {value}\n" for name, value in more.items())
        text = yaml.safe_dump(registry).replace("  HarvardX:\n", f"  HarvardX:\n{dates}")
        (folder / "registry.yaml").write_text(text)
        set_variable("EDX_WAREHOUSE_HOME", str(folder / "home"))
        set_variable("EDX_WAREHOUSE_REGISTRY", str(folder / "registry.yaml"))
        set_variable("STORAGE_EMULATOR_HOST", url)
        if bigquery:
            set_variable("BIGQUERY_EMULATOR_HOST", bigquery)
        extra = {"is_anonymous": True, "project": self.warehouse.project}
        connection = {"conn_type": "google_cloud_platform", "extra": extra}
        set_variable("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))


def context_of(day: date) -> dict[str, Any]:
    """Return a task's context in the run of a day."""
    partitions = SimpleNamespace(add_partitions=lambda _: None)
    return {
        "dag_run": SimpleNamespace(
            logical_date=midnight(day), dag_id="split_logs__x", run_id=f"delivery__{day}", conf={}
        ),
        "outlet_events": defaultdict(lambda: partitions),
    }
