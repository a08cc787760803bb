"""The one to three header rows of a survey tool's export: column codes, texts, import ids; and what each column is."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from edx_warehouse.exports.contracts import Broken, Contract
from edx_warehouse.exports.times import zone_named

MOST_ROWS = 3
_PLAIN = re.compile(r"[^a-z0-9]")
_QUESTION_ID = re.compile(r"(\d+_)?QID\d.*")
_LEGACY = re.compile(r"V\d+")
_PART = re.compile(r"(?P<question>.+?)_(\d+(_TEXT)?|TEXT)")
_SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_.#-]{0,63}")


@dataclass(frozen=True)
class QuestionColumn:
    """A column with answers.

    :param place: in the row, from 0.
    :param name: its code; unique within the file.
    :param question_id: the code without the choice or row of a table, which several columns share.
    :param text: question as learners read it; None without such a header row.
    :param import_id: the survey tool's own id; None without such a header row.
    """

    place: int
    name: str
    question_id: str
    text: str | None
    import_id: str | None

    @property
    def is_text(self) -> bool:
        """Whether it holds what a learner wrote beside a choice."""
        return self.name.endswith("_TEXT")


@dataclass(frozen=True)
class SurveyHeader:
    """What the columns of an export are.

    :param rows: how many header rows there are.
    :param width: fields in each row.
    :param places: column of the contract to its place; those that are never loaded are not there.
    :param zones: time zones that the header names, by column of the contract.
    :param drift: what is not loaded; for people.
    """

    rows: int
    width: int
    places: Mapping[str, int]
    zones: Mapping[str, tzinfo]
    questions: tuple[QuestionColumn, ...]
    drift: tuple[str, ...]

    def zone(self, column: str) -> tzinfo:
        """Return the time zone of a column of times; UTC when the header does not say."""
        return self.zones.get(column, UTC)


def read_header(first: Sequence[Sequence[str]], contract: Contract) -> SurveyHeader:
    """Find out what the columns are, by name.

    :param first: the first records of the file, at most three.
    :raises Broken: when no column is the id of the response, or a time zone is not known.
    """
    return _Reader(first, contract).read()


class _Reader:
    def __init__(self, first: Sequence[Sequence[str]], contract: Contract) -> None:
        self.contract = contract
        self.known = {_plain(name): it for it in contract.columns for name in (it.name, *it.aliases)}
        self.codes = [code.strip() for code in first[0]] if first else []
        imports = next((place for place in (1, 2) if place < len(first) and _is_import_row(first[place])), None)
        self.imports: list[dict[str, Any]] = [_import_of(cell) for cell in first[imports]] if imports else []
        self.texts = list(first[1]) if imports == 2 or (imports is None and self._is_text_row(first)) else []
        self.rows = 1 + bool(self.texts) + bool(self.imports)

    def read(self) -> SurveyHeader:
        columns = [self._column(place) for place in range(len(self.codes))]
        places: dict[str, int] = {}
        drift = []
        for place, name in enumerate(columns):
            if name in places:
                drift.append(f"column {_shown(self.codes[place])} is {name} once more: not used")
            elif name:
                places[name] = place
        if "response_id" not in places:
            raise Broken(
                "a header with the id of the response, as in ResponseId",
                f"a first row of {len(self.codes)} columns without it",
                "export the survey again with response ids, or add the column's name to the contract",
            )
        loaded = {it.name for it in self.contract.loaded}
        questions, left_out = self._questions({place for place, name in enumerate(columns) if not name})
        drift += [f"column {_shown(self.codes[place])} is embedded data without a contract" for place in left_out]
        return SurveyHeader(
            rows=self.rows,
            width=len(self.codes),
            places={name: place for name, place in places.items() if name in loaded},
            zones=self._zones(places),
            questions=questions,
            drift=tuple(drift),
        )

    def _is_text_row(self, first: Sequence[Sequence[str]]) -> bool:
        """Tell whether the second record is no response: where the response's id should be stands a name of it."""
        if len(first) < 2:
            return False
        ids = [place for place, code in enumerate(self.codes) if self._names(code) == "response_id"]
        cells = [first[1][place] for place in ids if place < len(first[1])] if ids else first[1]
        return any(self._names(cell) == "response_id" for cell in cells)

    def _names(self, text: str) -> str:
        column = self.known.get(_plain(text))
        return column.name if column else ""

    def _column(self, place: int) -> str:
        """Return the column of the contract that stands at a place; empty when it is none."""
        code, import_id = self.codes[place], self._import_id(place) or ""
        found = self._names(code) or ("" if _QUESTION_ID.fullmatch(import_id) else self._names(import_id))
        # A question may well be called "Name" or "Language": its text says nothing when the code says something.
        return found or (self._names(self._text(place) or "") if _LEGACY.fullmatch(code) else "")

    def _text(self, place: int) -> str | None:
        return (self.texts[place].strip() or None) if place < len(self.texts) else None

    def _import_id(self, place: int) -> str | None:
        return str(self.imports[place].get("ImportId") or "") or None if place < len(self.imports) else None

    def _questions(self, others: set[int]) -> tuple[tuple[QuestionColumn, ...], list[int]]:
        named = {place: self.codes[place] or f"column_{place + 1}" for place in sorted(others) if self._is_named(place)}
        left_out = [place for place in named if self._is_embedded_data(place)]
        codes = {place: name for place, name in named.items() if place not in left_out}
        wholes = Counter(code if (match := _PART.fullmatch(code)) is None else match[1] for code in codes.values())
        seen: Counter[str] = Counter()
        questions = []
        for place, code in codes.items():
            seen[code] += 1
            match = _PART.fullmatch(code)
            # motivation_2014 is a question of its own; Q3_1 and Q3_2 are the choices of one, and Q3_TEXT is Q3's.
            shared = match is not None and (wholes[match[1]] > 1 or code.endswith("_TEXT"))
            questions.append(
                QuestionColumn(
                    place=place,
                    name=code if seen[code] == 1 else f"{code}#{seen[code]}",
                    question_id=match[1] if match and shared else code,
                    text=self._text(place),
                    import_id=self._import_id(place),
                )
            )
        return tuple(questions), left_out

    def _is_named(self, place: int) -> bool:
        return bool(self.codes[place] or self._text(place) or self._import_id(place))

    def _is_embedded_data(self, place: int) -> bool:
        """Tell whether a column was added to the survey's link rather than asked: nobody has classified it yet."""
        if self.imports:
            return not _QUESTION_ID.fullmatch(self._import_id(place) or "")
        return bool(self.texts) and self._text(place) == self.codes[place]

    def _zones(self, places: Mapping[str, int]) -> dict[str, tzinfo]:
        zones = {}
        for name, place in places.items():
            zone = self.imports[place].get("timeZone") if place < len(self.imports) else None
            if isinstance(zone, str) and zone:
                try:
                    zones[name] = zone_named(zone)
                except ValueError:
                    raise Broken(
                        f"a time zone of the tz database for {name}", "another name", "export the survey in UTC"
                    ) from None
        return zones


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.casefold())


def _shown(code: str) -> str:
    return code if _SHOWN.fullmatch(code) else "(a name that is no identifier)"


def _is_import_row(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(_import_of(cell).get("ImportId") for cell in filled)


def _import_of(cell: str) -> dict[str, Any]:
    if not cell.strip().startswith("{"):
        return {}
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
