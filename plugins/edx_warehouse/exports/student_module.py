"""``studentmodule``: the state of each learner in each block, typed, with ids in one form."""

import msgspec

from edx_warehouse.exports.block_ids import block_id
from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.targets import Made, Target
from edx_warehouse.exports.tsv import Values

COLUMNS = (
    "id",
    "module_type",
    "module_id",
    "student_id",
    "state",
    "grade",
    "created",
    "modified",
    "max_grade",
    "done",
    "course_id",
)

_encode = msgspec.json.Encoder().encode


class StudentModule:
    """Turns rows of the export into JSON lines.

    :param other_ids: rows whose block id is of no known form; they keep it.
    """

    target = Target(members=tuple((name, name) for name in COLUMNS), blocks=frozenset({"module_id"}))

    def __init__(self, rows: CourseRows) -> None:
        self._rows = rows
        self.other_ids = 0

    def make(self, columns: dict[str, int], values: Values) -> Made | None:
        """Return one row as a JSON line, None for a row of another course; a column that is NULL is left out.

        :param columns: place of each column in ``values``.
        """
        if not self._rows.own("studentmodule", values[columns["course_id"]]):
            return None
        row = {name: value for name in COLUMNS if (value := values[columns[name]]) is not None}
        canonical = block_id(row["module_id"])
        if canonical is None:
            self.other_ids += 1
        else:
            row["module_id"] = canonical
        row["course_id"] = str(self._rows.course)
        return Made(_encode(row) + b"\n")
