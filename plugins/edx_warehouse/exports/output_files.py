"""Files of a converted week: gzip with the same bytes for the same content, however many threads compress."""

import hashlib
from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from isal import isal_zlib

from edx_warehouse.exports import gzip_member

_CHUNK = 512 * 1024
_AHEAD = 6  # chunks that may wait for their compression


@dataclass(frozen=True)
class Output:
    """What was written, of the uncompressed content.

    :param sha256: digest.
    :param bytes: size.
    :param rows: rows of a table, documents of a forum dump; None where there is no such thing.
    """

    sha256: str
    bytes: int
    rows: int | None


class OutputFile:
    """One gzip file that is being written, in chunks of one size so that the bytes do not depend on the writer.

    :param executor: compresses chunks.
    """

    def __init__(self, path: Path, executor: Executor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = path.open("xb")
        self._executor = executor
        self._digest = hashlib.sha256()
        self._crc = 0
        self._buffer = bytearray()
        self._compressing: deque[Future[bytes]] = deque()
        self.size = 0
        self._raw.write(gzip_member.HEADER)

    def write(self, content: bytes | memoryview) -> None:
        """Append content; it may be changed afterwards."""
        content, taken = memoryview(content), 0
        while taken < len(content):
            part = content[taken : taken + _CHUNK - len(self._buffer)]
            self._buffer += part
            taken += len(part)
            if len(self._buffer) == _CHUNK:
                self._compress()

    def copy(self, stream: BinaryIO) -> int:
        """Append all of a stream; return how many lines it has."""
        lines, last = 0, b"\n"
        while block := stream.read(_CHUNK):
            lines += block.count(b"\n")
            last = block[-1:]
            self.write(block)
        return lines + (last != b"\n")

    def _compress(self) -> None:
        chunk, self._buffer = self._buffer, bytearray()
        self._compressing.append(self._executor.submit(gzip_member.compressed, chunk))
        self._digest.update(chunk)
        self._crc = isal_zlib.crc32(chunk, self._crc)
        self.size += len(chunk)
        while len(self._compressing) > _AHEAD:
            self._raw.write(self._compressing.popleft().result())

    def output(self, rows: int | None) -> Output:
        """Return what was written; after the file is closed."""
        return Output(self._digest.hexdigest(), self.size, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._raw:
            if kind is not None:
                return
            if self._buffer:
                self._compress()
            while self._compressing:
                self._raw.write(self._compressing.popleft().result())
            self._raw.write(gzip_member.end(self._crc, self.size))
