"""Finishing a course's week: secondary files, and the manifest that says it is complete."""

import gzip
import json
from datetime import date
from itertools import count
from typing import Any

from airflow.sdk import Asset, Context
from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.bucket import Bucket, Stored, sha256_of
from edx_warehouse.hooks.jobs import run_job
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.convert import CONVERTED, served_week
from edx_warehouse.operators.due import digest_of
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS_CONVERTED
from edx_warehouse.operators.tables import CourseTableOperator


class SealWeekOperator(CourseTableOperator):
    """Write the secondary files of a course's newest week and then its MANIFEST.json.

    An older week, which was converted after a newer one, has no secondary files: the tables were never at it.

    :param tables: references of the secondary tables that become ``secondary/<table>.csv.gz``.
    :param converted: id of the task that converted the week.
    :param asset: its partition ``<week>`` is complete afterwards.
    """

    def __init__(self, *, tables: list[str], converted: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(outlets=[asset], **kwargs)
        self.tables = tables
        self.converted = converted
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        """Export what changed; return the number of files of the week."""
        result = context["ti"].xcom_pull(task_ids=self.converted)
        week = date.fromisoformat(result["week"])
        bucket, warehouse = self.bucket(), self.warehouse(str(week))
        prefix = places.week_of_course(self.course, week)
        newest = served_week(bucket, self.course) == str(week)
        if newest:
            for reference in self.tables:
                self._export(warehouse, bucket, reference, prefix)
        converted = bucket.stat(prefix + CONVERTED)
        assert converted is not None
        files = [it for it in bucket.objects(prefix) if it.name.removeprefix(prefix).count("/")]
        manifest = {
            "course_id": str(self.course),
            "week": str(week),
            "newest_when_sealed": newest,
            "files": [{"name": it.name.removeprefix(prefix), "bytes": it.size, "sha256": it.sha256} for it in files],
        }
        content = json.dumps(manifest, indent=1).encode()
        surveys = bucket.stat(prefix + SURVEYS_CONVERTED)
        digests = {"surveys": surveys.metadata["surveys"]} if surveys else {}
        bucket.put(prefix + "MANIFEST.json", content, {"sources": converted.metadata["sources"], **digests})
        context["outlet_events"][self.asset].add_partitions(str(week))
        context["outlet_events"][self.asset].extra = {"files": len(files), "snapshot_date": str(week)}
        return {"week": str(week), "files": len(files)}

    def _export(self, warehouse: Warehouse, bucket: Bucket, reference: str, prefix: str) -> None:
        name = reference.split(".")[1]
        source = warehouse.reference(places.latest_dataset(self.course), name)
        table = warehouse.find(source)
        if table is None:
            self.log.warning("%s is not there yet: no secondary file of it this week", source)
            return
        exported = export_table(warehouse, bucket, table, f"{prefix}secondary/{name}.csv.gz", self.course)
        bucket.copy(exported, f"{places.latest(self.course)}secondary/{name}.csv.gz")


def export_table(warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, course: CourseKey) -> Stored:
    """Write a table to an object as CSV unless it is there as it is served; return the object."""
    served_at = table.labels.get("digest", "")
    existing = bucket.stat(target)
    if not (existing and existing.metadata.get("digest") == served_at):
        _extract(warehouse, bucket, table, target, course, existing.generation if existing else 0)
    exported = bucket.stat(target)
    assert exported is not None
    return exported


def _extract(
    warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, course: CourseKey, generation: int
) -> None:
    digest = table.labels.get("digest", "")
    if not table.num_rows:  # an extract of no rows gives a file here and none there
        header = ",".join(field.name for field in table.schema) + "\n"
        bucket.put(target, gzip.compress(header.encode(), mtime=0), {"digest": digest})
        return
    config = bigquery.ExtractJobConfig(compression="GZIP", destination_format="CSV")
    key = f"extract_{course.slug}_{table.table_id}_{digest_of([target, digest, generation])}"
    for again in count():
        run_job(
            warehouse.client,
            f"{key}_{again}" if again else key,
            warehouse.unit,
            lambda job_id: warehouse.client.extract_table(
                table.reference, bucket.uri(target), job_id=job_id, job_config=config
            ),
        )
        if bucket.stat(target):  # else the job is one of an earlier time, and its file was removed since
            break
    bucket.label(target, {"sha256": sha256_of(bucket.read(target) or b""), "digest": digest})
