"""Which tables a query reads, and pointing them at real ones without touching anything else of its text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from edx_warehouse.domain.errors import Problem, Terminal

TABLES_PER_QUERY = 1_000
"""BigQuery's limit of tables, views and functions that one query may name."""

_TABLE_NAME = re.compile(r"`[^`]+\.[^`]+`")  # names of columns stand in backticks too, but have no dot


@dataclass(frozen=True)
class Reference:
    """A ``layer.table`` in a query's text; ``text[start:end]`` is its place, in characters."""

    layer: str
    table: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.layer}.{self.table}"


def references(sql: str) -> list[Reference]:
    """Return each ``layer.table`` of a query in the order of the text.

    Names of CTEs and arrays, backticked names, strings and comments are no references.

    :raises Terminal: ``E-CFG-105`` when the text is not one SELECT, or a table has no alias.
    """
    return list(_read(sql)[0])


def parameters(sql: str) -> list[str]:
    """Return the names of a query's ``@parameters``, sorted.

    :raises Terminal: ``E-CFG-105`` as :func:`references`.
    """
    return list(_read(sql)[1])


@lru_cache(maxsize=1024)  # every process reads all queries, and some again and again
def _read(sql: str) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    query = _parse(sql)
    tables = list(query.find_all(exp.Table))
    aliases = {table.alias for table in tables}
    found = []
    for table in tables:
        layer, name = table.args.get("db"), table.this
        # ``FROM person.items`` may also be an array of a table that has the alias ``person``.
        if layer is None or layer.name in aliases or table.args.get("catalog") or layer.args["quoted"]:
            continue
        if not table.alias:
            raise _refuse(f"an alias for {layer.name}.{name.name}", "none", "write AS and a name behind it")
        found.append(Reference(layer.name, name.name, layer.meta["start"], name.meta["end"] + 1))
    names = {parameter.name for parameter in query.find_all(exp.Parameter)}
    return tuple(sorted(found, key=attrgetter("start"))), tuple(sorted(names))


def bind(sql: str, targets: Mapping[str, str]) -> str:
    """Point each ``layer.table`` at its target; every other character stays.

    :param targets: by ``layer.table``, the text that takes its place: a backticked table or :func:`union_of_days`.
    :raises Terminal: ``E-CFG-103`` when a table has no target, ``E-CFG-106`` when the query names too many tables.
    """
    found = references(sql)
    for reference in found:
        if str(reference) not in targets:
            raise _refuse("a table for each reference", f"none for {reference}", "build it first", code="E-CFG-103")
    used = {str(reference) for reference in found}
    _limit(len({name for reference in used for name in _TABLE_NAME.findall(targets[reference])}))
    for reference in reversed(found):
        sql = sql[: reference.start] + targets[str(reference)] + sql[reference.end :]
    return sql


def union_of_days(tables: Sequence[str]) -> str:
    """Return a subquery of all rows of some tables with one schema, named ``project.dataset.table``.

    A wildcard would be shorter, but takes the newest table's schema for all and is never cached.

    :raises Terminal: ``E-CFG-106`` when there are none or too many.
    """
    _limit(len(tables))
    if not tables:
        raise _refuse("at least one day table", "none", "report this as a defect", code="E-CFG-106")
    return "(" + " UNION ALL ".join(f"SELECT * FROM `{table}`" for table in tables) + ")"


def _parse(sql: str) -> exp.Query:
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except SqlglotError as error:
        places = getattr(error, "errors", None) or [{}]
        raise _refuse(
            "one SELECT in GoogleSQL",
            str(places[0].get("description") or "text that cannot be read"),
            "correct the syntax",
            line=places[0].get("line"),
            column=places[0].get("col"),
        ) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise _refuse("one SELECT in GoogleSQL", f"{len(statements)} statements or another kind", "keep one SELECT")
    return statements[0]


def _limit(tables: int) -> None:
    if tables > TABLES_PER_QUERY:
        raise _refuse(
            f"at most {TABLES_PER_QUERY} tables in a query",
            str(tables),
            "set log_tables of the institution to partitioned, which reads one table; but first see in the runbook whether "
            "the dates of these events are right",
            code="E-CFG-106",
        )


def _refuse(
    expected: str, found: str, mend: str, *, code: str = "E-CFG-105", line: int | None = None, column: int | None = None
) -> Terminal:
    return Terminal(
        Problem(
            code=code,
            unit="query",
            expected=expected,
            found=found,
            done="nothing was started",
            next=mend,
            line=line,
            column=column,
        )
    )
