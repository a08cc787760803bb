"""What a table's rows become beside CSV: lines of JSON, or parts of persons' rows."""

from dataclasses import dataclass
from typing import Protocol

from edx_warehouse.exports.tsv import Values


@dataclass(frozen=True)
class Target:
    """The JSON of a table.

    :param members: column of the export and its name in the JSON object, in order; ``course_id`` is always the
        course's own, and of a table that has it only the course's own rows are taken.
    :param blocks: columns that are ids of content blocks.
    :param person: column with the person whose part a row is; None when each object is a line of its own.
    :param rank: column that decides between parts of one person; -1 is their rank when there is none.
    """

    members: tuple[tuple[str, str], ...]
    blocks: frozenset[str] = frozenset()
    person: str | None = None
    rank: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a row became.

    :param json: a line, or a part: members without braces.
    :param person: whose part it is; 0 for a line.
    :param rank: decides between parts of one person.
    """

    json: bytes
    person: int = 0
    rank: int = 0


class Maker(Protocol):
    """The complete way from a row to its JSON; machine code goes it for ordinary rows."""

    target: Target

    def make(self, columns: dict[str, int], values: Values) -> Made | None:
        """Return what a row becomes; None for a row of another course.

        :param columns: place of each column in ``values``.
        """
