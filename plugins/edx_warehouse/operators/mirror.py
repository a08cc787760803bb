"""Copying new deliveries from the HMDC archive to the bucket."""

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.weekly_package import RefusedPackage
from edx_warehouse.hooks.archive import Archive, ArchiveFile
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.holds import HELD, MIRROR
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.weekly_exports import (
    Weeks,
    by_week,
    contents,
    hold_packages,
    objects_of,
    refuse_others,
    unpack_into,
    write_manifest,
)

_SETTLE_SECONDS = 5.0  # costs a look that finds something new this once; a look that finds nothing costs nothing


class MirrorOperator(InstitutionOperator):
    """Copy what is new or changed in one feed of an institution's archive; manifests come last.

    A file is read again when anything about it changed (size, times, inode), and written again only when its
    content did. A file that changes between two looks is still being written: it is left for the next run. What is gone
    from the archive stays in the bucket.

    :param feed: ``logs`` or ``weekly``.
    :param settle_seconds: between the two looks.
    :param bounded: whether ``from`` and ``to`` in the run's ``conf`` bound the days and weeks that are looked at.
    """

    def __init__(
        self, *, feed: str, settle_seconds: float = _SETTLE_SECONDS, bounded: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.feed = feed
        self.bounded = bounded
        self.settle_seconds = settle_seconds

    def execute(self, context: Context) -> dict[str, Any]:
        """Copy; return the number of files copied, left as still growing, and more.

        :raises Transient: ``E-MIR-101`` when a file changed while it was read; the others are copied first.
        """
        bucket = self.bucket()
        archive = Archive(self.institution.archive)
        span = Span.of(context["dag_run"].conf or {}) if self.bounded else Span()
        if self.feed == "logs":
            return self._mirror_logs(archive, bucket, span)
        return self._mirror_weeks(archive, bucket, span)

    def _mirror_logs(self, archive: Archive, bucket: Bucket, span: Span) -> dict[str, Any]:
        known: dict[str, list[ArchiveFile]] = defaultdict(list)
        strange = 0
        for file in archive.files("incoming", "logs"):
            name = file.name.rsplit("/", 1)[-1]
            ours = places.log_file_prefix(name).lower() in self.institution.log_prefixes
            day = places.log_file_day(name)
            if day and day not in span:
                continue
            if ours and day and not places.is_replay(name):
                known[places.LOGS + name].append(file)
            else:
                strange += 1
                self.log.warning("Left where it is: %s is no log file of %s", file.path, self.institution.name)
        stored = {it.name: it for it in bucket.objects(places.LOGS)}
        growing = self._growing(archive, known, stored)
        come = self._copy_all(archive, bucket, known, stored, growing)
        undecided = [name for name, files in known.items() if growing.intersection(file.path for file in files)]
        self._hold(bucket, come.ambiguous, {_hold_of(name) for name in [*undecided, *come.unread]}, span)
        self.log.info("%d log files in the archive, %d copied", len(known), come.copied)
        if come.failed:
            raise come.failed[0]
        return {"copied": come.copied, "strange": strange, "growing": len(growing), "ambiguous": len(come.ambiguous)}

    def _mirror_weeks(self, archive: Archive, bucket: Bucket, span: Span) -> dict[str, Any]:
        delivered = archive.files("incoming", "weekly")
        come = by_week(delivered)
        weeks = {week: files for week, files in come.items() if week in span}
        known = {file.path for week in come.values() for files in week.values() for file in files}
        strange = [file.path for file in delivered if file.path not in known]
        for path in strange:
            self.log.warning("Left where it is: %s is in no week's folder, and no package", path)
        stored: dict[str, Stored] = {}
        for week in weeks:
            stored |= {it.name: it for it in objects_of(bucket, week)}
        growing = self._growing(archive, {name: it for week in weeks.values() for name, it in week.items()}, stored)
        all_weeks = Weeks(unsure=[week for week in come if week not in span])
        for week, wanted in weeks.items():
            self._mirror_week(archive, bucket, week, wanted, stored, growing, all_weeks)
        hold_packages(bucket, self.institution.name, all_weeks.refused, all_weeks.unsure)
        self.log.info("%d weekly exports in the archive, %d files copied", len(weeks), all_weeks.copied)
        if all_weeks.failed:
            raise all_weeks.failed[0]
        return {
            "copied": all_weeks.copied,
            "weeks": len(weeks),
            "strange": len(strange),
            "growing": len(growing),
            "refused": len(all_weeks.refused),
        }

    def _mirror_week(
        self,
        archive: Archive,
        bucket: Bucket,
        week: date,
        wanted: Mapping[str, Sequence[ArchiveFile]],
        stored: Mapping[str, Stored],
        growing: set[str],
        all_weeks: Weeks,
    ) -> None:
        zips = {name: files for name, files in wanted.items() if name.startswith(places.packages(week))}
        loose = {name: files for name, files in wanted.items() if name not in zips}
        come = self._copy_all(archive, bucket, loose, stored, growing)
        all_weeks.copied += come.copied
        all_weeks.failed += come.failed
        whole = not come.failed and not growing.intersection(file.path for files in wanted.values() for file in files)
        if whole and zips:
            whole = self._unpack_all(archive, bucket, week, zips, set(loose), stored, all_weeks)
        elif zips:
            all_weeks.unsure.append(week)
        # A manifest would speak of a part of the export as if it were the whole.
        if whole:
            write_manifest(bucket, week, (name.removeprefix(places.weekly(week)) for name in loose), zips)

    def _unpack_all(
        self,
        archive: Archive,
        bucket: Bucket,
        week: date,
        zips: Mapping[str, Sequence[ArchiveFile]],
        loose: set[str],
        stored: Mapping[str, Stored],
        all_weeks: Weeks,
    ) -> bool:
        """Unpack the zips of a week; tell whether all of them could be."""
        prefix = places.weekly(week)
        others = {it.name.removeprefix(prefix): it.sha256 for it in bucket.objects(prefix) if it.name in loose}
        for record, (file, *more) in sorted(zips.items()):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    if more:
                        raise RefusedPackage("one package of a name", str(1 + len(more)))
                    local = self._fetch_one(archive, [file], Path(folder), stored.get(record))
                    if local is None:
                        refuse_others(found := contents(bucket, record), others)
                    else:
                        found = unpack_into(bucket, week, file, local, others, _token([file]), Limits())
                        all_weeks.copied += 1
                    others |= found
                except Transient as error:
                    all_weeks.failed.append(error)
                    all_weeks.unsure.append(week)
                    return False
                except RefusedPackage as error:
                    self.log.error("Refused %s: expected %s, found %s", file.path, error.expected, error.found)
                    all_weeks.refused[week] = (file, error)
                    return False
        return True

    def _growing(
        self, archive: Archive, wanted: Mapping[str, Sequence[ArchiveFile]], stored: Mapping[str, Stored]
    ) -> set[str]:
        new = [file for name, files in wanted.items() if _is_new(files, stored.get(name)) for file in files]
        growing = archive.unsettled(new, self.settle_seconds)
        for path in sorted(growing):
            self.log.warning("Left for the next look: %s is still being written", path)
        return growing

    def _copy_all(
        self,
        archive: Archive,
        bucket: Bucket,
        wanted: Mapping[str, Sequence[ArchiveFile]],
        stored: Mapping[str, Stored],
        growing: set[str],
    ) -> "_Come":
        come = _Come()
        for name, files in sorted(wanted.items()):
            if growing.intersection(file.path for file in files):
                continue
            with tempfile.TemporaryDirectory() as folder:
                try:
                    local = self._fetch_one(archive, files, Path(folder), stored.get(name))
                    come.copied += local is not None and bucket.put(name, local, {"source_token": _token(files)})
                except Transient as error:
                    come.unread.append(name)
                    come.failed.append(error)  # the others first: one file that never rests must not stop them
                except _DifferError:
                    come.ambiguous[name] = files
        return come

    def _fetch_one(
        self, archive: Archive, files: Sequence[ArchiveFile], folder: Path, stored: Stored | None
    ) -> Path | None:
        if not _is_new(files, stored):
            return None
        if len({file.size for file in files}) > 1:
            raise _DifferError
        digests = set()
        for file in files:
            self.log.info("Reading %s (%d bytes)", file.path, file.size)
            digest = archive.fetch(file, folder / "file")
            if digest is None:
                raise self._changed(file)
            digests.add(digest)
        if len(digests) > 1:
            raise _DifferError
        return folder / "file"

    def _hold(
        self, bucket: Bucket, ambiguous: Mapping[str, Sequence[ArchiveFile]], undecided: set[str], span: Span
    ) -> None:
        """Hold the days of which nobody can say what their files are, and release those of which one can again.

        :param undecided: holds of days of which this look cannot tell.
        """
        wanted: dict[str, list[str]] = defaultdict(list)
        for name, files in ambiguous.items():
            wanted[_hold_of(name)] += [file.path for file in files]
        for name, paths in wanted.items():
            problem = Problem(
                code="E-MIR-102",
                unit=f"{self.institution.name} {name.split('/')[-2]}",
                file=" and ".join(sorted(paths)),
                expected="one log file of a name in the archive, or equal ones",
                found=f"{len(paths)} that differ",
                done="the day is held, what was good before stays served",
                next="take away all but the right one; the next look goes on by itself",
            )
            self.log.error("%s", problem)
            bucket.put(name, problem.to_json().encode(), MIRROR)
        ours = [it.name for it in bucket.match(f"quarantine/logs/*/{HELD}") if it.metadata.get("by") == MIRROR["by"]]
        seen = [name for name in ours if date.fromisoformat(name.split("/")[2]) in span]
        bucket.delete(name for name in seen if name not in wanted.keys() | undecided)

    def _changed(self, file: ArchiveFile) -> Transient:
        return Transient(
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


@dataclass
class _Come:
    """What came of copying.

    :param ambiguous: the objects of which the archive has several files that differ.
    :param unread: the objects that could not be copied for now, and ``failed`` why.
    """

    copied: int = 0
    ambiguous: dict[str, Sequence[ArchiveFile]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    failed: list[Transient] = field(default_factory=list)


class _DifferError(Exception):
    """Two files of one name have different contents."""


def _hold_of(log: str) -> str:
    day = places.log_file_day(log.rsplit("/", 1)[-1])
    assert day is not None, log
    return places.quarantine_logs(day) + HELD


def _token(files: Sequence[ArchiveFile]) -> str:
    if len(files) == 1:
        return files[0].token
    return hashlib.sha256(" ".join(file.token for file in files).encode()).hexdigest()[:32]


def _is_new(files: Sequence[ArchiveFile], stored: Stored | None) -> bool:
    return stored is None or stored.metadata.get("source_token") != _token(files)
