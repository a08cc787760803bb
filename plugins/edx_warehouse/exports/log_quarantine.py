"""The quarantine file of a delivered log file: each line that became no row, with its place, reason and bytes."""

import base64
import hashlib
import json
from pathlib import Path

from isal import igzip

from edx_warehouse.exports.log_lines import LongLine
from edx_warehouse.exports.refusals import Reason

_LEVEL = 2
_PIECE = 3 * 256 * 1024  # a multiple of three: base64 of the pieces is base64 of the whole


class QuarantineFile:
    """Writes entries, one JSON object a line; makes no file when there is none."""

    def __init__(self, path: Path, source: str) -> None:
        self.entries = 0
        self.path = path
        self._source = json.dumps(source)
        self._file: igzip.IGzipFile | None = None

    def add(self, number: int, offset: int, raw: bytes, reason: Reason) -> None:
        r"""Add a line.

        :param number: line in the file, counted from 1.
        :param offset: of the line's first byte in the expanded file.
        :param raw: the exact bytes, without the ``\n``.
        """
        begin = self._begin(number, offset, len(raw), reason, hashlib.sha256(raw).hexdigest())
        self._write(begin + base64.b64encode(raw) + b'"}\n')

    def add_long(self, line: LongLine) -> None:
        """Add a line above the limit, piece by piece."""
        self._write(self._begin(line.number, line.offset, line.length, Reason.TOO_LONG, line.sha256.hex()))
        with line.path.open("rb") as file:
            while piece := file.read(_PIECE):
                self._write(base64.b64encode(piece))
        self._write(b'"}\n')

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()
            self._raw.close()

    def _begin(self, number: int, offset: int, length: int, reason: Reason, sha256: str) -> bytes:
        if self._file is None:
            self._raw = self.path.open("xb")
            self._file = igzip.IGzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._raw, mtime=0)
        self.entries += 1
        return (
            f'{{"file": {self._source}, "line": {number}, "offset": {offset}, "length": {length}, '
            f'"reason": "{reason}", "sha256": "{sha256}", "raw": "'
        ).encode()

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)
