"""Finishing a course's week: secondary files, and the manifest that says it is complete."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Asset, Context

from edx_warehouse.domain import places
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.convert import served_week
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.secondary_files import export_table
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS
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
            "sources": converted.metadata["sources"],
            "delivery": converted.metadata.get("delivery", ""),
            "files": [_entry(it, prefix) for it in files],
        }
        content = json.dumps(manifest, indent=1).encode()
        surveys = bucket.stat(prefix + SURVEYS)
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


def _entry(stored: Stored, prefix: str) -> Mapping[str, Any]:
    content = stored.metadata.get("content")
    return {
        "name": stored.name.removeprefix(prefix),
        "bytes": stored.size,
        "sha256": stored.sha256,
        **({"content": content} if content else {}),
    }
