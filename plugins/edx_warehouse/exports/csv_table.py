"""A small table that comes as CSV and has a contract: e-mail opt-in, course listing, staff list."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Problem
from edx_warehouse.exports.contracts import Broken, Contract
from edx_warehouse.exports.csv_files import BadRow, NotCsv, Record, read_records
from edx_warehouse.exports.times import to_utc
from edx_warehouse.exports.values import filled, integer, number

type Row = dict[str, Any]

_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "STRING": filled,
    "INTEGER": integer,
    "FLOAT": number,
    "TIMESTAMP": to_utc,
}


class CsvTable:
    """A file whose header keeps its contract.

    :param parsers: of columns whose texts are more than their type says; ValueError refuses a text.
    :param quarantined: rows that cannot be taken; complete after :meth:`rows`.
    :param drift: what differs from the contract and was accepted.
    :raises NotCsv: when it cannot be read.
    :raises Broken: when its header does not keep the contract.
    """

    def __init__(
        self, path: Path, contract: Contract, parsers: Mapping[str, Callable[[str], Any]] | None = None
    ) -> None:
        self.path = path
        self.parsers = parsers or {}
        self.quarantined: list[BadRow] = []
        header = next((record.cells for record in islice(read_records(path), 1)), [])
        self.layout = contract.layout([name.strip() for name in header])
        self.drift = self.layout.drift

    def rows(self) -> Iterator[Row]:
        """Yield the rows, typed; a value that is not there is None.

        :raises NotCsv: when the file cannot be read to its end.
        """
        self.quarantined = []
        for record in islice(read_records(self.path), 1, None):
            found = record.reason or self._row(record)
            if isinstance(found, dict):
                yield found
            else:
                self.quarantined.append(BadRow.of(record, self.path.name, found))

    def _row(self, record: Record) -> Row | str:
        """Return the row, or the reason why it is none."""
        if len(record.cells) != self.layout.width:
            return "fields"
        row: Row = {}
        for column, place in zip(self.layout.columns, self.layout.positions, strict=True):
            text = record.cells[place].strip() if place is not None else ""
            try:
                row[column.name] = self.parsers.get(column.name, _PARSERS[column.type])(text)
            except ValueError:
                return "value"
            if column.required and row[column.name] is None:
                return "value"
        return row


def problem_of(error: Broken | NotCsv, unit: str, file: str) -> Problem:
    """Return why a file is held: ``E-SRV-102`` when it cannot be read, ``E-SRV-104`` when its header is wrong."""
    return Problem(
        code="E-SRV-104" if isinstance(error, Broken) else "E-SRV-102",
        unit=unit,
        file=file,
        line=1 if isinstance(error, Broken) else error.line,
        expected=error.expected,
        found=error.found,
        done="this file is held, what was taken of an earlier one stays, all else goes on",
        next=error.mend if isinstance(error, Broken) else "put the whole file in the place of this one",
    )
