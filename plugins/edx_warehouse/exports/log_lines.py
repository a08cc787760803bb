"""Reading a delivered log file: its lines in blocks, and nothing that is not wholly there.

Memory is flat: compressed chunks are expanded a piece at a time, a line above the limit goes to a file, and a block has
a bounded number of lines.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

import numpy as np
from isal import isal_zlib

from edx_warehouse.domain.errors import Held, Problem, Transient
from edx_warehouse.domain.limits import Limits

_CHUNK = 128 * 1024
_PIECE = 256 * 1024  # it and a block stay in the processor's cache while they are worked on
_BLOCK = 2 * 1024 * 1024
_LINES = 32 * 1024  # what is kept of each while its block is worked on takes more room than a very short line
_NEWLINE = ord("\n")
_Broken = cast("type[Exception]", isal_zlib.IsalError)  # its stub says that it is an instance
BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r"  # JSON's own, so that nothing else is taken for blank


@dataclass(frozen=True, slots=True)
class Block:
    r"""Whole lines.

    :param number: the first line's number, counted from 1.
    :param offset: the first line's byte offset in the content.
    :param data: the lines, each with its ``\n``, which the last line of a file is given.
    :param lines: how many there are.
    """

    number: int
    offset: int
    data: bytearray
    lines: int


@dataclass(frozen=True, slots=True)
class LongLine:
    r"""A line above the limit, kept in a file.

    :param length: bytes without the ``\n``.
    """

    number: int
    offset: int
    length: int
    sha256: bytes
    path: Path


class LogFile:
    """One delivered file; what is known of it as a whole is right after :meth:`blocks` came to its end.

    :param scratch: directory for a line above the limit.
    """

    def __init__(self, path: Path, unit: str, limits: Limits, scratch: Path) -> None:
        self.path = path
        self.bytes = 0
        self.content_bytes = 0
        self.lines = 0
        self.has_bom = False
        self.whole = False
        self._unit = unit
        self._limits = limits
        self._scratch = scratch
        self._sha = hashlib.sha256()
        self._content_sha = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of the file as delivered."""
        return self._sha.hexdigest()

    @property
    def content_sha256(self) -> str:
        """Digest of what it expands to."""
        return self._content_sha.hexdigest()

    def blocks(self) -> Iterator[Block | LongLine]:
        """Yield the lines in order.

        :raises Held: E-SPL-101 broken gzip, E-SPL-102 empty file, E-SPL-103 expands too far.
        :raises Transient: E-SPL-105 when the file changed while it was read.
        """
        offset = 0
        # One iterator for the whole file: a long line takes some pieces out of its middle.
        pieces = _with_few_lines(self._content())
        data = bytearray()
        searched = lines = 0
        for piece, ends in pieces:
            data += piece
            lines += ends
            while len(data) >= _BLOCK or lines >= _LINES:
                cut = data.rfind(b"\n", searched) + 1
                if cut:
                    rest = data[cut:]
                    del data[cut:]
                    yield self._block(data, offset, lines)
                    offset += cut
                    data, searched, lines = rest, 0, 0
                elif len(data) > self._limits.line_bytes:
                    long, data = self._long_line(pieces, data, offset)
                    self.lines += 1
                    yield long
                    offset += long.length + 1
                    searched, lines = 0, _lines_in(data)
                else:
                    searched = len(data)
                    break
        if data:
            if not data.endswith(b"\n"):
                data += b"\n"
                lines += 1
            yield self._block(data, offset, lines)

    def _block(self, data: bytearray, offset: int, lines: int) -> Block:
        self.lines += lines
        return Block(self.lines - lines + 1, offset, data, lines)

    def read_through(self) -> None:
        """Read to the end for the digests alone; raises as :meth:`blocks`."""
        for _ in self._content():
            pass

    def _long_line(
        self, pieces: Iterator[tuple[bytes, int]], begun: bytearray, offset: int
    ) -> tuple[LongLine, bytearray]:
        path = self._scratch / f"long-line-{self.lines + 1}"
        sha = hashlib.sha256(begun)
        length = len(begun)
        rest = b""
        with path.open("wb") as file:
            file.write(begun)
            for piece, _ in pieces:
                part, newline, rest = piece.partition(b"\n")
                file.write(part)
                sha.update(part)
                length += len(part)
                if newline:
                    break
        return LongLine(self.lines + 1, offset, length, sha.digest(), path), bytearray(rest)

    def _content(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            before = os.fstat(file.fileno())
            for piece in self._expanded(file):
                if not self.content_bytes and piece.startswith(BOM):
                    self.has_bom = True
                self.content_bytes += len(piece)
                self._content_sha.update(piece)
                self._judge_expansion()
                yield piece
        after = self.path.stat()
        if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns):
            raise Transient(
                self._problem("E-SPL-105", "a file that stays as it is while it is read", "a change", "try again later")
            )
        self.whole = True

    def _expanded(self, file: BinaryIO) -> Iterator[bytes]:
        member = None
        members = 0
        while chunk := file.read(_CHUNK):
            self._sha.update(chunk)
            start = self.bytes
            self.bytes += len(chunk)
            while chunk:
                if member is None:
                    if members and not (chunk := chunk.lstrip(b"\0")):
                        break  # zeros pad a file to the end of a tape block
                    at = self.bytes - len(chunk)
                    if not b"\x1f\x8b".startswith(chunk[:2]):
                        self._broken(
                            f"{'bytes that are no gzip member' if members else 'no gzip'}, compressed byte {at}"
                        )
                    member = isal_zlib.decompressobj(wbits=31)
                try:
                    piece = member.decompress(chunk, _PIECE)
                except _Broken:
                    self._broken(f"a corrupt gzip stream, after compressed byte {start}, before {self.bytes}")
                if piece:
                    yield piece
                chunk = member.unused_data if member.eof else member.unconsumed_tail
                if member.eof:
                    member = None
                    members += 1
                    continue
                while len(piece) == _PIECE and not chunk:
                    # All input is taken, but more output may wait inside.
                    if piece := member.decompress(b"", _PIECE):
                        yield piece
        if member is not None:
            self._broken(f"a truncated gzip stream, compressed byte {self.bytes}")
        if not self.bytes:
            raise Held(self._problem("E-SPL-102", "a gzip file", "0 bytes", "ask edX to deliver the file again"))

    def _judge_expansion(self) -> None:
        limits = self._limits
        expanded = self.content_bytes
        if expanded > limits.content_bytes or (
            expanded > limits.expansion_free_bytes and expanded > limits.expansion_ratio * self.bytes
        ):
            raise Held(
                self._problem(
                    "E-SPL-103",
                    f"at most {limits.expansion_ratio} bytes for each compressed byte and {limits.content_bytes} in all",
                    f"more, {expanded} bytes of {self.bytes}",
                    "look at the file; raise the limit if it is right",
                )
            )

    def _broken(self, found: str) -> NoReturn:
        raise Held(self._problem("E-SPL-101", "a whole gzip file", found, "ask edX to deliver the file again"))

    def _problem(self, code: str, expected: str, found: str, mend: str) -> Problem:
        return Problem(
            code=code,
            unit=self._unit,
            file=self.path.name,
            offset=self.content_bytes,  # of the content: what was read well; compressed bytes are in ``found``
            expected=expected,
            found=found,
            done="nothing of this day was published",
            next=mend,
        )


def _lines_in(data: bytes | bytearray) -> int:
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == _NEWLINE))


def _with_few_lines(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Cut pieces that have the ends of more lines than a block should have; yield each with the number of its ends."""
    for piece in pieces:
        lines = _lines_in(piece)
        if lines <= _LINES:
            yield piece, lines
            continue
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == _NEWLINE)[_LINES - 1 :: _LINES] + 1
        for start, end in pairwise([0, *ends.tolist(), len(piece)]):
            yield piece[start:end], min(_LINES, lines)
            lines -= _LINES


def content_digest(path: Path, limits: Limits) -> str:
    """Return the SHA-256 of what a delivered file expands to; raises as :meth:`LogFile.blocks`."""
    file = LogFile(path, path.name, limits, path.parent)
    file.read_through()
    return file.content_sha256
