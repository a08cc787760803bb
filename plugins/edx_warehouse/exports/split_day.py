"""One delivered day being split: its files to blocks, blocks to threads and back in order, rows to parts, all counted."""

import hashlib
import os
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future
from datetime import date
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.bad_lines import CountedFile, require_few_bad
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
from edx_warehouse.exports.line_scanner import LineScanner, Scanned
from edx_warehouse.exports.log_lines import Block, LogFile, LongLine
from edx_warehouse.exports.log_quarantine import QuarantineFile
from edx_warehouse.exports.long_lines import digest_of
from edx_warehouse.exports.publishing import publish, staged
from edx_warehouse.exports.refusals import Reason
from edx_warehouse.exports.seen_lines import EarlierLines, FileLines


class SplitDay:
    """One day's work: what was counted so far, and the files it staged."""

    def __init__(
        self, courses: Collection[CourseKey], day: date, limits: Limits, scratch: Path, parts: CourseParts, workers: int,
        executor: Executor,
    ) -> None:  # fmt: skip
        self.courses = sorted(set(courses))
        self.day = day
        self.limits = limits
        self.scratch = scratch
        self.parts = parts
        self.workers = workers
        self.executor = executor
        self.key = np.array(np.frombuffer(os.urandom(16), np.uint64))
        self.scanners: SimpleQueue[LineScanner] = SimpleQueue()
        for _ in range(workers):
            self.scanners.put(LineScanner(self.courses, day, limits, self.key))
        self.earlier = EarlierLines()
        self.sources: list[SourceCount] = []
        self.counted: list[CountedFile] = []
        self.reasons: Counter[Reason] = Counter()
        self.quarantine: list[QuarantineCount] = []
        self.dates: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.taken: dict[str, Counter[str]] = {}

    def split(self, sources: Sequence[Path], out: Path) -> DayManifest:
        """Split and publish; see :func:`edx_warehouse.exports.tracking_log.split`."""
        for number, path in enumerate(sources, 1):
            self._take(path, is_last=number == len(sources))
        require_few_bad(self.day, self.counted, self.limits)
        files = {course: self._write_part(course) for course in self.courses}
        manifest = self._manifest(files)
        if wrong := manifest.imbalances():
            raise Terminal(self._defect("every line accounted for", "; ".join(wrong)))
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

    def _take(self, path: Path, *, is_last: bool) -> None:
        file = LogFile(path, str(self.day), self.limits, self.scratch)
        name = f"{places.quarantine_logs(self.day)}{path.name}.jsonl.gz"
        work = _Source(self, path.name, QuarantineFile(staged(self.scratch, name), path.name))
        ahead: deque[Future[Scanned] | LongLine] = deque()
        try:
            for block in file.blocks():
                ahead.append(
                    block if isinstance(block, LongLine) else self.executor.submit(self._scan, block, path.name)
                )
                while len(ahead) > self.workers:
                    work.take(ahead.popleft())
            while ahead:
                work.take(ahead.popleft())
            repeated = work.seen.repeated()
            if not is_last:
                self.earlier.merge(work.seen)
        finally:
            work.close()
        if not file.whole:
            raise Terminal(self._defect("the file read to its end", "less", path.name))
        self.taken[path.name] = work.rows
        self.reasons += work.reasons
        self.counted.append(CountedFile(path.name, file.lines - work.blank, work.reasons))
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
                repeated=repeated,
                bom=file.has_bom,
            )
        )

    def _defect(self, expected: str, found: str, file: str | None = None) -> Problem:
        return Problem(
            code="E-SPL-109",
            unit=str(self.day),
            file=file,
            expected=expected,
            found=found,
            done="nothing of this day was published",
            next="report the defect with the day's files",
        )

    def _bad(self) -> int:
        return sum(times for reason, times in self.reasons.items() if not reason.aside)

    def _scan(self, block: Block, file: str) -> Scanned:
        scanner = self.scanners.get()
        try:
            return scanner.scan(block, file, self.earlier)
        finally:
            self.scanners.put(scanner)

    def _event_dates(self, course: CourseKey) -> dict[str, int]:
        return {
            f"{it // 10000:04}-{it // 100 % 100:02}-{it % 100:02}": n
            for it, n in sorted(self.dates[str(course)].items())
        }

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
            bad=self._bad(),
            aside=sum(times for reason, times in self.reasons.items() if reason.aside),
            quarantine=tuple(self.quarantine),
            courses=tuple(
                CourseCount(
                    course_id=str(course),
                    rows=self.dates[str(course)].total(),
                    event_dates=self._event_dates(course),
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
            event_dates=self._event_dates(course),
            content_sha256=file.content_sha256,
            content_bytes=file.content_bytes,
            part=PartName(places.log_part(course, self.day), file.bytes, file.sha256),
            day_manifest=places.split_manifest(self.day),
        )


class _Source:
    """One delivered file's share of the day's work."""

    def __init__(self, day: SplitDay, name: str, quarantine: QuarantineFile) -> None:
        self.day = day
        self.name = name
        self.quarantine = quarantine
        self.seen = FileLines(day.scratch / "digests")
        self.rows: Counter[str] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self.blank = self.duplicates = 0

    def close(self) -> None:
        self.quarantine.close()
        self.seen.close()

    def take(self, work: Future[Scanned] | LongLine) -> None:
        if isinstance(work, LongLine):
            self._take_long(work)
            return
        scanned, day = work.result(), self.day
        self.blank += scanned.blank
        self.duplicates += scanned.duplicates
        self.seen.add(scanned.digests)
        for number, date_number, count in scanned.dates:
            course_id = str(day.courses[number])
            self.rows[course_id] += count
            day.dates[course_id][date_number] += count
        for number, rows in scanned.rows:
            day.parts.add(str(day.courses[number]), rows)
        for line in scanned.refused:
            self.reasons[line.reason] += 1
            self.quarantine.add(line.number, line.offset, line.raw, line.reason)

    def _take_long(self, line: LongLine) -> None:
        digests = digest_of(line, self.day.key)
        if not len(digests):
            self.blank += 1
        elif self.day.earlier.has(digests)[0]:
            self.duplicates += 1
        else:
            self.seen.add(digests)
            self.reasons[Reason.TOO_LONG] += 1
            self.quarantine.add_long(line)
        line.path.unlink()
