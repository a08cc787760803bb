"""From a block of log lines to what becomes of each: machine code for the ordinary ones, Python for all others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.compiled.line_course import JUNK, STRANGER, Courses
from edx_warehouse.exports.compiled.line_members import new_room
from edx_warehouse.exports.compiled.log_rows import (
    BLANK,
    DUPLICATE,
    NO_COURSE,
    ROW,
    UNKNOWN_COURSE,
    UNLEARNED,
    Day,
    gather,
    make_rows,
)
from edx_warehouse.exports.compiled.names import NAMES
from edx_warehouse.exports.compiled.spellings import Texts
from edx_warehouse.exports.compiled.words import PAD
from edx_warehouse.exports.course_of_event import CourseFinder, html_prefix
from edx_warehouse.exports.event_row import FIRST_DATE, Event, RowMaker, last_date
from edx_warehouse.exports.log_lines import BLANKS, BOM, Block
from edx_warehouse.exports.refusals import Reason, Refused
from edx_warehouse.exports.seen_lines import EarlierLines

_REASONS = {NO_COURSE: Reason.NO_COURSE, UNKNOWN_COURSE: Reason.UNKNOWN_COURSE}
_LINES = 8192
_DATES = 10**8  # more than any date as YYYYMMDD
_SPARE = 16 * 1024 * 1024  # never touched, so never there, but for lines that grow much


class RefusedLine(msgspec.Struct, frozen=True, gc=False):
    """A line that became no row: its number, byte offset in the content, bytes and reason."""

    number: int
    offset: int
    raw: bytes
    reason: Reason


@dataclass(slots=True)
class Scanned:
    r"""What became of a block's lines.

    :param rows: by course's number, its rows in order, each with its ``\n``.
    :param dates: by course's number and date (YYYYMMDD), how many rows.
    :param digests: of the lines that are neither blank nor duplicates, (n, 2) words.
    """

    lines: int
    blank: int
    duplicates: int
    digests: Any
    rows: list[tuple[int, memoryview]] = field(default_factory=list)
    dates: list[tuple[int, int, int]] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    slow: int = 0


class LineScanner:
    """Scans blocks of one delivered day, one at a time; what it learns on the way changes its speed only.

    :param courses: sorted; their places are their numbers.
    :param key: secret of the digests, two words; the same for all scanners of a day.
    """

    def __init__(self, courses: Sequence[CourseKey], day: date, limits: Limits, key: Any) -> None:
        self._courses = list(courses)
        self._numbers = {str(course): number for number, course in enumerate(self._courses)}
        self._finder = CourseFinder(self._courses)
        self._maker = RowMaker(self._finder, day, limits.depth)
        self._limits = limits
        self._names = Texts()
        for number, name in enumerate(NAMES):
            self._names.add(name.encode(), number)
        self._learned = Texts()
        self._learn()
        self._texts = _texts_of(self._courses)
        self._day = day
        self._dates = np.array([int(it.replace("-", "")) for it in (FIRST_DATE, last_date(day))], np.int64)
        self._key = key
        self._room = new_room(limits.depth)
        self._rows = _room_for(0)
        self._lines = np.zeros((_LINES, 7), np.int64)
        self._digests = np.zeros((_LINES, 2), np.uint64)

    def scan(self, block: Block, file: str, earlier: EarlierLines) -> Scanned:
        """Return each line's fate.

        :param file: base name of the delivered file.
        :param earlier: digests of the lines of the day's files before this one, which are dropped.
        """
        if block.lines > len(self._lines):
            self._lines = np.zeros((2 * block.lines, 7), np.int64)
            self._digests = np.zeros((2 * block.lines, 2), np.uint64)
        if len(self._rows) < 2 * len(block.data) + _SPARE:
            self._rows = _room_for(len(block.data))
        size = len(block.data)
        block.data.extend(bytes(PAD))  # in place: a copy would be as large as the block, and not in the cache
        data = np.frombuffer(block.data, np.uint8)
        n, end = self._make(data, size, block.number, file, self._rows, self._lines, self._digests)
        del data, block.data[size:]
        lines, digests = self._lines[:n], self._digests[:n]
        there = lines[:, 2] != BLANK
        there[there] = ~earlier.has(digests[there])
        lines[~there & (lines[:, 2] != BLANK), 2] = DUPLICATE
        result = Scanned(
            lines=n,
            blank=int(np.count_nonzero(lines[:, 2] == BLANK)),
            duplicates=int(np.count_nonzero(lines[:, 2] == DUPLICATE)),
            digests=digests[there].copy(),
        )
        self._take_others(block, file, lines, end, result)
        self._share_out(lines, result)
        return result

    def _make(
        self, data: Any, size: int, number: int, file: str, rows: Any, lines: Any, digests: Any
    ) -> tuple[int, int]:
        day = Day(
            self._names.table,
            self._learned.table,
            self._texts,
            _array(f',"source_file":{json.dumps(file)},"log_date":"{self._day}"}}'.encode()),
            self._dates,
            self._key,
        )
        made: tuple[int, int] = make_rows(
            data, size, number, self._limits.line_bytes, day, self._room, rows, lines, digests
        )
        return made

    def _take_others(self, block: Block, file: str, lines: Any, end: int, result: Scanned) -> None:
        for k in np.flatnonzero((lines[:, 2] != ROW) & (lines[:, 2] != BLANK) & (lines[:, 2] != DUPLICATE)).tolist():
            begin, stop, fate = lines[k, :3].tolist()
            raw = bytes(block.data[begin:stop])
            number = block.number + k
            if reason := _REASONS.get(fate):
                result.refused.append(RefusedLine(number, block.offset + begin, raw, reason))
                continue
            result.slow += 1
            try:
                event = self._make_slowly(raw, file, number)
            except Refused as refused:
                result.refused.append(RefusedLine(number, block.offset + begin, raw, refused.reason))
                continue
            row = self._make_again(raw, file, number) if fate == UNLEARNED else None
            row = row or event.row + b"\n"
            if end + len(row) > len(self._rows):
                self._rows = np.concatenate([self._rows, _room_for(len(row))])
            self._rows[end : end + len(row)] = np.frombuffer(row, np.uint8)
            course, when = self._numbers[event.course_id], int(event.date.replace("-", ""))
            lines[k, 2:] = ROW, end, end + len(row), course, when
            end += len(row)

    def _make_slowly(self, raw: bytes, file: str, number: int) -> Event:
        if len(raw) > self._limits.line_bytes:
            raise Refused(Reason.TOO_LONG)
        line = raw.strip(BLANKS)
        if number == 1:
            line = line.removeprefix(BOM).strip(BLANKS)
        try:
            return self._maker.make(line, file, number)
        finally:
            self._learn()

    def _learn(self) -> None:
        spellings = self._finder.spellings
        if len(spellings) < len(self._learned):  # it forgot what it had, to stay small
            self._learned = Texts()
        for text, found in islice(spellings.items(), len(self._learned), None):
            number = JUNK
            if found is not None:
                number = self._numbers[found.course_id] if found.known else STRANGER
            self._learned.add(text.encode(), number)

    def _make_again(self, raw: bytes, file: str, number: int) -> bytes | None:
        """Return the row of a line whose course is known by now; that another scanner knew it before must not show."""
        lines, digests = np.zeros((1, 7), np.int64), np.zeros((1, 2), np.uint64)
        rows = np.empty(16 * len(raw) + 8192, np.uint8)
        _, end = self._make(_array(raw + b"\n"), len(raw) + 1, number, file, rows, lines, digests)
        return bytes(rows[:end]) if lines[0, 2] == ROW else None

    def _share_out(self, lines: Any, result: Scanned) -> None:
        rows = lines[lines[:, 2] == ROW]
        starts, at = np.zeros((2, len(self._courses) + 1), np.int64)
        shared = np.empty(int((rows[:, 4] - rows[:, 3]).sum()), np.uint8)
        gather(self._rows, rows, starts, at, shared)
        data = memoryview(shared)
        result.rows = [(k, data[starts[k] : starts[k + 1]]) for k in np.flatnonzero(np.diff(starts)).tolist()]
        pairs, times = np.unique(rows[:, 5] * _DATES + rows[:, 6], return_counts=True)
        result.dates = [(*divmod(it, _DATES), count) for it, count in zip(pairs.tolist(), times.tolist(), strict=True)]


def _room_for(size: int) -> Any:
    return np.empty(2 * size + _SPARE, np.uint8)


def _array(data: bytes) -> Any:
    return np.frombuffer(bytearray(data + bytes(PAD)), np.uint8)


def _texts_of(courses: Sequence[CourseKey]) -> Courses:
    texts, spans = bytearray(), []
    for course in courses:
        span = []
        for text in (str(course), html_prefix(course), f"{course.org}/{course.course}/"):
            span.append(len(texts))
            texts += text.encode()
            span.append(len(texts))
        spans.append(span)
    return Courses(_array(bytes(texts)), np.array(spans, np.int64).reshape(-1, 6))


def compile_ahead() -> None:
    """Compile all that a scan needs, unless it is compiled."""
    scanner = LineScanner([], date(2020, 1, 1), Limits(), np.array([0, 0], np.uint64))
    scanner.scan(Block(1, 0, bytearray(b"{}\n"), 1), "compile", EarlierLines())


if __name__ == "__main__":
    compile_ahead()
