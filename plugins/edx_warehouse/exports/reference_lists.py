"""The lists that an institution's office keeps by hand: courses, and staff with what they may see."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Contract
from edx_warehouse.exports.csv_files import BadRow
from edx_warehouse.exports.csv_table import CsvTable, Row
from edx_warehouse.exports.times import to_date

#: Name of a list to its columns of days.
LISTS = {"course_listing": ("registration_open", "course_launch", "course_wrap"), "staff": ()}


class ReferenceList:
    """One list.

    :param name: ``course_listing`` or ``staff``.
    :param quarantined: rows that cannot be taken; complete after :meth:`rows`.
    :raises NotCsv: when it cannot be read.
    :raises Broken: when its header does not keep the contract.
    """

    def __init__(self, name: str, path: Path, contract: Contract) -> None:
        self.name = name
        self.table = CsvTable(path, contract)

    @property
    def quarantined(self) -> list[BadRow]:
        """Rows that cannot be taken."""
        return self.table.quarantined

    def rows(self) -> Iterator[bytes]:
        """Yield the rows as JSON lines in the order of the file, each once; days as ISO text, NULL left out.

        :raises NotCsv: when the file cannot be read to its end.
        """
        known = set()
        for row in self.table.rows():
            line = msgspec.json.encode({name: it for name, it in self._row(row).items() if it is not None}) + b"\n"
            if line not in known:
                known.add(line)
                yield line

    def _row(self, row: Row) -> Row:
        for column in LISTS[self.name]:
            row[column] = _day(row[column])
        course = CourseKey.parse_loosely(row["course_id"] or "")
        # A staff list may name a group of courses, or nothing for all of them.
        row["course_id"] = str(course) if course else row["course_id"] or ""
        return row


def _day(text: str | None) -> str | None:
    try:
        return to_date(text or "")
    except ValueError:
        return None  # "TBD" is no fault of the list
