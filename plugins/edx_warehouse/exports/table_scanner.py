"""From the lines of a delivered table to CSV and JSON: machine code for ordinary rows, the complete reader for others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.compiled.sixty_four import BEYOND
from edx_warehouse.exports.compiled.table_rows import FULL, Plan, make_rows
from edx_warehouse.exports.compiled.table_values import BLOCK, COURSE, FLOAT, INTEGER, TEXT, TIMESTAMP
from edx_warehouse.exports.compiled.words import PAD
from edx_warehouse.exports.table_blocks import Block
from edx_warehouse.exports.targets import Maker, Target
from edx_warehouse.exports.tsv import ROW_LIMIT, Table, csv_line

_KINDS = {"STRING": TEXT, "INTEGER": INTEGER, "FLOAT": FLOAT, "TIMESTAMP": TIMESTAMP}
_SPARE = 64 * 1024  # for what a row's names and numbers need beyond its own bytes
_PARTS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Scanned:
    """What some rows became: views that are good until the scanner goes on.

    :param rows: how many.
    :param csv: their records.
    :param json: lines, or parts one behind the other.
    :param parts: (n, 4): person, rank, and where each part is in ``json``.
    :param objects: lines or parts.
    """

    rows: int
    csv: memoryview
    json: memoryview
    parts: Any
    objects: int


class TableScanner:
    """Scans the blocks of one table in order.

    :param maker: how JSON is made; None for a table that becomes CSV only.
    """

    def __init__(self, table: Table, course: CourseKey, maker: Maker | None) -> None:
        self._table = table
        self._maker = maker
        self._places = {column.name: place for place, column in enumerate(table.columns)}
        self._plan = _plan(table, course, maker.target if maker else None)
        self._fields = np.zeros(table.layout.width + 1, np.int64)
        self._kinds = np.zeros(len(table.columns), np.int64)
        self._parts = np.zeros((_PARTS, 4), np.int64)
        self._data = self._csv = self._json = np.empty(0, np.uint8)
        self._line = 2

    def scan(self, block: Block) -> Iterator[Scanned]:
        """Yield what the rows of a block become.

        :raises Held: ``E-EXP-102`` at the first row that cannot be taken.
        """
        size = len(block.data)
        self._take(block.data)
        at = 0
        while at < size:
            at, c, j, rows, objects, why = make_rows(
                self._data, at, size, self._plan, self._fields, self._kinds, self._csv, self._json, self._parts
            )
            self._line += rows
            if rows:
                yield Scanned(rows, self._csv[:c].data, self._json[:j].data, self._parts[:objects], objects)
            if why != FULL and at < size:
                end = block.data.find(b"\n", at) + 1 or size
                yield self._read(bytes(block.data[at:end]), block.offset + at)
                at = end

    def _take(self, data: bytes | bytearray) -> None:
        size = len(data)
        if len(self._data) < size + BEYOND:
            self._data = np.empty(size + BEYOND, np.uint8)
            self._csv, self._json = (np.empty(2 * size + _SPARE, np.uint8) for _ in range(2))
        self._data[:size] = np.frombuffer(data, np.uint8)
        self._data[size : size + BEYOND] = 0

    def _read(self, record: bytes, offset: int) -> Scanned:
        texts, values = self._table.read(record, self._line, offset)
        self._line += 1
        made = self._maker.make(self._places, values) if self._maker else None
        csv = memoryview(csv_line(texts).encode())
        if made is None:
            return Scanned(1, csv, memoryview(b""), self._parts[:0], 0)
        self._parts[0] = made.person, made.rank, 0, len(made.json)
        return Scanned(1, csv, memoryview(made.json), self._parts[:1], 1)


def _plan(table: Table, course: CourseKey, target: Target | None) -> Plan:
    columns = table.columns
    places = {column.name: place for place, column in enumerate(columns)}
    kinds = {column.name: _KINDS[column.type] for column in columns}
    texts, courses, members = bytearray(), [], []
    for text in (f'"{course}"', str(course), course.opaque):
        courses.append((len(texts), len(texts) + len(text)))
        texts += text.encode()
    by_course = False
    if target:
        kinds |= dict.fromkeys(target.blocks, BLOCK)
        by_course = any(column == "course_id" for column, _ in target.members)
        for column, name in target.members:
            key = f'"{name}":'.encode()
            kind = COURSE if column == "course_id" else kinds[column]
            members.append((places[column], kind, len(texts), len(texts) + len(key)))
            texts += key
    return Plan(
        columns=np.array(
            [
                (-1 if place is None else place, _KINDS[column.type], column.required)
                for column, place in zip(columns, table.layout.positions, strict=True)
            ],
            np.int64,
        ).reshape(-1, 3),
        members=np.array(members, np.int64).reshape(-1, 4),
        texts=np.frombuffer(bytes(texts + bytes(PAD)), np.uint8),
        courses=np.array(courses, np.int64),
        course=places["course_id"] if by_course else -1,
        whole=int(target is None or target.person is None),
        person=places[target.person] if target and target.person else -1,
        rank=places[target.rank] if target and target.rank else -1,
        width=table.layout.width,
        tail=len(table.line_end),
        mysql=int(table.contract.escaping == "mysql"),
        limit=ROW_LIMIT,
    )
