"""Small cells: which numbers are hidden from people who may not see numbers of few learners.

A number from 1 to k - 1 is hidden, and so is whatever would tell it: a part whose rest is small, the only hidden row of
a whole that is known, a mean of few people, a running sum between two of whose points too little is hidden.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from edx_warehouse.dashboard.panels import Column, Panel

SMALL = 10


class Hidden:
    """The value of a cell that is not shown."""

    def __repr__(self) -> str:
        return "hidden"

    def __bool__(self) -> bool:
        return False


HIDDEN: Final = Hidden()

Row = dict[str, Any]


def hide_small(panel: Panel, rows: Sequence[Mapping[str, Any]], k: int = SMALL) -> list[Row]:
    """Return copies of a panel's rows with :data:`HIDDEN` in place of small numbers and of what tells them."""
    shown = [dict(it) for it in rows]
    _hide_parts(panel, shown, rows, k)
    for column in panel.columns:
        if column.kind == "people" and panel.whole:
            for group in _groups(panel, rows):
                _hide_complement(column, [shown[it] for it in group], [rows[it] for it in group], k)
    for column in panel.columns:
        if column.kind == "cumulative":
            _hide_steps(column, shown, rows, k)
    for column in panel.columns:
        if column.kind == "measure":
            for row, exact in zip(shown, rows, strict=True):
                if row[column.of] is HIDDEN or 0 < _number(exact[column.of]) < k:
                    row[column.name] = HIDDEN
    return shown


def _hide_parts(panel: Panel, shown: list[Row], rows: Sequence[Mapping[str, Any]], k: int) -> None:
    for column in panel.columns:
        if column.kind != "people":
            continue
        for row, exact in zip(shown, rows, strict=True):
            number = _number(exact[column.name])
            # A whole that is hidden tells no rest, but the whole that it is a part of may.
            rests = [_number(exact[it]) - number for it in panel.wholes(column) if row[it] is not HIDDEN]
            if 0 < abs(number) < k or any(0 < rest < k for rest in rests):
                row[column.name] = HIDDEN


def _groups(panel: Panel, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Return the numbers of the rows that make up one whole each."""
    groups: dict[Any, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row[panel.whole_by] if panel.whole_by else None, []).append(number)
    return list(groups.values())


def _hide_complement(column: Column, shown: Sequence[Row], rows: Sequence[Mapping[str, Any]], k: int) -> None:
    """Hide further rows until those that are hidden are two or more and k people or more, or all are hidden."""

    def value(number: int) -> float:
        return _number(rows[number][column.name])

    hidden = [it for it in range(len(rows)) if shown[it][column.name] is HIDDEN]
    if not hidden:
        return
    # Rows with nobody stay: hiding them would hide no person.
    rest = sorted((it for it in range(len(rows)) if it not in hidden and value(it)), key=value)
    while rest and (len(hidden) < 2 or sum(value(it) for it in hidden) < k):
        hidden.append(rest.pop(0))
    for number in hidden:
        shown[number][column.name] = HIDDEN


def _hide_steps(column: Column, shown: Sequence[Row], rows: Sequence[Mapping[str, Any]], k: int) -> None:
    """Show a running sum only where what is hidden since its last shown point is two steps and k people, or nothing."""
    last = 0  # the row of the latest shown point that tells of hidden steps before it
    people, steps = 0.0, 0
    for number, (row, exact) in enumerate(zip(shown, rows, strict=True)):
        if row[column.of] is HIDDEN:
            people += _number(exact[column.of])
            steps += 1
        if steps and (steps < 2 or abs(people) < k):
            row[column.name] = HIDDEN
            continue
        if steps:
            last = number
        people, steps = 0.0, 0
    if steps:
        # The sum of all is known elsewhere, so that the rest at the end would be known too.
        for row in shown[last:]:
            row[column.name] = HIDDEN


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
