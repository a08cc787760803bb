"""Splitting a day's logs by course and publishing what came of it."""

import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.exports.day_manifest import SPLITTER
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.due import digest_of, log_files, sources_digest
from edx_warehouse.operators.holds import HELD, held_units
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.unit import day_of


class SplitLogsOperator(InstitutionOperator):
    """Split all log files of a day, of every site and prefix together, into one part per course.

    Parts come before manifests and the day's manifest last, so that whoever reads a manifest finds what it names.
    The same files, courses and splitter again write nothing.

    :param courses: the institution's courses; each gets a part, with no rows when it had no events.
    :param assets: by course, the asset whose partition the day is.
    """

    def __init__(self, *, courses: Sequence[CourseKey], assets: dict[CourseKey, Asset], **kwargs: Any) -> None:
        super().__init__(courses=courses, outlets=[assets[course] for course in courses], **kwargs)
        self.assets = assets

    def execute(self, context: Context) -> dict[str, Any]:
        """Split and publish; return the day's counts."""
        day = day_of(context)
        bucket = self.bucket()
        files = log_files(bucket, day).get(day, [])
        if not files:
            raise self._vanished(day)
        sources = sources_digest(files)
        delivery = digest_of([SPLITTER, sources, *self.courses])
        for asset in self.assets.values():
            context["outlet_events"][asset].add_partitions(str(day))
        done = bucket.stat(places.split_manifest(day))
        with tempfile.TemporaryDirectory() as folder, held_units(bucket, places.quarantine_logs(day), sources):
            if done and done.metadata.get("delivery") == delivery:
                self.log.info("Split already: the files of %s are those of the last split", day)
                return {"day": str(day), "made": False}
            downloads = [Path(folder, "in", it.name.rsplit("/", 1)[-1]) for it in files]
            for stored, path in zip(files, downloads, strict=True):
                bucket.download(stored, path)
            out = Path(folder, "out")
            manifest = split(downloads, self.courses, out, day=day)
            written = self._publish(bucket, out, day, {"sources": sources, "delivery": delivery})
        totals = manifest.totals
        self.log.info(
            "%s: %d lines = %d rows + %d quarantined + %d duplicates + %d blank; %d objects written",
            *(day, totals.lines, totals.rows, totals.quarantined, totals.duplicates, totals.blank, written),
        )
        return {"day": str(day), "made": True, "lines": totals.lines, "rows": totals.rows, "written": written}

    def _publish(self, bucket: Bucket, out: Path, day: date, digests: dict[str, str]) -> int:
        names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        last = places.split_manifest(day)
        # Parts, then the manifests that vouch for them, then the day's manifest that vouches for all.
        names.sort(key=lambda name: (name == last, name.endswith(".manifest.json")))
        written = 0
        for name in names:
            written += bucket.put(name, out / name, digests if name == last else _manifest_metadata(out / name))
        stale = {it.name for it in bucket.objects(places.quarantine_logs(day))} - set(names)
        bucket.delete(name for name in sorted(stale) if not name.endswith("/" + HELD))
        return written

    def _vanished(self, day: date) -> Transient:
        return Transient(
            Problem(
                code="E-SPL-107",
                unit=f"{self.institution.name} {day}",
                expected="at least one log file of the day in the bucket",
                found="none",
                done="nothing",
                next="see whether the files were removed from the bucket; the mirror brings them again",
            )
        )


def _manifest_metadata(path: Path) -> dict[str, str]:
    if not path.name.endswith(".manifest.json"):
        return {}
    manifest = json.loads(path.read_bytes())
    return {
        "content": manifest["content_sha256"][:32],
        "rows": str(manifest["rows"]),
        "event_dates": " ".join(manifest["event_dates"]),
    }
