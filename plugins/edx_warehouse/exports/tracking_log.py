"""Splitting a day's tracking logs by course: every line accounted for, all of it published or nothing."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.exports.course_of_event import CourseFinder
from edx_warehouse.exports.course_parts import CourseParts, PartFile
from edx_warehouse.exports.day_manifest import (
    SPLITTER,
    CourseCount,
    CourseManifest,
    CourseSource,
    DayManifest,
    PartName,
    QuarantineCount,
    SourceCount,
    Totals,
    courses_digest,
)
from edx_warehouse.exports.event_row import Event, RowMaker
from edx_warehouse.exports.log_lines import Block, Limits, LogFile, LongLine
from edx_warehouse.exports.log_quarantine import QuarantineFile
from edx_warehouse.exports.publishing import publish, scratch_beside, staged
from edx_warehouse.exports.refusals import Reason
from edx_warehouse.exports.seen_lines import SeenLines
from edx_warehouse.exports.split_block import split_block

_LIMITS = Limits()


def split(
    sources: Sequence[Path], courses: Collection[CourseKey], out: Path, *, day: date, limits: Limits = _LIMITS
) -> DayManifest:
    """Split all files of one institution and one delivered day by course.

    Writes into ``out``, which mirrors the bucket: a part and a manifest for each course given, quarantine files, and
    the day manifest last. The same input gives the same bytes. Nothing is visible in ``out`` before every source was
    read to its clean end.

    :raises Held: E-SPL-101 broken gzip, E-SPL-102 empty file, E-SPL-103 expands too far.
    :raises Terminal: E-SPL-104 for two sources of one name, E-SPL-109 when a sum does not hold (a defect of ours).
    :raises Transient: E-SPL-105 when a source changed, E-SPL-106 when another process splits the same day.
    """
    ordered = sorted(sources, key=lambda path: path.name)
    _refuse_twins(ordered, day)
    with scratch_beside(out, f"split-{day}") as scratch, CourseParts(scratch / "spool") as parts:
        return _Day(courses, day, limits, scratch, parts).split(ordered, out)


def _refuse_twins(sources: Sequence[Path], day: date) -> None:
    names = Counter(path.name for path in sources)
    for name, times in names.items():
        if times > 1:
            raise Terminal(_problem("E-SPL-104", day, "each base name once", f"{times} files of one", name))


def _problem(code: str, day: date, expected: str, found: str, file: str | None = None) -> Problem:
    return Problem(
        code=code,
        unit=str(day),
        file=file,
        expected=expected,
        found=found,
        done="nothing of this day was published",
        next="rename one of them" if code == "E-SPL-104" else "report the defect with the day's files",
    )


class _Day:
    """One day's work: what was counted so far, and the files it staged."""

    def __init__(
        self, courses: Collection[CourseKey], day: date, limits: Limits, scratch: Path, parts: CourseParts
    ) -> None:
        self.courses = sorted(set(courses))
        self.day = day
        self.limits = limits
        self.scratch = scratch
        self.parts = parts
        self.maker = RowMaker(CourseFinder(self.courses), day, limits.depth)
        self.earlier: list[SeenLines] = []
        self.sources: list[SourceCount] = []
        self.reasons: Counter[Reason] = Counter()
        self.quarantine: list[QuarantineCount] = []
        self.dates: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.taken: dict[str, Counter[str]] = {}

    def split(self, sources: Sequence[Path], out: Path) -> DayManifest:
        for path in sources:
            self._take(path)
        files = {course: self._write_part(course) for course in self.courses}
        manifest = self._manifest(files)
        if wrong := manifest.imbalances():
            raise Terminal(_problem("E-SPL-109", self.day, "every line accounted for", "; ".join(wrong)))
        for course, file in files.items():
            text = self._course_manifest(course, file).to_json()
            staged(self.scratch, places.log_manifest(course, self.day)).write_text(text, encoding="utf-8")
        staged(self.scratch, places.split_manifest(self.day)).write_text(manifest.to_json(), encoding="utf-8")
        quarantined = [file.name for file in self.quarantine]
        publish(
            self.scratch,
            out,
            [
                *(places.log_part(course, self.day) for course in self.courses),
                *quarantined,
                *(places.log_manifest(course, self.day) for course in self.courses),
                places.split_manifest(self.day),
            ],
        )
        for stale in sorted((out / places.quarantine_logs(self.day)).glob("*.jsonl.gz")):
            if str(stale.relative_to(out)) not in quarantined:
                stale.unlink()
        return manifest

    def _take(self, path: Path) -> None:
        file = LogFile(path, str(self.day), self.limits, self.scratch)
        name = f"{places.quarantine_logs(self.day)}{path.name}.jsonl.gz"
        work = _Source(self, path.name, QuarantineFile(staged(self.scratch, name), path.name))
        try:
            for block in file.blocks():
                if isinstance(block, LongLine):
                    work.take_long(block)
                else:
                    work.take(block)
        finally:
            work.quarantine.close()
        if not file.whole:
            raise Terminal(_problem("E-SPL-109", self.day, "the file read to its end", "less", path.name))
        self.earlier.append(work.seen)
        self.taken[path.name] = work.rows
        if work.quarantine.entries:
            data = staged(self.scratch, name)
            with data.open("rb") as written:
                sha = hashlib.file_digest(written, "sha256").hexdigest()
            self.quarantine.append(QuarantineCount(name, work.quarantine.entries, sha, data.stat().st_size))
        self.sources.append(
            SourceCount(
                name=path.name,
                sha256=file.sha256,
                bytes=file.bytes,
                content_sha256=file.content_sha256,
                content_bytes=file.content_bytes,
                lines=file.lines,
                rows=work.rows.total(),
                quarantined=work.quarantine.entries,
                duplicates=work.duplicates,
                blank=work.blank,
                repeated=work.repeated,
                bom=file.has_bom,
            )
        )

    def _write_part(self, course: CourseKey) -> PartFile:
        return self.parts.write(str(course), staged(self.scratch, places.log_part(course, self.day)))

    def _manifest(self, files: dict[CourseKey, PartFile]) -> DayManifest:
        def total(name: str) -> int:
            return sum(getattr(source, name) for source in self.sources)

        return DayManifest(
            day=self.day,
            splitter=SPLITTER,
            courses_digest=courses_digest(self.courses),
            sources=tuple(self.sources),
            totals=Totals(
                lines=total("lines"),
                rows=total("rows"),
                quarantined=total("quarantined"),
                duplicates=total("duplicates"),
                blank=total("blank"),
                repeated=total("repeated"),
            ),
            quarantined={reason.value: self.reasons[reason] for reason in Reason if self.reasons[reason]},
            bad=sum(times for reason, times in self.reasons.items() if not reason.aside),
            aside=sum(times for reason, times in self.reasons.items() if reason.aside),
            quarantine=tuple(self.quarantine),
            courses=tuple(
                CourseCount(
                    course_id=str(course),
                    rows=self.dates[str(course)].total(),
                    event_dates=dict(sorted(self.dates[str(course)].items())),
                    content_sha256=file.content_sha256,
                    content_bytes=file.content_bytes,
                    sha256=file.sha256,
                    bytes=file.bytes,
                )
                for course, file in files.items()
            ),
        )

    def _course_manifest(self, course: CourseKey, file: PartFile) -> CourseManifest:
        return CourseManifest(
            course_id=str(course),
            day=self.day,
            splitter=SPLITTER,
            sources=tuple(
                CourseSource(source.name, source.content_sha256, self.taken[source.name][str(course)])
                for source in self.sources
            ),
            rows=self.dates[str(course)].total(),
            event_dates=dict(sorted(self.dates[str(course)].items())),
            content_sha256=file.content_sha256,
            content_bytes=file.content_bytes,
            part=PartName(places.log_part(course, self.day), file.bytes, file.sha256),
            day_manifest=places.split_manifest(self.day),
        )


class _Source:
    """One delivered file's share of the day's work."""

    def __init__(self, day: _Day, name: str, quarantine: QuarantineFile) -> None:
        self.day = day
        self.name = name
        self.quarantine = quarantine
        self.seen = SeenLines()
        self.rows: Counter[str] = Counter()
        self.blank = self.duplicates = self.repeated = 0

    def take(self, block: Block) -> None:
        day = self.day
        offset = block.offset
        for raw, line in zip(block.lines, split_block(block, self.name, day.maker, day.limits), strict=True):
            if line is None:
                self.blank += 1
            elif self._is_new(line.digest):
                if isinstance(event := line.fate, Event):
                    self.rows[event.course_id] += 1
                    day.dates[event.course_id][event.date] += 1
                    day.parts.add(event.course_id, event.row)
                else:
                    day.reasons[event] += 1
                    self.quarantine.add(line.number, offset, raw, event)
            offset += len(raw) + 1

    def take_long(self, line: LongLine) -> None:
        if self._is_new(line.sha256[:16]):
            self.day.reasons[Reason.TOO_LONG] += 1
            self.quarantine.add_long(line)
        line.path.unlink()

    def _is_new(self, digest: bytes) -> bool:
        """Count a line that was seen before; False when it came in another file, so that it is dropped."""
        if any(digest in seen for seen in self.day.earlier):
            self.duplicates += 1
            return False
        if not self.seen.add(digest):
            self.repeated += 1
        return True
