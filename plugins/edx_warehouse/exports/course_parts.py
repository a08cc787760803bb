"""The courses' parts of a day: rows go to one spool file in compressed chunks, chunks to one gzip file a course.

Whatever the number of courses, one spool and one part are open. Where a chunk ends depends on the course's rows
alone, so the bytes do not depend on how the work was shared out.
"""

import hashlib
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from isal import isal_zlib

_CHUNK = 128 * 1024
_LEVEL = 2  # the fastest whose bytes repeat
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time, no system
_END = b"\x03\x00"  # an empty last block


@dataclass(slots=True)
class _Rows:
    waiting: list[bytes] = field(default_factory=list)
    waiting_bytes: int = 0
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
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool.open("w+b")
        self._rows: dict[str, _Rows] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, course_id: str, row: bytes) -> None:
        r"""Add a row, which ends without ``\n``."""
        rows = self._rows.get(course_id)
        if rows is None:
            rows = self._rows[course_id] = _Rows()
        rows.waiting.append(row)
        rows.waiting_bytes += len(row) + 1
        if rows.waiting_bytes >= _CHUNK:
            self._spool_out(rows)

    def write(self, course_id: str, path: Path) -> PartFile:
        """Write a course's part as one gzip member, zero rows too."""
        rows = self._rows.pop(course_id, None) or _Rows()
        if rows.waiting:
            self._spool_out(rows)
        sha = hashlib.sha256()
        with path.open("xb") as part:
            for data in self._gzip(rows):
                sha.update(data)
                part.write(data)
            size = part.tell()
        return PartFile(rows.sha.hexdigest(), rows.bytes, sha.hexdigest(), size)

    def _gzip(self, rows: _Rows) -> Any:
        yield _HEADER
        for offset, length in rows.chunks:
            self._spool.seek(offset)
            yield self._spool.read(length)
        yield _END + struct.pack("<II", rows.crc, rows.bytes & 0xFFFFFFFF)

    def _spool_out(self, rows: _Rows) -> None:
        data = b"\n".join(rows.waiting) + b"\n"
        rows.waiting.clear()
        rows.waiting_bytes = 0
        rows.sha.update(data)
        rows.crc = isal_zlib.crc32(data, rows.crc)
        rows.bytes += len(data)
        deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
        chunk = deflate.compress(data) + deflate.flush(isal_zlib.Z_FULL_FLUSH)
        offset = self._spool.seek(0, os.SEEK_END)
        self._spool.write(chunk)
        rows.chunks.append((offset, len(chunk)))
