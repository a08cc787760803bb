"""Guessing what a question asks for, from its answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from edx_warehouse.exports.survey_header import QuestionColumn

TYPES = ("single", "multiple", "text", "number", "matrix")
_MOST_CHOICES = 50
_FEW_CHOICES = 20
_BETWEEN = re.compile(r",(?=\S)")  # survey tools write no blank between choices; people write one in a text
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.]\d+)%?")


def parts_of(answer: str) -> list[str]:
    """Return the choices of an answer in which several may be, in order."""
    return [part.strip() for part in _BETWEEN.split(answer) if part.strip()]


@dataclass
class Answers:
    """What the answers in one column look like; no more values are kept than a question has choices.

    :param filled: answers.
    :param numbers: of these, numbers.
    :param several: of these, some that may be several choices.
    :param parts: all these choices.
    """

    filled: int = 0
    numbers: int = 0
    several: int = 0
    parts: int = 0
    values: set[str] = field(default_factory=set)
    choices: set[str] = field(default_factory=set)

    def add(self, answer: str) -> None:
        """Look at one more answer."""
        parts = parts_of(answer)
        self.filled += 1
        self.numbers += _NUMBER.fullmatch(answer) is not None
        self.several += len(parts) > 1
        self.parts += len(parts)
        _take(self.values, {answer})
        _take(self.choices, set(parts))

    def and_of(self, other: "Answers") -> "Answers":
        """Return what the answers of both look like together."""
        both = Answers(
            self.filled + other.filled,
            self.numbers + other.numbers,
            self.several + other.several,
            self.parts + other.parts,
            set(self.values),
            set(self.choices),
        )
        _take(both.values, other.values)
        _take(both.choices, other.choices)
        return both

    @property
    def has_lists(self) -> bool:
        """Whether answers are lists of choices: a tenth of them at least, of few choices that come again."""
        return (
            self.several > 1
            and self.several * 10 >= self.filled
            and len(self.choices) <= _MOST_CHOICES
            and len(self.choices) < self.parts
        )


def _take(known: set[str], more: set[str]) -> None:
    """Add values until there are more than choices can be."""
    for value in sorted(more):
        if len(known) > _MOST_CHOICES:
            return
        known.add(value)


def question_type(question: QuestionColumn, shared: Sequence[tuple[QuestionColumn, Answers]]) -> str:
    """Guess the type of a column: one of :data:`TYPES`.

    Choices that an export gives as numbers cannot be told from numbers: they are ``number``.

    :param shared: the columns of its question, itself among them, with their answers.
    """
    if question.is_text:
        return "text"
    columns = [answers for column, answers in shared if not column.is_text]
    if len(columns) > 1:
        # A column for each choice holds that choice and nothing else; a row of a table holds the scale's points.
        return "multiple" if all(len(answers.values) <= 1 for answers in columns) else "matrix"
    (answers,) = columns
    if answers.has_lists:
        return "multiple"
    if answers.filled and answers.numbers == answers.filled:
        return "number"
    few = 0 < len(answers.values) <= _FEW_CHOICES and 2 * len(answers.values) <= answers.filled
    return "single" if few else "text"
