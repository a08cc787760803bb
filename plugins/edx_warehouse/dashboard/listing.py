"""A data table as people look at it: searched, sorted and cut into pages on the server."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from edx_warehouse.dashboard.cells import HIDDEN, Row
from edx_warehouse.dashboard.panels import Column, Panel

LENGTHS = (10, 25, 50, 100)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class View:
    """How a table is looked at.

    :param sort: column to sort by, ``-`` before it for downwards; empty for the order of the query.
    :param page: counted from 1.
    """

    sort: str = ""
    search: str = ""
    page: int = 1
    length: int = LENGTHS[0]

    def query(self, **changes: Any) -> str:
        """Return the query string of this view, or of one that differs."""
        view = replace(self, **changes)
        wanted = {"sort": view.sort, "search": view.search, "page": view.page, "length": view.length}
        blank = View()
        return urlencode({name: it for name, it in wanted.items() if it != getattr(blank, name)})


@dataclass(frozen=True)
class Listing:
    """The part of a table that a view shows.

    :param rows: with, for rows that open, the rows below each.
    :param matching: how many match the search; ``total`` how many there are.
    """

    view: View
    rows: Sequence[tuple[Row, Sequence[Row]]]
    matching: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.matching // self.view.length))

    @property
    def first(self) -> int:
        """Number of the first row that is shown, counted from 1; 0 when there is none."""
        return (self.view.page - 1) * self.view.length + 1 if self.rows else 0

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the pages to offer; 0 stands for those left out."""
        near = {1, self.pages, *range(self.view.page - 1, self.view.page + 2)}
        numbers = sorted(it for it in near if 1 <= it <= self.pages)
        found = numbers[:1]
        for number in numbers[1:]:
            found += [0, number] if number > found[-1] + 1 else [number]
        return found

    def __str__(self) -> str:
        """Say which rows are shown, of how many."""
        text = f"Showing {self.first} to {self.first + max(len(self.rows) - 1, 0)} of {self.matching} entries"
        if not self.rows:
            text = "Showing 0 to 0 of 0 entries"
        return text + (f" (filtered from {self.total} total entries)" if self.matching < self.total else "")


def listing(panel: Panel, rows: Sequence[Row], view: View) -> Listing:
    """Return what a view shows of a panel's rows; a page beyond the last is the last."""
    parents, children = _families(panel, rows)
    found = [it for it in parents if _matches(panel, [it, *children.get(_key(panel, it), [])], view.search)]
    found = _sorted(panel, found, view.sort)
    pages = max(1, -(-len(found) // view.length))
    view = replace(view, page=min(max(view.page, 1), pages))
    part = found[(view.page - 1) * view.length : view.page * view.length]
    return Listing(view, [(it, children.get(_key(panel, it), [])) for it in part], len(found), len(parents))


def matching_rows(panel: Panel, rows: Sequence[Row], view: View) -> list[Row]:
    """Return all rows that match a view's search, in its order."""
    return _sorted(panel, [it for it in rows if _matches(panel, [it], view.search)], view.sort)


def text(column: Column, value: Any) -> str:
    """Return a cell as people read it."""
    if value is None:
        return "-"
    if value is HIDDEN:
        return "hidden"
    match column.format:
        case "integer" if isinstance(value, int | float):
            return f"{value:,.0f}"
        case "decimal" if isinstance(value, int | float):
            return f"{value:,.2f}"
        case "percent" if isinstance(value, int | float):
            return f"{100 * value:.1f} %"
        case "hours" if isinstance(value, int | float):
            return f"{value / 3600:,.1f} h"
        case "time" if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case "date" if isinstance(value, date):  # a datetime is one too
            return f"{value:%Y-%m-%d}"
    return str(value)


def plain(value: Any) -> Any:
    """Return a cell as JSON has it."""
    if value is HIDDEN:
        return "hidden"
    return value.isoformat() if isinstance(value, date) else value


def as_csv(panel: Panel, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV that no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([it.name for it in panel.columns])
    for row in rows:
        writer.writerow([_inert(plain(row[it.name])) for it in panel.columns])
    return out.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def _families(panel: Panel, rows: Sequence[Row]) -> tuple[list[Row], dict[Any, list[Row]]]:
    if not panel.expand:
        return list(rows), {}
    children: dict[Any, list[Row]] = {}
    for row in rows:
        if row[panel.expand]:
            children.setdefault(row[panel.expand], []).append(row)
    return [it for it in rows if not it[panel.expand]], children


def _key(panel: Panel, row: Row) -> Any:
    return row[panel.columns[0].name] if panel.expand else None


def _matches(panel: Panel, rows: Sequence[Row], search: str) -> bool:
    words = search.casefold().split()
    if not words:
        return True
    content = " ".join(text(column, row[column.name]) for row in rows for column in panel.columns).casefold()
    return all(it in content for it in words)


def _sorted(panel: Panel, rows: Sequence[Row], sort: str) -> list[Row]:
    """Sort by a column, downwards with ``-``; what is hidden or unknown comes last either way."""
    name = sort.removeprefix("-")
    if panel.column(name) is None:
        return list(rows)
    known = [it for it in rows if it[name] is not None and it[name] is not HIDDEN]
    known.sort(key=lambda it: _order(it[name]), reverse=sort.startswith("-"))
    return known + [it for it in rows if it[name] is None or it[name] is HIDDEN]


def _order(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
