"""How a course's weekly export differs from what was agreed and from the week before, and what that means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.domain.limits import WeekLimits
from edx_warehouse.exports.contracts import Broken, Change, Contracts
from edx_warehouse.exports.convert import ConvertedWeek
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.document_keys import new_keys
from edx_warehouse.exports.tsv import Table
from edx_warehouse.exports.weekly_files import DOCUMENTS, MAY_BE_ABSENT, REQUIRED

_FORUM = "forum"
ACCEPTED, HELD, RELEASED = "accepted", "held", "released"
_AS_IT_IS = "ask edX for a corrected export, or release the week to take it as it is"
#: What to do about each kind.
NEXT: Mapping[str, str] = {
    "added": "classify the column in include/schemas/raw/{file}.yaml",
    "removed": "ask edX; if it is gone for good, make the column optional in include/schemas/raw/{file}.yaml",
    "renamed": "look at the file; if the guess is right, add the new name to the column's aliases in "
    "include/schemas/raw/{file}.yaml",
    "reordered": "nothing",
    "retyped": "look at the column; if it has another type now, change it in include/schemas/raw/{file}.yaml; else "
    + _AS_IT_IS,
    "unreadable": "ask edX for a corrected export",
    "partial": "wait for the rest of the delivery, or ask edX",
    "absent": "ask edX whether the table is gone for good",
    "unknown_table": "classify its columns in include/schemas/raw/{file}.yaml",
    "header_only": _AS_IT_IS,
    "shrunken": _AS_IT_IS,
    "note": "nothing",
}


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One difference. Never holds a learner's data: names of columns and files, and counts.

    :param kind: a key of ``NEXT``.
    :param file: canonical name of the table or document.
    :param policy: accepted, held (nothing of the week is taken), or released (an operator took it as it is).
    :param found: a sentence for people.
    :param since: the first of the weeks without a gap in which it was so.
    """

    kind: str
    file: str
    found: str
    column: str | None = None
    policy: str = ACCEPTED
    since: date | None = None

    @property
    def next(self) -> str:
        """What to do about it."""
        return NEXT[self.kind].format(file=self.file)

    @property
    def key(self) -> tuple[str, ...]:
        """What stays the same from week to week while it goes on."""
        words = re.sub(r"\d+", "", self.found) if self.kind == "note" else ""
        return self.kind, self.file, self.column or "", words

    def __str__(self) -> str:
        """Return the sentence, with its file."""
        return f"{self.file}: {self.found}"

    def to_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {**asdict(self), "since": str(self.since) if self.since else None, "next": self.next}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Drift":
        """Read what :meth:`to_dict` gave."""
        fields = {name: document[name] for name in ("kind", "file", "found", "column", "policy")}
        return cls(**fields, since=date.fromisoformat(document["since"]) if document["since"] else None)


@dataclass(frozen=True)
class Earlier:
    """The newest good week before this one.

    :param rows: of each file that had rows to count, by canonical name.
    :param files: canonical names of all its files.
    :param since: of its drift, by :attr:`Drift.key`.
    :param columns: of each table, as :class:`ConvertedFile` has them; of a week that was converted before they were
        written down, none.
    """

    week: date
    rows: Mapping[str, int]
    files: frozenset[str]
    since: Mapping[tuple[str, ...], date] = field(default_factory=dict)
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, week: date, manifest: Mapping[str, Any], drift: Iterable[Drift]) -> "Earlier":
        """Read what :meth:`ConvertedWeek.to_json` gave, now or in an earlier version."""
        files = manifest["files"]
        return cls(
            week=week,
            rows={it["name"]: it["rows_in"] for it in files if it["rows_in"] is not None},
            files=frozenset(it["name"] for it in files),
            since={it.key: it.since for it in drift if it.since},
            columns={it["name"]: frozenset(it["columns"]) for it in files if "columns" in it},
        )

    def had(self, file: str, column: str) -> bool:
        """Tell whether a table had a column."""
        if file in self.columns:
            return column in self.columns[file]
        # Before columns were written down, each that was missing was told in each week.
        return file in self.files and not any((kind, file, column, "") in self.since for kind in ("removed", "renamed"))


def drift_of_files(
    files: Mapping[str, Path], course: CourseKey, week: date, contracts: Contracts, earlier: Earlier | None
) -> list[Drift]:
    """Compare what was delivered, and every header, before anything is converted."""
    missing = [name for name in REQUIRED if name not in files]
    found = [Drift(kind="partial", file=name, found="not delivered", policy=HELD) for name in missing]
    gone = (earlier.files if earlier else frozenset()) - files.keys() - {*REQUIRED, *MAY_BE_ABSENT}
    found += [Drift(kind="absent", file=it, found=f"not delivered; {_then(earlier)} it was") for it in sorted(gone)]
    for name in sorted(files.keys() - {*DOCUMENTS} | files.keys() & {_FORUM}):
        found += _drift_of_header(Delivered(name, files[name], course, week), contracts, earlier)
    return found


def _drift_of_header(delivered: Delivered, contracts: Contracts, earlier: Earlier | None) -> list[Drift]:
    name = delivered.name
    contract = contracts.get(name)
    if contract is None:
        return [Drift(kind="unknown_table", file=name, found="no contract: not loaded until it has one")]
    try:
        changes: Sequence[Change] = (
            new_keys(delivered, contract) if name == _FORUM else Table(delivered, contract).layout.changes
        )
    except Held as error:
        if not isinstance(error.__cause__, Broken):
            found = f"{error.problem.found}; expected {error.problem.expected}"
            return [Drift(kind="unreadable", file=name, found=found, policy=HELD)]
        changes = error.__cause__.changes
    return [
        Drift(kind=it.kind, file=name, column=it.column, found=it.found, policy=HELD if it.held else ACCEPTED)
        for change in changes
        if (it := _since_before(name, change, earlier))
    ]


def _since_before(name: str, change: Change, earlier: Earlier | None) -> Change | None:
    """Return a difference from the contract as one from the week before; None when it is none.

    A column that is new stays one until somebody classifies it, and what holds the week holds it.
    """
    if change.held or change.column is None or change.kind not in ("removed", "renamed"):
        return change
    if earlier is None or not earlier.had(name, change.column):
        return None
    if change.near and earlier.had(name, change.near):  # it stood beside the column, so it is another one
        change = replace(change, kind="removed", found=f"column {change.column} is absent: NULL")
    return replace(change, found=f"{change.found}; {_then(earlier)} it was there")


def drift_of_rows(converted: ConvertedWeek, earlier: Earlier | None, limits: WeekLimits) -> list[Drift]:
    """Compare how many rows there are, and how many values are not of their type."""
    rows = rows_of(converted)
    found = [it for name in sorted(rows) if earlier and (it := _shrinkage(name, rows[name], earlier, limits))]
    return found + [
        _retyped(file.name, column, count, file.rows_in or 0, limits)
        for file in converted.files
        for column, count in sorted(file.odd_values.items())
    ]


def rows_of(converted: ConvertedWeek) -> dict[str, int]:
    """Return how many rows each file had; a table that may be absent then has none."""
    counted = {file.name: file.rows_in for file in converted.files if file.rows_in is not None}
    return dict.fromkeys(MAY_BE_ABSENT, 0) | counted


def _shrinkage(name: str, now: int, earlier: Earlier, limits: WeekLimits) -> Drift | None:
    before = earlier.rows.get(name, 0)
    if now >= before * (1 - limits.shrink_share):
        return None
    if now == 0:
        found = f"no rows; {before} rows {_then(earlier)}"
        return Drift(kind="header_only", file=name, found=found, policy=HELD)
    found = f"{now} rows; {before} rows {_then(earlier)} ({(now - before) / before:.0%})"
    return Drift(kind="shrunken", file=name, found=found, policy=HELD if before >= limits.small_rows else ACCEPTED)


def _retyped(name: str, column: str, count: int, rows: int, limits: WeekLimits) -> Drift:
    many = count > limits.odd_values and (count > limits.odd_values_most or count > limits.odd_share * rows)
    found = f"{count} of {rows} values of {column} are not of its type: NULL in the transformed table, kept in raw"
    return Drift(kind="retyped", file=name, column=column, found=found, policy=HELD if many else ACCEPTED)


def notes(converted: ConvertedWeek, drift: Iterable[Drift]) -> list[Drift]:
    """Return what else the conversion told, and no other difference tells already."""
    told = {str(it) for it in drift}
    lines = [it.partition(": ") for it in converted.drift if it not in told]
    return [Drift(kind="note", file=file, found=found) for file, _, found in lines]


def dated(drift: Iterable[Drift], week: date, earlier: Earlier | None) -> list[Drift]:
    """Say of each difference since when it is so, going on from the week before; held ones first."""
    since = earlier.since if earlier else {}
    found = [replace(it, since=since.get(it.key, week)) for it in drift]
    return sorted(found, key=lambda it: (it.policy != HELD, it.file, it.kind, it.column or "", it.found))


def released(drift: Iterable[Drift]) -> list[Drift]:
    """Return the drift of a week that an operator took as it is."""
    return [replace(it, policy=RELEASED) if it.policy == HELD else it for it in drift]


def refuse_held(course: CourseKey, week: date, drift: Iterable[Drift]) -> None:
    """See to it that nothing of a week that waits for a person is taken.

    :raises Held: ``E-EXP-107`` naming what holds it.
    """
    held = [it for it in drift if it.policy == HELD]
    if held:
        raise Held(
            Problem(
                code="E-EXP-107",
                unit=f"{course} week {week}",
                file=held[0].file,
                field=held[0].column,
                expected="a week that differs no more from the one before, and from its contracts, than is usual",
                found="; ".join(map(str, held)),
                done="the week is held, what was good before stays served",
                next=f'ask edX for a corrected export, or: edx-warehouse release weekly {course} {week} --reason "…"',
            )
        )


def _then(earlier: Earlier | None) -> str:
    return f"in the week of {earlier.week}" if earlier else "before"
