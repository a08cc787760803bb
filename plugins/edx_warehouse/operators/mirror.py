"""Copying new deliveries from the HMDC archive to the bucket."""

import json
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.hooks.archive import Archive, ArchiveFile
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.roles import InstitutionOperator


class MirrorOperator(InstitutionOperator):
    """Copy what is new or changed in one feed of an institution's archive; manifests come last.

    A file is read again when anything about it changed (size, times, inode), and written again only when its
    content did. What is gone from the archive stays in the bucket.

    :param feed: ``logs`` or ``weekly``.
    """

    def __init__(self, *, feed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feed = feed

    def execute(self, context: Context) -> dict[str, Any]:
        """Copy; return the number of files copied and the names that nobody knows."""
        bucket = self.bucket()
        archive = Archive(self.institution.archive)
        if self.feed == "logs":
            return self._mirror_logs(archive, bucket)
        return self._mirror_weeks(archive, bucket)

    def _mirror_logs(self, archive: Archive, bucket: Bucket) -> dict[str, Any]:
        known: list[ArchiveFile] = []
        strange: list[ArchiveFile] = []
        for file in archive.files("incoming", "logs"):
            name = file.name.rsplit("/", 1)[-1]
            ours = places.log_file_prefix(name).lower() in self.institution.log_prefixes
            (known if ours and places.log_file_day(name) else strange).append(file)
        stored = {it.name: it for it in bucket.objects(places.LOGS)}
        targets = {places.LOGS + file.name.rsplit("/", 1)[-1]: file for file in known}
        copied = [name for name, file in targets.items() if self._copy(archive, bucket, file, name, stored.get(name))]
        for file in strange:
            self.log.warning("Left where it is: %s is no log file of %s", file.path, self.institution.name)
        self.log.info("%d log files in the archive, %d copied", len(known), len(copied))
        return {"copied": len(copied), "strange": len(strange)}

    def _mirror_weeks(self, archive: Archive, bucket: Bucket) -> dict[str, Any]:
        copied = 0
        weeks = list(_dates(archive.folders("incoming", "weekly")))
        for week in weeks:
            stored = {it.name: it for it in bucket.objects(places.weekly(week))}
            entries = []
            for file in archive.files("incoming", "weekly", str(week)):
                name = places.weekly(week) + file.name
                copied += self._copy(archive, bucket, file, name, stored.get(name))
                entries.append((file.name, name))
            copies = {it.name: it for it in bucket.objects(places.weekly(week))}
            manifest = {
                "week": str(week),
                "files": [
                    {"name": short, "bytes": copies[name].size, "sha256": copies[name].sha256}
                    for short, name in entries
                ],
            }
            bucket.put(places.weekly_manifest(week), json.dumps(manifest, indent=1).encode())
        self.log.info("%d weekly exports in the archive, %d files copied", len(weeks), copied)
        return {"copied": copied, "weeks": len(weeks)}

    def _copy(self, archive: Archive, bucket: Bucket, file: ArchiveFile, name: str, stored: Stored | None) -> bool:
        if stored and stored.metadata.get("source_token") == file.token:
            return False
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "file"
            if archive.fetch(file, local) is None:
                raise Transient(
                    Problem(
                        code="E-MIR-101",
                        unit=self.institution.name,
                        file=file.path,
                        expected="a file that stays as it is while it is copied",
                        found="that it changed meanwhile",
                        done="nothing was copied of it",
                        next="nothing: the task tries again; if it goes on, see whether the delivery ever ends",
                    )
                )
            self.log.info("Copying %s (%d bytes)", file.name, file.size)
            return bucket.put(name, local, {"source_token": file.token})


def _dates(names: Iterable[str]) -> Iterable[date]:
    for name in names:
        try:
            yield date.fromisoformat(name)
        except ValueError:
            continue
