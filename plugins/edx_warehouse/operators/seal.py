"""Finishing a course's week: secondary files, ``latest/``, and the manifest that says it is complete."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Asset, Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.secondary_files import export_table
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS
from edx_warehouse.operators.week import WeekOperator, shown_week


class SealWeekOperator(WeekOperator):
    """Write the secondary files of a course's newest week, make the week ``latest/``, and write its MANIFEST.json.

    An older week, which was converted after a newer one, has no secondary files: the tables were never at it.

    :param tables: references of the secondary tables that become ``secondary/<table>.csv.gz``.
    :param asset: its partition ``<week>`` is complete afterwards.
    """

    def __init__(self, *, tables: list[str], asset: Asset, **kwargs: Any) -> None:
        super().__init__(outlets=[asset], **kwargs)
        self.tables = tables
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        """Export what changed; return the number of files of the week."""
        week = self.week(context)
        tables, prefix = self.course_tables(str(week)), places.week_of_course(self.course, week)
        bucket = tables.bucket
        newest = shown_week(tables) <= str(week)
        if newest:
            for reference in self.tables:
                self._export(tables.warehouse, bucket, reference, prefix)
            refresh_latest(bucket, self.course, week)
        converted = bucket.stat(prefix + CONVERTED)
        assert converted is not None
        files = _files(bucket, prefix)
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
        export_table(warehouse, bucket, table, f"{prefix}secondary/{name}.csv.gz", self.course)


def refresh_latest(bucket: Bucket, course: CourseKey, week: date) -> None:
    """Make a week ``latest/``: copies of all its files and of no others, and the manifest that says whose they are.

    The manifest switches: it names the folder of the week, whose files stay as they are. A file that the week lacks goes
    when no manifest names it any more.
    """
    latest, prefix = places.latest(course), places.week_of_course(course, week)
    files = _files(bucket, prefix)
    for it in files:
        bucket.copy(it, latest + it.name.removeprefix(prefix))
    entries = [{"name": it.name.removeprefix(prefix), "bytes": it.size, "sha256": it.sha256} for it in files]
    manifest = {"week": str(week), "folder": prefix, "files": entries}
    bucket.put(latest + "MANIFEST.json", json.dumps(manifest, indent=1).encode())
    named = {latest + it.name.removeprefix(prefix) for it in files}
    bucket.delete(it.name for it in _files(bucket, latest) if it.name not in named)


def _files(bucket: Bucket, prefix: str) -> list[Stored]:
    """Return the files of a week, which are in folders; what is beside them is ours."""
    return [it for it in bucket.objects(prefix) if "/" in it.name.removeprefix(prefix)]


def _entry(stored: Stored, prefix: str) -> Mapping[str, Any]:
    content = stored.metadata.get("content")
    return {
        "name": stored.name.removeprefix(prefix),
        "bytes": stored.size,
        "sha256": stored.sha256,
        **({"content": content} if content else {}),
    }
