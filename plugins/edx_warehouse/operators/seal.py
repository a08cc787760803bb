"""Finishing a course's week: secondary files, and the manifest that says it is complete."""

import gzip
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Context
from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.fingerprints import fingerprint_of_csv
from edx_warehouse.hooks.bucket import Bucket, Stored, sha256_of
from edx_warehouse.hooks.jobs import run_job
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.convert import served_week
from edx_warehouse.operators.due import CONVERTED, digest_of
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
            # Not sooner: a try that was cut off left what its job wrote, and the job is not run again.
            bucket.delete([it.name for it in bucket.objects(self._drafts(week))])
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
        bucket.put(prefix + "MANIFEST.json", content, {"sources": converted.metadata["sources"]})
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
        target, served_at = f"{prefix}secondary/{name}.csv.gz", table.labels.get("digest", "")
        existing = bucket.stat(target)
        if not (existing and existing.metadata.get("digest") == served_at):
            self._refresh(warehouse, bucket, table, target, existing)
        exported = bucket.stat(target)
        assert exported is not None
        bucket.copy(exported, f"{places.latest(self.course)}secondary/{name}.csv.gz")

    def _refresh(
        self, warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, existing: Stored | None
    ) -> None:
        """Write a table's file, unless the one that is there has the same content in other bytes or another order."""
        digest = {"digest": table.labels.get("digest", "")}
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "table.csv.gz")
            draft = None
            if table.num_rows:
                draft = self._extract(warehouse, bucket, table, target, existing)
                bucket.download(draft, local)
            else:  # an extract of no rows gives a file here and none there
                header = ",".join(field.name for field in table.schema) + "\n"
                local.write_bytes(gzip.compress(header.encode(), mtime=0))
            content = {"content": _content_of(local), **digest}
            if existing and existing.metadata.get("content") == content["content"]:
                bucket.label(target, {"sha256": existing.sha256, **content})
            elif draft is None:
                bucket.put(target, local, content)
            else:
                bucket.label(draft.name, {"sha256": sha256_of(local), **content})
                labelled = bucket.stat(draft.name)
                assert labelled is not None
                bucket.copy(labelled, target)
                bucket.label(target, {"sha256": labelled.sha256, **labelled.metadata})

    def _drafts(self, week: date) -> str:
        return f"{places.drafts(self.course)}{week}/"

    def _extract(
        self, warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, existing: Stored | None
    ) -> Stored:
        """Let BigQuery write a table's file beside the week; whoever reads weeks never sees it."""
        # What is replaced is part of the key: A, then B, then A again is three effects, and each has its own draft.
        before = f"{existing.generation} {existing.metadata.get('digest', '')}" if existing else "absent"
        key = digest_of([target, table.labels.get("digest", ""), before, table.modified])
        draft = f"{self._drafts(date.fromisoformat(target.split('/')[2]))}{table.table_id}-{key}.csv.gz"
        config = bigquery.ExtractJobConfig(compression="GZIP", destination_format="CSV")
        run_job(
            warehouse.client,
            f"extract_{self.course.slug}_{table.table_id}_{key}",
            warehouse.unit,
            lambda job_id: warehouse.client.extract_table(
                table.reference, bucket.uri(draft), job_id=job_id, job_config=config
            ),
        )
        written = bucket.stat(draft)
        assert written is not None
        return written


def _content_of(path: Path) -> str:
    with gzip.open(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as lines:
        return fingerprint_of_csv(lines)


def _entry(stored: Stored, prefix: str) -> Mapping[str, Any]:
    content = stored.metadata.get("content")
    return {
        "name": stored.name.removeprefix(prefix),
        "bytes": stored.size,
        "sha256": stored.sha256,
        **({"content": content} if content else {}),
    }
