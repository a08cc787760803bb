"""What is in quarantine, and corrected lines on their way back to the split."""

import gzip
import hashlib
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.quarantine_entries import Correction, Entry, read_corrections, read_entries, refusal
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.due import log_files
from edx_warehouse.operators.replays import add_replay, replayed

_SUFFIX = ".jsonl.gz"


@dataclass(frozen=True)
class QuarantinedFile:
    """The quarantined lines of one delivered file.

    :param reasons: lines by reason; ``bad`` and ``aside`` are the sums of the two classes.
    :param bytes: of the lines themselves.
    :param replayed: lines of which a correction was replayed; they stay counted.
    """

    day: date
    file: str
    reasons: dict[str, int]
    bad: int
    aside: int
    bytes: int
    replayed: int

    def to_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {**vars(self), "day": str(self.day)}


@dataclass(frozen=True)
class Replay:
    """What came of replaying.

    :param name: the object that holds the corrected lines; empty when there are none.
    :param lines: how many there are.
    :param unchanged: entries that are as they were; they were left out.
    :param again: lines whose correction was replayed before; they were left out too.
    """

    name: str
    lines: int
    unchanged: int
    again: int


def listing(bucket: Bucket, day: date | None = None) -> list[QuarantinedFile]:
    """Count what is in quarantine, of one day or all, by day and file."""
    found = []
    corrected: dict[date, set[str]] = {}
    for stored in _files(bucket, day):
        its_day = _day(stored)
        if its_day not in corrected:
            corrected[its_day] = corrected_lines(bucket, its_day)
        reasons: Counter[str] = Counter()
        aside = size = again = 0
        for entry in _entries(bucket, stored):
            reasons[entry.reason.value] += 1
            aside += entry.reason.aside
            size += entry.length
            again += entry.sha256 in corrected[its_day]
        total = reasons.total()
        found.append(
            QuarantinedFile(its_day, _source(stored), dict(sorted(reasons.items())), total - aside, aside, size, again)
        )
    return found


def entries(
    bucket: Bucket,
    day: date,
    file: str | None = None,
    line: int | None = None,
    reason: str | None = None,
    *,
    raw: bool = False,
) -> Iterator[Entry]:
    """Yield a day's entries, those that match; the lines themselves only when they are asked for."""
    for stored in _files(bucket, day):
        if file in (None, _source(stored)):
            for entry in _entries(bucket, stored, raw=raw):
                if line in (None, entry.line) and reason in (None, entry.reason.value):
                    yield entry


def corrected_lines(bucket: Bucket, day: date) -> set[str]:
    """Return the digests of a day's quarantined lines of which a correction was replayed."""
    return set[str]().union(*replayed(bucket, day).values())


def replay(bucket: Bucket, courses: Collection[CourseKey], day: date, path: Path, limits: Limits) -> Replay:
    """Put corrected lines into the bucket as one more log file of their day, which makes the day due.

    A line becomes at most one row: whatever was replayed of it before stands.

    :param courses: all of the institution; ``limits`` are those of its logs.
    :param path: entries as they were shown, with ``raw`` corrected.
    :raises Terminal: ``E-QUA-101`` naming the line that cannot be taken: nothing is replayed then.
    """
    given = read_corrections(path)
    _require_places(bucket, day, given, path.name)
    before = dict(pair for corrects in replayed(bucket, day).values() for pair in corrects.items())
    corrects: dict[str, str] = {}
    new, again = [], 0
    for it in given:
        if not it.changed:
            continue
        digest = hashlib.sha256(it.content).hexdigest()
        if before.get(it.sha256, digest) != digest:
            raise refusal(path.name, it.number, "the correction of that line that was replayed before", "another")
        if corrects.setdefault(it.sha256, digest) != digest:
            raise refusal(path.name, it.number, "one correction for all lines that are equal", "another")
        if it.sha256 in before:
            again += 1
        else:
            new.append(it)
    unchanged = sum(not it.changed for it in given)
    if not new:
        return Replay("", 0, unchanged, again)
    new.sort(key=lambda it: (it.file, it.line))
    content = gzip.compress(b"".join(it.content + b"\n" for it in new), mtime=0)
    delivered = [
        name for it in log_files(bucket, day).get(day, []) if not places.is_replay(name := it.name.rsplit("/", 1)[-1])
    ]
    name = places.replay_file(max(delivered, default=new[0].file), hashlib.sha256(content).hexdigest())
    _try(name, content, new, courses, day, path, limits)
    add_replay(bucket, day, name, content, {it.sha256: corrects[it.sha256] for it in new})
    return Replay(places.LOGS + name, len(new), unchanged, again)


def _require_places(bucket: Bucket, day: date, given: Sequence[Correction], name: str) -> None:
    """See to it that each entry is of a line in quarantine, and no two of one line."""
    wanted = {(it.file, it.line, it.sha256) for it in given}
    known = {place for entry in entries(bucket, day) if (place := (entry.file, entry.line, entry.sha256)) in wanted}
    for it in given:
        if (it.file, it.line, it.sha256) not in known:
            found = "another file, line or sha256"
            raise refusal(name, it.number, f"a line that is in quarantine of {day}, and not twice", found)
        known.remove((it.file, it.line, it.sha256))


def _try(
    name: str,
    content: bytes,
    new: Sequence[Correction],
    courses: Collection[CourseKey],
    day: date,
    path: Path,
    limits: Limits,
) -> None:
    """See to it that every corrected line becomes a row."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, name), Path(folder, "out")
        file.write_bytes(content)
        split([file], courses, out, day=day, limits=replace(limits, quarantine_share=1.0))
        again = out / places.quarantine_logs(day) / (name + _SUFFIX)
        if again.exists():
            entry = next(read_entries(again))
            number = new[entry.line - 1].number
            raise refusal(path.name, number, "lines that become rows", f"one that is still {entry.reason}")


def _files(bucket: Bucket, day: date | None) -> list[Stored]:
    found = bucket.objects(places.quarantine_logs(day) if day else "quarantine/logs/")
    return [it for it in found if it.name.endswith(_SUFFIX)]


def _day(stored: Stored) -> date:
    return date.fromisoformat(stored.name.split("/")[-2])


def _source(stored: Stored) -> str:
    return stored.name.rsplit("/", 1)[-1].removesuffix(_SUFFIX)


def _entries(bucket: Bucket, stored: Stored, *, raw: bool = False) -> Iterator[Entry]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "entries")
        bucket.download(stored, path)
        yield from read_entries(path, raw=raw)
