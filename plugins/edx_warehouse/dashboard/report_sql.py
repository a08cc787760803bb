"""What the query of a report may say: one SELECT, of declared tables only, with bound values.

Panels are written by those who write the package. Reports are written by others, and every way out of the tables that
are named ``layer.table`` is shut here; the account of the dashboard and the dry run are the walls behind it.
"""

from collections.abc import Callable, Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.tables.references import references

Wrong = Callable[[str, str, str], Terminal]
"""Makes the error of what was expected, what was found, and the mend."""

_FORBIDDEN_NAMES = {"external_query", "ml", "ai", "vector_search", "appends", "changes", "session_user", "error"}


def require_plain(sql: str, wrong: Wrong) -> exp.Query:
    """Return a report's query, or refuse it.

    :raises Terminal: made by ``wrong``, or ``E-CFG-105`` of :func:`~edx_warehouse.tables.references.references`.
    """
    query = _parsed(sql, wrong)
    if any(not isinstance(it.this, exp.Identifier) for it in query.find_all(exp.Table)):
        raise wrong("tables in FROM", "a function that gives a table", "read a declared table")
    if "@@" in sql:
        raise wrong("values as @parameters", "a variable of BigQuery", "write it without")
    known = {(it.layer, it.table) for it in references(sql)}
    named = {it.alias for it in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        _require_declared(table, known, named, wrong)
    for function in query.find_all(exp.Anonymous):
        name = function.name.lower()
        if name in _FORBIDDEN_NAMES or isinstance(function.parent, exp.Dot):
            raise wrong("functions of GoogleSQL that read nothing", name, "write it without")
    if it := next(query.find_all(exp.Placeholder, exp.Into, exp.Command), None):
        raise wrong("values as @parameters", type(it).__name__, "write it without")
    return query


def _parsed(sql: str, wrong: Wrong) -> exp.Query:
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except SqlglotError as error:
        raise wrong("one SELECT in GoogleSQL", "text that cannot be read", "correct the syntax") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise wrong("one SELECT in GoogleSQL", f"{len(statements)} statements or another kind", "keep one SELECT")
    return statements[0]


def _require_declared(table: exp.Table, known: Collection[tuple[str, str]], named: set[str], wrong: Wrong) -> None:
    """Refuse whatever stands in FROM and is neither ``layer.table`` nor a name of WITH."""
    layer = table.args.get("db")
    if layer is None:
        if table.name not in named or table.this.args.get("quoted"):
            raise wrong("layer.table, or a name of WITH", table.name, "write layer.table; write UNNEST for arrays")
        return
    # Backticks and a project would go by what binding does, and so would an array of a table whose alias is a dataset.
    quoted = layer.args.get("quoted") or table.this.args.get("quoted")
    if quoted or table.args.get("catalog") or (layer.name, table.name) not in known:
        raise wrong("layer.table without backticks and project", table.sql("bigquery"), "write layer.table")


def columns_read(query: exp.Query) -> set[str]:
    """Return the names of all columns that a query names, in small letters; ``*`` when it takes all of a table."""
    found = {it.name.lower() for it in query.find_all(exp.Column)}
    # A table's alias alone stands for its whole row: SELECT TO_JSON_STRING(person).
    if found & {it.alias.lower() for it in query.find_all(exp.Table) if it.alias}:
        found.add("*")
    stars = [it for it in query.find_all(exp.Star) if not isinstance(it.parent, exp.Count)]
    return found | ({"*"} if stars else set())
