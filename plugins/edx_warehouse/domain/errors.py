"""The one tree of errors, and what an error tells.

WarehouseError
├── Terminal    the input or the configuration is wrong: trying again changes nothing
│   └── Held    as Terminal, and the unit waits for a person: what was good before stays served
└── Transient   the outside world is: trying again may help
"""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What went wrong, where, and what to do next. Never holds a learner's data.

    :param code: ``E-<area>-<number>``; each has a page ``docs/runbook/<code>.md``.
    :param unit: the course and day or week that is concerned, as in ``HarvardX/CS50x/2014_T1 2014-11-15``.
    :param expected: what the contract asks for.
    :param found: what was there instead; a type, a name or a count, never a value of a person's.
    :param done: what was done about it.
    :param next: what to do now.
    :param file: file or object concerned.
    :param line: line in the file, counted from 1.
    :param column: column in the line, counted from 1.
    :param offset: byte offset in the (decompressed) file.
    :param field: name of the field concerned.
    """

    code: str
    unit: str
    expected: str
    found: str
    done: str
    next: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    offset: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Return the one line for people."""
        place = " ".join(
            [self.file or ""]
            + [
                f"{name} {value}"
                for name, value in (
                    ("line", self.line),
                    ("column", self.column),
                    ("byte", self.offset),
                    ("field", self.field),
                )
                if value is not None
            ]
        ).strip()
        parts = [
            f"{self.code} {self.unit}",
            place,
            f"expected {self.expected}, found {self.found}",
            self.done,
            f"next: {self.next}",
        ]
        return " · ".join(part for part in parts if part)

    def to_json(self) -> str:
        """Return the one JSON object for machines."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


class WarehouseError(Exception):
    """Any failure that this package knows by name."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    def __reduce__(self) -> tuple[type["WarehouseError"], tuple[Problem]]:
        return type(self), (self.problem,)


class Terminal(WarehouseError):
    """Bad data, SQL or configuration: fail now."""


class Held(Terminal):
    """A unit that waits for a person; what was good before stays served."""


class Transient(WarehouseError):
    """The outside world failed: a retry may help."""
