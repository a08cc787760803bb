"""``edx-warehouse catalog``: which tables there are, what they are made from, and a page about all of them."""

import argparse
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import claims_sql
from edx_warehouse.tables.data_dictionary import cases_of, columns_of, page, readers_of
from edx_warehouse.tables.declarations import Table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.description = "Tell about the declared tables. Nothing is asked of BigQuery."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    every = actions.add_parser("list", help="all tables in the order they are built, one a line")
    every.add_argument("--json", action="store_true", help="print one JSON object a line")
    graph = actions.add_parser("graph", help="what is made from what, as a Mermaid flowchart")
    graph.add_argument("table", nargs="?", help="only this one with everything before and after it")
    one = actions.add_parser("show", help="one table: columns, inputs, readers, checks, tests and SQL")
    one.add_argument("table", help="as person_course or secondary.person_course")
    written = actions.add_parser("page", help="write the data dictionary for researchers, one HTML file")
    written.add_argument("--to", type=Path, required=True, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    """Tell what was asked."""
    catalog = Catalog.read(CHECKOUT / "include")
    match args.action:
        case "list":
            print("\n".join(_list(catalog, as_json=args.json)))
        case "graph":
            print("\n".join(flowchart(catalog, args.table and find(catalog, args.table).reference)))
        case "show":
            print("\n".join(_show(catalog, find(catalog, args.table))))
        case "page":
            args.to.parent.mkdir(parents=True, exist_ok=True)
            args.to.write_text(page(catalog, CHECKOUT / "tests"), encoding="utf-8")
            print(f"wrote {args.to}: {len(catalog)} tables")
    return 0


def find(catalog: Catalog, name: str) -> Table:
    """Return a table by ``layer.table`` or by a name that only one layer has.

    :raises Terminal: ``E-CFG-103`` when there is none, or more than one.
    """
    found = [table for table in catalog.values() if name in (table.reference, table.name)]
    if len(found) != 1:
        raise Terminal(
            Problem(
                code="E-CFG-103",
                unit="catalog",
                expected="the name of one declared table",
                found=", ".join(table.reference for table in found) or name,
                done="nothing",
                next="see `edx-warehouse catalog list`",
            )
        )
    return found[0]


def flowchart(catalog: Catalog, only: str | None = None) -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart of inputs to tables.

    :param only: a ``layer.table``; then only what it is made from, and what is made from it, however far.
    """
    shown = set(catalog)
    if only is not None:
        before = _reach(only, catalog.inputs)
        shown = {only} | before | _reach(only, lambda name: readers_of(catalog, name))
    yield "flowchart LR"
    for name in catalog.order(shown):
        inputs = [it for it in catalog.inputs(name) if it in shown]
        yield from (f"    {it} --> {name}" for it in inputs)
        if not inputs:
            yield f"    {name}"


def _reach(start: str, steps: Callable[[str], Iterable[str]]) -> set[str]:
    """Return everything that steps lead to."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(steps(waiting.pop())) - reached
        reached |= new
        waiting += new
    return reached


def _list(catalog: Catalog, *, as_json: bool) -> Iterator[str]:
    for name in catalog.order(catalog):
        table = catalog[name]
        if as_json:
            yield json.dumps(
                {
                    "table": name,
                    "grain": table.grain,
                    "kept_by_date": table.is_kept_by_date,
                    "inputs": catalog.inputs(name),
                    "columns": [field.name for field in table.fields],
                }
            )
        else:
            made = ", ".join(catalog.inputs(name)) or "loaded"
            yield f"{name:40} by {_grain(table):40} from {made}"


def _grain(table: Table) -> str:
    return ", ".join(table.grain) or f"row of {table.raw}"


def _show(catalog: Catalog, table: Table) -> Iterator[str]:
    yield f"{table.reference}, by {_grain(table)}"
    yield textwrap.fill(table.description, 100)
    yield f"\nmade from: {', '.join(catalog.inputs(table.reference)) or 'a file: it is loaded'}"
    yield f"read by: {', '.join(readers_of(catalog, table.reference)) or 'no other table'}"
    if table.is_kept_by_date:
        yield f"kept by date, in days of {table.partition}"
    yield "\nColumns"
    for name, field in columns_of(table.fields):
        marks = "".join(f", {it}" for it in (field.mode.lower(), field.privacy) if it not in ("nullable", "public"))
        yield textwrap.fill(
            f"{name} ({field.type}{marks}): {field.description}", 100, initial_indent="  ", subsequent_indent="      "
        )
    yield "\nChecks (these stop) and warnings"
    for claim in claims_sql(table, "it"):
        yield f"  {'check  ' if claim.stops else 'warning'} {claim.name}"
    if table.sql:
        yield "\nTests"
        for name, text in cases_of(CHECKOUT / "tests", table):
            yield textwrap.fill(f"{name}: {text}", 100, initial_indent="  ", subsequent_indent="      ")
        yield f"\nSQL (include/sql/{table.layer}/{table.name}.sql)\n\n{table.sql}"
