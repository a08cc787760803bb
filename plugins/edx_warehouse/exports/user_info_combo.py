"""``user_info_combo``: one row per person of a course, from accounts, profiles, enrollments and certificates."""

import msgspec

from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.targets import Made, Target
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
#: Of the tables in that order, so many make a person; the others only add to one.
MAKERS = 4

_encode = msgspec.json.Encoder().encode


class PersonPart:
    """Turns rows of one table of :data:`SOURCES` into their part of a person's row."""

    def __init__(self, table: str, rows: CourseRows) -> None:
        self._table = table
        self._rows = rows
        key, taken = SOURCES[table]
        # Anonymous ids have no number of their own: the first in text order stays.
        rank = None if table == "user_id_map" else "id"
        self.target = Target(members=tuple(taken.items()), person=key, rank=rank)

    def make(self, columns: dict[str, int], values: Values) -> Made | None:
        """Return a row's part, None for a row of another course; a column that is NULL is left out.

        :param columns: place of each column in ``values``.
        """
        target, course_id = self.target, str(self._rows.course)
        by_course = "course_id" in SOURCES[self._table][1]
        if by_course and not self._rows.own(self._table, values[columns["course_id"]]):
            return None
        part = {
            name: value
            for column, name in target.members
            if (value := course_id if column == "course_id" else values[columns[column]]) is not None
        }
        rank = values[columns[target.rank]] if target.rank else None
        return Made(_encode(part)[1:-1], values[columns[target.person or ""]], -1 if rank is None else rank)
