"""The tables of a weekly export: tab-separated text with MySQL's escapes, and the CSV that is made of it.

Delivered: one LF after each record, a header line, ``NULL`` as four letters, and tab, newline, carriage return and
backslash within a field as two characters. The ``studentmodule`` table only doubles its backslashes.

Written: CSV with a header, where NULL is an empty field and every other value, the empty text too, is quoted.
BigQuery's default reading, PostgreSQL's ``COPY … CSV`` and Python's ``csv.QUOTE_NOTNULL`` all tell the two apart.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.contracts import Broken, Column, Contract, Layout
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.values import PARSERS

NULL = "NULL"
ROW_LIMIT = 64 * 1024 * 1024  # bytes; edX itself drops rows with a field of more than 4 MB
_HEADER_LIMIT = 64 * 1024

_ESCAPED = re.compile(r"\\([tnr\\])")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}

type Values = list[Any]
type Texts = list[str | None]


def unescape(text: str) -> str:
    r"""Undo MySQL's ``\t``, ``\n``, ``\r`` and ``\\``; a backslash before anything else stays."""
    return _ESCAPED.sub(lambda match: _PLAIN[match[1]], text)


def halve(text: str) -> str:
    """Undo doubled backslashes, the only escape in the ``studentmodule`` table."""
    return text.replace("\\\\", "\\")


_DECODERS: dict[str, Callable[[str], str]] = {"mysql": unescape, "doubled_backslashes": halve}


def csv_line(values: Iterable[str | None]) -> str:
    """Return one record: NULL as an empty field, all else in quotes."""
    cells = [
        "" if value is None else f'"{value.replace('"', '""')}"' if '"' in value else f'"{value}"' for value in values
    ]
    return ",".join(cells) + "\n"


class Table:
    """One delivered table whose header keeps its contract.

    :param drift: what was undone of the file's form; how its columns differ is in ``layout``.
    :param unparsable: per column, values that were not of its type and became NULL; complete after reading.
    :raises Held: ``E-EXP-101`` when the header does not keep the contract.
    """

    def __init__(self, delivered: Delivered, contract: Contract) -> None:
        self.delivered = delivered
        self.contract = contract
        self.unparsable: Counter[str] = Counter()
        with delivered.open() as stream:
            self._header = _Header(delivered, stream)
        self.layout = self._layout()
        self.drift = self._header.drift
        self._decode = _DECODERS[contract.escaping]
        self._parsers = [
            (position, PARSERS[column.type], column)
            for position, column in enumerate(self.columns)
            if column.type != "STRING" or column.required
        ]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of :meth:`read`, in contract order, without those that are never loaded."""
        return self.layout.columns

    def _layout(self) -> Layout:
        try:
            return self.contract.layout(self._header.names)
        except Broken as error:
            raise self.delivered.held(
                "E-EXP-101", expected=error.expected, found=error.found, next=error.mend, line=1
            ) from error

    @property
    def line_end(self) -> bytes:
        """What ends each line: that of the header."""
        return self._header.line_end

    @contextmanager
    def body(self) -> Iterator[tuple[BinaryIO, int]]:
        """Open the file behind its header: the stream, and its byte offset.

        :raises Held: ``E-EXP-104`` when the file is damaged.
        """
        with self.delivered.open() as stream:
            stream.read(self._header.length)
            yield stream, self._header.length

    def read(self, record: bytes, line: int, offset: int) -> tuple[Texts, Values]:
        """Read one row: the decoded texts as delivered, and the typed values (TIMESTAMP as ISO text in UTC).

        :param record: the line with its end; without one when the file has none or it lies beyond the limit.
        :param line: its number, the header being 1.
        :param offset: byte offset of the record in the content.
        :raises Held: ``E-EXP-102`` with line, byte offset and field when the row cannot be taken.
        """
        fields = self._fields(record, line, offset)
        texts: Texts = [
            None
            if place is None or (field := fields[place]) == NULL
            else self._decode(field)
            if "\\" in field
            else field
            for place in self.layout.positions
        ]
        values: Values = texts.copy()
        for position, parse, column in self._parsers:
            text = texts[position]
            value = None
            if text is not None:
                try:
                    value = parse(text)
                except ValueError:
                    if not column.required:
                        self.unparsable[column.name] += 1
            if value is None and column.required:
                raise self._bad_row(line, offset, f"a value of type {column.type}", _kind(text), column.name)
            values[position] = value
        return texts, values

    def _fields(self, record: bytes, line: int, offset: int) -> Sequence[str]:
        end = self._header.line_end
        if not record.endswith(end) or len(record) > ROW_LIMIT:
            found = "a longer row" if len(record) > ROW_LIMIT else "none: the last row may be cut"
            raise self._bad_row(line, offset, f"the line end of the header within {ROW_LIMIT} bytes", found)
        try:
            text = record[: -len(end)].decode()
        except UnicodeDecodeError as error:
            field = self._field_at(record[: error.start].count(b"\t"))
            raise self._bad_row(line, offset + error.start, "UTF-8", "other bytes", field) from None
        if "\0" in text:
            field = self._field_at(text[: text.index("\0")].count("\t"))
            raise self._bad_row(line, offset, "text", "a NUL character", field)
        fields = text.split("\t")
        if len(fields) != self.layout.width:
            raise self._bad_row(line, offset, f"{self.layout.width} fields", str(len(fields)))
        return fields

    def _field_at(self, place: int) -> str | None:
        """Return the contract's name of the column at a place; None for a column the contract does not have."""
        names = self._header.names
        known = {alias for column in self.contract.columns for alias in (column.name, *column.aliases)}
        return names[place] if place < len(names) and names[place] in known else None

    def _bad_row(self, line: int, offset: int, expected: str, found: str, field: str | None = None) -> Held:
        return self.delivered.held(
            "E-EXP-102",
            expected=expected,
            found=found,
            next="ask edX for a corrected export",
            line=line,
            offset=offset,
            field=field,
        )


def _kind(text: str | None) -> str:
    if text is None:
        return NULL
    return "an empty text" if text == "" else "another text"


class _Header:
    """The first line of a table, without its byte order mark and line end."""

    def __init__(self, delivered: Delivered, stream: BinaryIO) -> None:
        first = stream.readline(_HEADER_LIMIT)
        self.length = len(first)
        self.drift: list[str] = []
        if not first:
            raise self._held(delivered, "a header line", "an empty file")
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise self._held(delivered, "UTF-8", "a file that looks like UTF-16")
        if first.startswith(codecs.BOM_UTF8):
            first = first.removeprefix(codecs.BOM_UTF8)
            self.drift.append("byte order mark stripped")
        if len(first) == _HEADER_LIMIT:
            raise self._held(delivered, "a header line", f"a first line of more than {_HEADER_LIMIT} bytes")
        self.line_end = b"\r\n" if first.endswith(b"\r\n") else b"\n"
        if self.line_end == b"\r\n":
            self.drift.append("lines end in CR LF")
        try:
            self.names = first.removesuffix(self.line_end).decode().split("\t")
        except UnicodeDecodeError:
            raise self._held(delivered, "UTF-8", "other bytes in the first line") from None

    @staticmethod
    def _held(delivered: Delivered, expected: str, found: str) -> Held:
        return delivered.held(
            "E-EXP-101", expected=expected, found=found, next="ask edX for a corrected export", line=1
        )
