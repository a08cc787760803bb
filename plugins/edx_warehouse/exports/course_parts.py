"""The courses' parts of a day: rows go to one spool file in compressed chunks, chunks to one gzip file a course.

Whatever the number of courses, one spool and one part are open. Where a chunk ends depends on the rows alone, so the
bytes do not depend on how the work was shared out.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from isal import isal_zlib

from edx_warehouse.exports import gzip_member

_CHUNK = 128 * 1024
_WAITING = 48 * 1024 * 1024  # bytes of all courses that are kept for fuller chunks
_AHEAD = 64  # chunks that may wait for their compression


@dataclass(slots=True)
class _Rows:
    waiting: bytearray = field(default_factory=bytearray)
    chunks: list[tuple[int, int]] = field(default_factory=list)
    sha: Any = field(default_factory=hashlib.sha256)
    crc: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class PartFile:
    """A course's part as written."""

    content_sha256: str
    content_bytes: int
    sha256: str
    bytes: int


class CourseParts:
    """Collects rows by course.

    :param spool: path for the spool file; removed by the caller with its directory.
    :param executor: compresses chunks.
    """

    def __init__(self, spool: Path, executor: Executor) -> None:
        self._spool = spool.open("w+b")
        self._executor = executor
        self._rows: dict[str, _Rows] = {}
        self._waiting_bytes = 0
        self._compressing: deque[tuple[_Rows, Future[bytes]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, course_id: str, rows: memoryview) -> None:
        r"""Add rows, each of which ends with ``\n``."""
        its = self._rows.get(course_id)
        if its is None:
            its = self._rows[course_id] = _Rows()
        its.waiting += rows  # copied: a view of them would keep the rows of all courses
        self._waiting_bytes += len(rows)
        if len(its.waiting) >= _CHUNK:
            self._compress(its)
        if self._waiting_bytes >= _WAITING:
            for every in self._rows.values():
                if every.waiting:
                    self._compress(every)

    def write(self, course_id: str, path: Path) -> PartFile:
        """Write a course's part as one gzip member, zero rows too."""
        rows = self._rows.pop(course_id, None) or _Rows()
        if rows.waiting:
            self._compress(rows)
        while any(its is rows for its, _ in self._compressing):
            self._spool_out()
        sha = hashlib.sha256()
        with path.open("xb") as part:
            for data in self._gzip(rows):
                sha.update(data)
                part.write(data)
            size = part.tell()
        return PartFile(rows.sha.hexdigest(), rows.bytes, sha.hexdigest(), size)

    def _gzip(self, rows: _Rows) -> Iterator[bytes]:
        yield gzip_member.HEADER
        for offset, length in rows.chunks:
            self._spool.seek(offset)
            yield self._spool.read(length)
        yield gzip_member.end(rows.crc, rows.bytes)

    def _compress(self, rows: _Rows) -> None:
        data, rows.waiting = rows.waiting, bytearray()
        self._waiting_bytes -= len(data)
        rows.sha.update(data)
        rows.crc = isal_zlib.crc32(data, rows.crc)
        rows.bytes += len(data)
        self._compressing.append((rows, self._executor.submit(gzip_member.compressed, data)))
        while len(self._compressing) > _AHEAD:
            self._spool_out()

    def _spool_out(self) -> None:
        rows, future = self._compressing.popleft()
        chunk = future.result()
        offset = self._spool.seek(0, os.SEEK_END)
        self._spool.write(chunk)
        rows.chunks.append((offset, len(chunk)))
