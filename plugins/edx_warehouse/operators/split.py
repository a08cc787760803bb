"""Splitting a day's logs by course and publishing what came of it."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.exports.day_manifest import SPLITTER, DayManifest, courses_digest, fingerprint
from edx_warehouse.exports.log_lines import content_digest
from edx_warehouse.exports.quarantine_entries import read_entries
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators import metrics
from edx_warehouse.operators.due import digest_of, log_files, sources_digest
from edx_warehouse.operators.holds import HELD, held_units, refuse_ambiguous
from edx_warehouse.operators.replays import replayed, require_standing
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.split_history import file_rows, record_split
from edx_warehouse.operators.unit import day_of
from edx_warehouse.operators.volume import Volume, suspicion, volumes

_DATES_BYTES = 4096  # of the dates of a part's events in the metadata of its manifest: more than a year of them


class SplitLogsOperator(InstitutionOperator):
    """Split all log files of a day, of every site and prefix together, into one part per course.

    Parts come before manifests and the day's manifest last, so that whoever reads a manifest finds what it names.
    The same content, courses and splitter again write nothing, though files be compressed anew.

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
        refuse_ambiguous(bucket, places.quarantine_logs(day))
        files = log_files(bucket, day).get(day, [])
        if not files:
            raise self._vanished(day)
        sources = sources_digest(files)
        limits = digest_of(astuple(self.institution.log_limits))
        delivery = digest_of([SPLITTER, limits, sources, *self.courses])
        facts = {
            "sources": sources,
            "delivery": delivery,
            "courses": courses_digest(self.courses),
            "limits": limits,
        }
        for asset in self.assets.values():
            context["outlet_events"][asset].add_partitions(str(day))
        done = bucket.stat(places.split_manifest(day))
        with tempfile.TemporaryDirectory() as folder, held_units(bucket, places.quarantine_logs(day), sources):
            if done and done.metadata.get("delivery") == delivery:
                self.log.info("Split already: the files of %s are those of the last split", day)
                return {"day": str(day), "made": False}
            downloads = _download(bucket, files, Path(folder, "in"))
            if done and done.metadata.get("limits") == limits and self._is_content_of(done, downloads):
                self.log.info("Split already: the files of %s were compressed anew", day)
                bucket.put(done.name, bucket.read(done.name) or b"", {**done.metadata, **facts})
                return {"day": str(day), "made": False}
            out = Path(folder, "out")
            manifest = split(downloads, self.courses, out, day=day, limits=self.institution.log_limits)
            require_standing(replayed(bucket, day), _quarantined(manifest, out), f"{self.institution.name} {day}")
            written = self._publish(bucket, out, manifest, facts, done, context)
            for course, asset in self.assets.items():
                told = _manifest_metadata(out / places.log_manifest(course, day))
                context["outlet_events"][asset].extra = {"day": str(day), "rows": int(told["rows"])}
        totals = manifest.totals
        self.log.info(
            "%s: %d lines = %d rows + %d quarantined + %d duplicates + %d blank; %d objects written",
            *(day, totals.lines, totals.rows, totals.quarantined, totals.duplicates, totals.blank, written),
        )
        outcomes = {"rows": totals.rows, "quarantined": totals.quarantined}
        outcomes |= {"duplicates": totals.duplicates, "blank": totals.blank}
        metrics.lines_split(self.institution.name, outcomes)
        return {"day": str(day), "made": True, "lines": totals.lines, "rows": totals.rows, "written": written}

    def _is_content_of(self, done: Stored, downloads: Sequence[Path]) -> bool:
        if "fingerprint" not in done.metadata:
            return False
        limits = self.institution.log_limits
        contents = [content_digest(path, limits) for path in sorted(downloads, key=lambda path: path.name)]
        return done.metadata["fingerprint"] == fingerprint(self.courses, contents)

    def _publish(
        self,
        bucket: Bucket,
        out: Path,
        manifest: DayManifest,
        facts: dict[str, str],
        done: Stored | None,
        context: Context,
    ) -> int:
        day, last = manifest.day, places.split_manifest(manifest.day)
        names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        # Parts, then the manifests that vouch for them, then the day's manifest that vouches for all.
        names.sort(key=lambda name: name.endswith(".manifest.json"))
        if done and done.metadata:
            # Unsaid first: when this is cut off and the files of before come back, the day is not taken for whole.
            done = bucket.label(done, {"sha256": done.sha256})
        written = sum(bucket.put(name, out / name, _manifest_metadata(out / name)) for name in names if name != last)
        stale = {it.name for it in bucket.objects(places.quarantine_logs(day))} - set(names)
        bucket.delete(name for name in sorted(stale) if not name.endswith("/" + HELD))
        volume = Volume.of(manifest)
        note = suspicion(day, volume, volumes(bucket))
        if note:
            self.log.warning("%s %s looks incomplete: %s", self.institution.name, day, note)
        # Recorded first: once the day's manifest is there a later try finds nothing to do, and would never record it.
        record_split(
            self.warehouse(f"{self.institution.name} {day}"),
            file_rows(manifest, self.courses, out),
            {
                "split_id": digest_of(
                    [day, facts["delivery"], *((done.generation, done.metageneration) if done else ())]
                ),
                "institution": self.institution.name,
                "note": note,
                "dag_id": context["dag_run"].dag_id,
                "run_id": context["dag_run"].run_id,
            },
        )
        told = {"fingerprint": manifest.fingerprint, "lines": str(volume.lines), "files": str(volume.files)}
        return written + bucket.put(last, out / last, {**facts, **told})

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


def _download(bucket: Bucket, files: Sequence[Stored], folder: Path) -> list[Path]:
    paths = [folder / it.name.rsplit("/", 1)[-1] for it in files]
    for stored, path in zip(files, paths, strict=True):
        bucket.download(stored, path)
    return paths


def _quarantined(manifest: DayManifest, out: Path) -> Iterator[str]:
    for file in manifest.quarantine:
        for entry in read_entries(out / file.name):
            yield entry.sha256


def _manifest_metadata(path: Path) -> dict[str, str]:
    if not path.name.endswith(".manifest.json"):
        return {}
    manifest = json.loads(path.read_bytes())
    dates = " ".join(manifest["event_dates"])
    return {
        "content": manifest["content_sha256"][:32],
        "rows": str(manifest["rows"]),
        # Without them the manifest is read; an object has 8 KiB of metadata at most.
        **({"event_dates": dates} if len(dates) <= _DATES_BYTES else {}),
    }
