"""Files of a converted week: gzip with the same bytes for the same content, whoever writes it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from isal import igzip

_LEVEL = 2
_BLOCK = 1 << 20


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
    """One gzip file that is being written, in blocks of one size so that the compressed bytes do not depend on the writer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = path.open("xb")
        self._gzip = igzip.IGzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._raw, mtime=0)
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self.size = 0

    def write(self, content: bytes) -> None:
        """Append content."""
        self._buffer += content
        while len(self._buffer) >= _BLOCK:
            self._flush(_BLOCK)

    def copy(self, stream: BinaryIO) -> int:
        """Append all of a stream; return how many lines it has."""
        lines, last = 0, b"\n"
        while block := stream.read(_BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
            self.write(block)
        return lines + (last != b"\n")

    def _flush(self, size: int) -> None:
        block = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._digest.update(block)
        self._gzip.write(block)
        self.size += len(block)

    def output(self, rows: int | None) -> Output:
        """Return what was written; after the file is closed."""
        return Output(self._digest.hexdigest(), self.size, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush(len(self._buffer))
            self._gzip.close()
        finally:
            self._raw.close()
