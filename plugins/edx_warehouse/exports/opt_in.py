"""Who of a course's learners wants e-mail: the latest word of each, without address and name."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem
from edx_warehouse.exports.contracts import Broken, Contract
from edx_warehouse.exports.csv_files import BadRow, NotCsv
from edx_warehouse.exports.csv_table import CsvTable, Row, problem_of
from edx_warehouse.exports.people import Keys, People

_SAID = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False, "": None}


def _said(text: str) -> bool | None:
    if text.casefold() not in _SAID:
        raise ValueError("neither yes nor no")
    return _SAID[text.casefold()]


class OptIn:
    """The opt-in files of a week, read for one course.

    :param problems: of files that are held, by name; the others are taken.
    :param quarantined: rows of the files, of any course, that cannot be taken.
    :param unknown: rows of this course whose person has no account in it; they tell nothing and are left out.
    """

    def __init__(self, files: Sequence[Path], course: CourseKey, contract: Contract) -> None:
        self.course = course
        self.problems: dict[str, Problem] = {}
        self.quarantined: list[BadRow] = []
        self.drift: list[str] = []
        self.unknown = 0
        self._rows: list[tuple[Keys, bool, str]] = []
        for path in sorted(files):
            try:
                self._rows += list(self._read(CsvTable(path, contract, {"is_opted_in_for_email": _said})))
            except (Broken, NotCsv) as error:
                self.problems[path.name] = problem_of(error, f"{course} email_opt_in", path.name)

    @property
    def keys(self) -> Iterator[Keys]:
        """By which the persons may be found."""
        return (keys for keys, _, _ in self._rows)

    def rows(self, people: People) -> Iterator[bytes]:
        """Yield ``email_opt_in`` as JSON lines in the order of user_id."""
        latest: dict[int, tuple[str, bool]] = {}
        self.unknown = 0
        for keys, said, when in self._rows:
            user_id = people.user_id(keys)
            if user_id is None:
                self.unknown += 1
            else:
                latest[user_id] = max(latest.get(user_id, ("", False)), (when, said))
        for user_id, (when, said) in sorted(latest.items()):
            row = {"course_id": str(self.course), "user_id": user_id, "is_opted_in_for_email": said}
            yield msgspec.json.encode(row | ({"preference_set_datetime": when} if when else {})) + b"\n"

    def _read(self, table: CsvTable) -> Iterator[tuple[Keys, bool, str]]:
        self.drift += [f"{table.path.name}: {line}" for line in table.drift]
        for row in table.rows():
            if CourseKey.parse_loosely(row["course_id"]) == self.course:
                yield _keys(row), row["is_opted_in_for_email"], _when(row)
        self.quarantined += table.quarantined


def _keys(row: Row) -> Keys:
    user_id = row["user_id"]
    return Keys(str(user_id) if user_id is not None else None, row["username"], email=row["email"])


def _when(row: Row) -> str:
    return row["preference_set_datetime"] or ""
