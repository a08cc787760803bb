"""``user_info_combo``: one row per person of a course, from accounts, profiles, enrollments and certificates."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.tsv import Values

#: Per table: the column that names the person, and what is taken, as column of the export -> column of the table.
SOURCES: dict[str, tuple[str, dict[str, str]]] = {
    "users": ("id", {name: name for name in ("username", "email", "is_staff", "last_login", "date_joined")}),
    "profiles": (
        "user_id",
        {
            name: f"profile_{name}"
            for name in (
                "name",
                "language",
                "location",
                "courseware",
                "gender",
                "year_of_birth",
                "level_of_education",
                "allow_certificate",
                "country",
                "city",
            )
        },
    ),
    "enrollment": (
        "user_id",
        {name: f"enrollment_{name}" for name in ("course_id", "created", "is_active", "mode")},
    ),
    "certificates": (
        "user_id",
        {
            name: f"certificate_{name}"
            for name in (
                "id",
                "user_id",
                "grade",
                "course_id",
                "distinction",
                "status",
                "name",
                "created_date",
                "modified_date",
                "error_reason",
                "mode",
            )
        },
    ),
    "user_id_map": ("id", {"hash_id": "id_map_hash_id"}),
}
_MAKE_PERSONS = ("users", "profiles", "enrollment", "certificates")

_encode = msgspec.json.Encoder().encode


class UserInfoCombo:
    """Collects the rows of the tables and gives one row per person.

    Each part of a person's row is kept as the JSON it becomes, the smallest form at hand: about half a kilobyte
    a person.

    :param repeated: per table, rows of a person who had one already.
    """

    def __init__(self, rows: CourseRows) -> None:
        self._rows = rows
        self._parts: dict[str, dict[int, tuple[int | str, bytes]]] = {table: {} for table in SOURCES}
        self.repeated: Counter[str] = Counter()

    def add(self, table: str, columns: dict[str, int], values: Values) -> None:
        """Take one row of a table of :data:`SOURCES`; of several rows of one person the one with the highest id stays.

        :param columns: place of each column in ``values``.
        """
        key, taken = SOURCES[table]
        if "course_id" in taken and not self._rows.own(table, values[columns["course_id"]]):
            return
        course_id = str(self._rows.course)
        part = {
            target: value
            for name, target in taken.items()
            if (value := course_id if name == "course_id" else values[columns[name]]) is not None
        }
        person: int = values[columns[key]]
        # Anonymous ids have no number of their own: the first in text order stays.
        rank = -1 if table == "user_id_map" else values[columns["id"]]
        claim = (rank if rank is not None else -1, _encode(part)[1:-1])
        parts = self._parts[table]
        if (other := parts.get(person)) is not None:
            self.repeated[table] += table != "user_id_map"
            claim = min(claim, other) if table == "user_id_map" else max(claim, other)
        parts[person] = claim

    def rows(self) -> Iterator[bytes]:
        """Give the rows as JSON lines in the order of user_id; a column that is NULL is left out."""
        for person in sorted(set().union(*(self._parts[table] for table in _MAKE_PERSONS))):
            parts = [self._parts[table][person][1] for table in SOURCES if person in self._parts[table]]
            yield b",".join([b'{"user_id":%d' % person, *(part for part in parts if part)]) + b"}\n"
