"""Served tables as files: CSV beside the converted tables, of a week or a window."""

import gzip
import io
import tempfile
from itertools import count
from pathlib import Path

from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.fingerprints import fingerprint_of_csv
from edx_warehouse.hooks.bucket import Bucket, Stored, sha256_of
from edx_warehouse.hooks.jobs import run_job
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import digest_of


def export_table(warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, course: CourseKey) -> Stored:
    """Write a table to an object as CSV unless it is there as it is served; return the object.

    A file that has the same content in other bytes or another order stays as it is.
    """
    existing = bucket.stat(target)
    if not (existing and existing.metadata.get("digest") == table.labels.get("digest", "")):
        drafts = f"{places.drafts(course)}{digest_of([target])}/"
        _refresh(warehouse, bucket, table, target, existing, drafts)
        # Not sooner: a try that was cut off left what its job wrote, and the job is not run again.
        bucket.delete([it.name for it in bucket.objects(drafts)])
    exported = bucket.stat(target)
    assert exported is not None
    return exported


def _refresh(
    warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, existing: Stored | None, drafts: str
) -> None:
    digest = {"digest": table.labels.get("digest", "")}
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "table.csv.gz")
        draft = None
        if table.num_rows:
            draft = _extract(warehouse, bucket, table, target, existing, drafts)
            bucket.download(draft, local)
        else:  # an extract of no rows gives a file here and none there
            header = ",".join(field.name for field in table.schema) + "\n"
            local.write_bytes(gzip.compress(header.encode(), mtime=0))
        content = {"content": _content_of(local), **digest}
        if existing and existing.metadata.get("content") == content["content"]:
            bucket.label(existing, {"sha256": existing.sha256, **content})
        elif draft is None:
            bucket.put(target, local, content)
        else:
            labelled = bucket.label(draft, {"sha256": sha256_of(local), **content})
            bucket.copy(labelled, target)
            copied = bucket.stat(target)
            assert copied is not None
            bucket.label(copied, {"sha256": labelled.sha256, **labelled.metadata})


def _extract(
    warehouse: Warehouse, bucket: Bucket, table: bigquery.Table, target: str, existing: Stored | None, drafts: str
) -> Stored:
    """Let BigQuery write a table's file beside the others; whoever reads them never sees it."""
    # What is replaced is part of the key: A, then B, then A again is three effects, and each has its own draft.
    before = f"{existing.generation} {existing.metadata.get('digest', '')}" if existing else "absent"
    key = digest_of([target, table.labels.get("digest", ""), before, table.modified])
    draft = f"{drafts}{key}.csv.gz"
    config = bigquery.ExtractJobConfig(compression="GZIP", destination_format="CSV")
    for again in count():
        run_job(
            warehouse.client,
            f"extract_{table.dataset_id}_{table.table_id}_{key}{f'_{again}' if again else ''}",
            warehouse.unit,
            lambda job_id: warehouse.client.extract_table(
                table.reference, bucket.uri(draft), job_id=job_id, job_config=config
            ),
        )
        if written := bucket.stat(draft):  # else the job is one of an earlier time, and its file was removed since
            return written
    raise AssertionError("count ends never")


def _content_of(path: Path) -> str:
    with gzip.open(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as lines:
        return fingerprint_of_csv(lines)
