"""Rows of a delivered file as the rows of one table, some columns of it, under the table's names."""

from typing import Any

import msgspec

from edx_warehouse.exports.block_ids import block_id
from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.raw_tables import RawTable
from edx_warehouse.exports.targets import Made, Target
from edx_warehouse.exports.tsv import Values

_COURSE = "course_id"
_encode = msgspec.json.Encoder().encode


class RawRows:
    """Turns rows of a delivered file into JSON lines.

    :param raw: canonical name of the file.
    :param other_ids: ids of blocks that are of no known form; they stay as they are.
    """

    def __init__(self, raw: str, table: RawTable, rows: CourseRows) -> None:
        self.target = Target(members=table.members, blocks=table.blocks)
        self.other_ids = 0
        self._raw = raw
        self._rows = rows
        self._by_course = any(column == _COURSE for column, _ in table.members)

    def make(self, columns: dict[str, int], values: Values) -> Made | None:
        """Return one row as a JSON line, None for a row of another course; a column that is NULL is left out.

        :param columns: place of each column in ``values``.
        """
        if self._by_course and not self._rows.own(self._raw, values[columns[_COURSE]]):
            return None
        row = {}
        for column, name in self.target.members:
            value = str(self._rows.course) if column == _COURSE else values[columns[column]]
            if value is not None:
                row[name] = self._block(value) if column in self.target.blocks else value
        return Made(_encode(row) + b"\n")

    def _block(self, text: Any) -> str:
        canonical = block_id(text)
        if canonical is None:
            self.other_ids += 1
        return text if canonical is None else canonical
