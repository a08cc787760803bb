"""CSV files as people and survey tools make them: UTF-8 or UTF-16, comma, semicolon or tab, line ends inside quotes."""

import base64
import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import msgspec
from isal import igzip, isal_zlib

_FIELD_LIMIT = 16 * 1024 * 1024  # characters
_LINE_LIMIT = 4 * _FIELD_LIMIT
_SIGNS = ",;\t"
_UNDECODED = re.compile("[\udc80-\udcff]")
_DAMAGE: tuple[type[Exception], ...] = (
    EOFError,
    UnicodeDecodeError,
    gzip.BadGzipFile,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),
)


class NotCsv(Exception):
    """A file that cannot be read to its end.

    :param line: where, counted from 1.
    """

    def __init__(self, expected: str, found: str, line: int) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found
        self.line = line


@dataclass(frozen=True, slots=True)
class Record:
    """One record, which may be several lines.

    :param line: its first line in the file, counted from 1.
    :param cells: empty when it cannot be taken.
    :param text: as it is in the file; bytes that are not UTF-8 as lone surrogates.
    :param reason: why it cannot be taken: ``csv`` (its quotes), ``encoding`` or ``nul``; empty when it can.
    """

    line: int
    cells: list[str]
    text: str
    reason: str = ""

    @property
    def raw(self) -> bytes:
        """The record in UTF-8, with the bytes that were delivered where they are not."""
        return self.text.encode("utf-8", "surrogateescape")


class BadRow(msgspec.Struct, frozen=True):
    """A row in quarantine.

    :param raw: in base64, the row as it was delivered.
    """

    file: str
    line: int
    reason: str
    raw: str

    @classmethod
    def of(cls, record: Record, file: str, reason: str) -> "BadRow":
        """Return a record that cannot be taken."""
        return cls(file, record.line, reason, base64.b64encode(record.raw).decode())


class _Lines:
    """The lines of a file, and which of them the record that is being read has."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.taken: list[str] = []
        self.number = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.stream.readline(_LINE_LIMIT)
        if len(line) == _LINE_LIMIT:
            raise NotCsv(f"lines of less than {_LINE_LIMIT} characters", "a longer one", self.number + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file, gzipped or not, without the blank ones.

    :raises NotCsv: when it is cut or damaged, a quote is never closed, or bytes are of no encoding that has a mark.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    number = 0
    try:
        with _opened(path) as stream:
            sign = _sign(stream)
            lines = _Lines(stream)
            reader = csv.reader(lines, delimiter=sign, strict=True)
            while True:
                lines.taken, number = [], lines.number + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    if lines.ended:
                        raise NotCsv("a closing quote", "the end of the file", number) from error
                    yield Record(number, [], "".join(lines.taken), "csv")
                    continue
                text = "".join(lines.taken)
                if any(cells):
                    reason = _reason(text)
                    yield Record(number, [] if reason else cells, text, reason)
    except _DAMAGE as error:
        raise NotCsv("a whole, readable file", f"{type(error).__name__} while reading", max(number, 1)) from None


def _reason(text: str) -> str:
    if "\0" in text:
        return "nul"
    return "encoding" if not text.isascii() and _UNDECODED.search(text) else ""


def _opened(path: Path) -> TextIO:
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    stream = igzip.open(path, "rb") if zipped else path.open("rb")
    buffered = io.BufferedReader(cast("io.RawIOBase", stream))
    head = buffered.peek(4)[:4]
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # A wrong byte of UTF-8 spoils one record; UTF-16 that is wrong once is wrong from there on.
    encoding, errors = ("utf-16", "strict") if wide else ("utf-8-sig", "surrogateescape")
    return io.TextIOWrapper(buffered, encoding, errors, newline="")


def _sign(stream: TextIO) -> str:
    """Return what stands between the cells of the first line; go back to the beginning."""
    first = stream.readline(_LINE_LIMIT)
    stream.seek(0)
    return max(_SIGNS, key=lambda sign: sum(len(row) for row in csv.reader([first], delimiter=sign)))
