"""``studentmodule``: the state of each learner in each block, typed, with ids in one form."""

import msgspec

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.block_ids import block_id
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

    def __init__(self, course: CourseKey) -> None:
        self._course_id = str(course)
        self.other_ids = 0

    def row(self, columns: dict[str, int], values: Values) -> bytes:
        """Return one row as a JSON line; a column that is NULL is left out.

        :param columns: place of each column in ``values``.
        """
        row = {name: value for name in COLUMNS if (value := values[columns[name]]) is not None}
        canonical = block_id(row["module_id"])
        if canonical is None:
            self.other_ids += 1
        else:
            row["module_id"] = canonical
        row["course_id"] = self._course_id
        return _encode(row) + b"\n"
