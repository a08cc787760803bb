"""Parameters of reports: what a person may put in, and the typed values that BigQuery binds. Nothing is formatted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from edx_warehouse.hooks.reading import Value

TYPES = {"text": "text", "integer": "number", "number": "number", "date": "date", "choice": "text"}
"""Types of parameters, each with the type of the field in HTML that asks for it."""

_LONGEST = 200
_LARGEST = 2**53


@dataclass(frozen=True)
class Parameter:
    """One value that a report asks for; in its SQL ``@name``.

    :param type: one of :data:`TYPES`; BigQuery gets STRING, INT64, FLOAT64 or DATE.
    :param default: as text.
    :param choices: of the type ``choice``, all texts that may be chosen.
    """

    name: str
    title: str
    type: str = "text"
    default: str = ""
    choices: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Return the type of the HTML field."""
        return TYPES[self.type]

    def value(self, text: str) -> Value:
        """Return a text as a value to bind.

        :raises ValueError: when the text is none of the type.
        """
        if len(text) > _LONGEST:
            raise ValueError(f"longer than {_LONGEST} characters")
        match self.type:
            case "integer":
                number = int(text)
                if abs(number) > _LARGEST:
                    raise ValueError("too large")
                return number
            case "number":
                decimal = float(text)
                if not abs(decimal) <= _LARGEST:
                    raise ValueError("too large, or no number")
                return decimal
            case "date":
                return date.fromisoformat(text)
            case "choice" if text not in self.choices:
                raise ValueError("none of the choices")
        return text


def values(parameters: tuple[Parameter, ...], asked: Mapping[str, str]) -> dict[str, Value]:
    """Return a value for each parameter: what was asked for, or the default.

    :raises ValueError: naming the parameters that have no value of their type.
    """
    found: dict[str, Value] = {}
    wrong = []
    for it in parameters:
        try:
            found[it.name] = it.value(asked.get(it.name, it.default))
        except ValueError:
            wrong.append(it.name)
    if wrong:
        raise ValueError(", ".join(wrong))
    return found


def texts(parameters: tuple[Parameter, ...], asked: Mapping[str, Any]) -> dict[str, str]:
    """Return what each field shows."""
    return {it.name: str(asked.get(it.name, it.default)) for it in parameters}
