"""Pushing finished weeks back to the HMDC archive as BagIt bags (RFC 8493)."""

import hashlib
import json
import tempfile
import uuid
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.due import weeks
from edx_warehouse.operators.roles import InstitutionOperator

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class SnapshotOperator(InstitutionOperator):
    """Write each finished course week that the archive does not hold yet as a bag, whole or not at all.

    A bag that is there is never overwritten: other content for the same week becomes ``<slug>.v2`` and so on.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Push the weeks; return the bags that were written."""
        bucket = self.bucket()
        archive = Archive(self.institution.archive)
        written = []
        for week in weeks(bucket):
            for course in self.courses:
                name = places.week_of_course(course, week) + "MANIFEST.json"
                content = bucket.read(name)
                if content and (bag := self._push(archive, bucket, course, week, json.loads(content))):
                    self.log.info("Archived %s", bag)
                    written.append(bag)
        return {"written": written}

    def _push(
        self, archive: Archive, bucket: Bucket, course: CourseKey, week: date, manifest: dict[str, Any]
    ) -> str | None:
        payload = "".join(f"{it['sha256']}  data/{it['name']}\n" for it in manifest["files"])
        version, bag = 1, archive.path(places.snapshot(week, course))
        while archive.fs.exists(bag):
            if archive.fs.cat_file(f"{bag}/manifest-sha256.txt") == payload.encode():
                return None
            version += 1
            bag = archive.path(f"{places.snapshot(week, course)}.v{version}")
        size = sum(it["bytes"] for it in manifest["files"])
        tags = {
            "bagit.txt": _DECLARATION,
            "bag-info.txt": (
                f"Source-Organization: {self.institution.name}\n"
                f"External-Identifier: {course} {week}\n"
                f"Bagging-Date: {week}\n"
                f"Payload-Oxum: {size}.{len(manifest['files'])}\n"
                f"Internal-Sender-Description: version {version}"
                f"{'' if version == 1 else ': the week was delivered or computed again with other content'}\n"
            ),
            "manifest-sha256.txt": payload,
        }
        tags["tagmanifest-sha256.txt"] = "".join(
            f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in tags.items()
        )
        self._write(archive, bucket, places.week_of_course(course, week), manifest, tags, bag)
        return bag

    def _write(
        self, archive: Archive, bucket: Bucket, prefix: str, manifest: dict[str, Any], tags: dict[str, str], bag: str
    ) -> None:
        # Beside the weeks, under a name that no reader takes for one, until the bag is whole.
        draft = archive.path("snapshots", f".draft-{uuid.uuid4().hex}")
        try:
            with tempfile.TemporaryDirectory() as folder:
                for entry in manifest["files"]:
                    stored = bucket.stat(prefix + entry["name"])
                    local = Path(folder, "file")
                    if stored is None or stored.sha256 != entry["sha256"]:
                        raise self._changed(prefix + entry["name"])
                    bucket.download(stored, local)
                    target = f"{draft}/data/{entry['name']}"
                    archive.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
                    archive.fs.put_file(str(local), target)
                    if archive.sha256(target) != entry["sha256"]:
                        raise self._changed(target)
            for name, text in tags.items():
                archive.fs.pipe_file(f"{draft}/{name}", text.encode())
            archive.fs.makedirs(bag.rsplit("/", 1)[0], exist_ok=True)
            archive.fs.mv(draft, bag, recursive=True)
        finally:
            if archive.fs.exists(draft):
                archive.fs.rm(draft, recursive=True)

    def _changed(self, name: str) -> Transient:
        return Transient(
            Problem(
                code="E-SNP-101",
                unit=self.institution.name,
                file=name,
                expected="the content that the week's manifest names",
                found="other content",
                done="no snapshot was written",
                next="nothing: the task tries again; if it goes on, clear the course's weekly run of that week",
            )
        )
