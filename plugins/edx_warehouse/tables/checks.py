"""What must hold of a table: its schema, and its claims as SQL that counts the rows which offend.

Only counts come back from a claim, never a value: no learner's data leaves the table.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from edx_warehouse.tables.declarations import REFERENCE, Field, Table

_ALIKE = 0.6
_SAME_TYPE = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}


@dataclass(frozen=True)
class Claim:
    """Something that must hold of a table.

    :param name: unique within the table, as in ``range nevents``.
    :param sql: a query of one row: ``claim`` (the name) and ``offending`` (how many rows do not comply).
    :param stops: whether offending rows stop the course (a check) or are only told (a warning).
    :param count: the aggregate that counts, when the table itself (``checked``) is all it needs.
    """

    name: str
    sql: str
    stops: bool = True
    count: str | None = None


def claims_query(table: Table, target: str) -> str:
    """Return one query that gives ``claim`` and ``offending``, a row for every claim of a table.

    :param target: the table as text of a FROM clause, such as a backticked name. A relationship names the other table
        as ``layer.table``: give the query to :func:`~edx_warehouse.tables.references.bind`.
    """
    claims = claims_sql(table, target)
    # One scan counts for all claims that look at rows one by one: thirty scans take seven times as long.
    counted = ", ".join(
        f"STRUCT({_literal(claim.name)} AS claim, {claim.count} AS offending)" for claim in claims if claim.count
    )
    scan = f"(SELECT [{counted}] AS claims FROM {target} AS checked) AS scan"
    queries = (
        [f"SELECT counted.claim, counted.offending FROM {scan}, UNNEST(scan.claims) AS counted"] if counted else []
    )
    return "\nUNION ALL\n".join(queries + [claim.sql for claim in claims if not claim.count])


def claims_sql(table: Table, target: str) -> list[Claim]:
    """Return the claims of a table: its grain, its REQUIRED columns, then those its YAML declares."""
    claims = [_claim(it, target, stops=True) for it in _implied(table)]
    claims += [_claim(it, target, stops=True) for it in _single(table.checks)]
    claims += [_claim(it, target, stops=False) for it in _single(table.warnings)]
    # Of claims that are said twice the first stays: a check before a warning.
    return list({claim.name: claim for claim in reversed(claims)}.values())[::-1]


def _implied(table: Table) -> Iterator[dict[str, Any]]:
    if table.grain:
        yield {"claim": "unique", "columns": table.grain}
    for field in table.fields:
        # A row as it was delivered has its required values: the conversion saw to that.
        if field.mode == "REQUIRED" and table.raw is None:
            yield {"claim": "not_null", "column": field.name}


def _single(claims: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield claims of one column each, so that what fails is named."""
    for claim in claims:
        if "columns" in claim and claim["claim"] != "unique":
            for column in claim["columns"]:
                yield {**claim, "column": column}
        else:
            yield claim


def _claim(it: dict[str, Any], target: str, *, stops: bool) -> Claim:
    kind, column = it["claim"], f"checked.{it.get('column')}"
    source = f"{target} AS checked"
    name, count = f"{kind} {it.get('column')}", ""
    match kind:
        case "unique":
            columns = ", ".join(f"checked.{part}" for part in it["columns"])
            name, count = f"unique {', '.join(it['columns'])}", "COALESCE(SUM(copies.n - 1), 0)"
            source = f"(SELECT COUNT(*) AS n FROM {source} GROUP BY {columns}) AS copies"
        case "not_null":
            count = f"COUNTIF({column} IS NULL)"
        case "not_negative":
            count = f"COUNTIF({column} < 0)"
        case "accepted_values":
            count = f"COUNTIF({column} NOT IN ({', '.join(_literal(value) for value in it['values'])}))"
        case "range":
            sides = [f"{column} < {it['min']}"] if "min" in it else []
            sides += [f"{column} > {it['max']}"] if "max" in it else []
            count = f"COUNTIF({' OR '.join(sides)})"
        case "at_most":
            name, count = f"{name} {it['other']}", f"COUNTIF({column} > checked.{it['other']})"
        case "rows_at_least":
            name, count = f"{kind} {it['rows']}", f"GREATEST({it['rows']} - COUNT(*), 0)"
        case "relationship":
            name = f"{name} {it['table']}.{it['other']}"
            count = f"COUNTIF({column} IS NOT NULL AND related.value IS NULL)"
            source += (
                f" LEFT JOIN (SELECT DISTINCT other.{it['other']} AS value FROM {it['table']} AS other) AS related"
                f" ON {column} = related.value"
            )
            if it["table"].startswith(f"{REFERENCE}."):
                # No course waits for what all courses share: until it comes nobody knows better.
                count = f"CASE WHEN MAX(known.n) > 0 THEN {count} ELSE 0 END"
                source += f" CROSS JOIN (SELECT COUNT(*) AS n FROM {it['table']} AS every_one) AS known"
        case _:
            raise ValueError(f"no claim {kind}")
    sql = f"SELECT {_literal(name)} AS claim, {count} AS offending FROM {source}"
    return Claim(name, sql, stops, count if source == f"{target} AS checked" else None)


def _literal(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)  # JSON's escapes are GoogleSQL's too


def schema_diff(expected: Sequence[Field], actual: Sequence[Field], *, descriptions: bool) -> list[str]:
    """Return how a table's columns differ from their declaration, one readable line each; empty when they agree.

    :param descriptions: whether descriptions are compared too.
    """
    return list(_differences(tuple(expected), tuple(actual), "", descriptions))


def _differences(expected: Sequence[Field], actual: Sequence[Field], path: str, descriptions: bool) -> Iterator[str]:
    declared, there = ({field.name: field for field in fields} for fields in (expected, actual))
    removed = [field for field in expected if field.name not in there]
    added = [field for field in actual if field.name not in declared]
    for field in removed:
        heir = max(
            (other for other in added if _type(other) == _type(field) and _alike(field, other) >= _ALIKE),
            key=lambda other, field=field: (_alike(field, other), other.name),  # type: ignore[misc]
            default=None,
        )
        if heir is None:
            yield f"removed: {path}{field.name} {_type(field)}"
        else:
            added.remove(heir)
            yield f"renamed?: {path}{field.name} is now {path}{heir.name} ({_type(field)})"
    for field in added:
        yield f"added: {path}{field.name} {_type(field)}"
    kept = [field.name for field in expected if field.name in there]
    found = [field.name for field in actual if field.name in declared]
    if kept != found:
        yield f"reordered: {path or 'columns'} expected {', '.join(kept)}; found {', '.join(found)}"
    for name in kept:
        yield from _field_differences(declared[name], there[name], path, descriptions)


def _field_differences(expected: Field, actual: Field, path: str, descriptions: bool) -> Iterator[str]:
    place = f"{path}{expected.name}"
    if _type(expected) != _type(actual):
        yield f"type: {place} expected {_type(expected)}, found {_type(actual)}"
    if expected.mode != actual.mode:
        yield f"mode: {place} expected {expected.mode}, found {actual.mode}"
    if descriptions and expected.description != actual.description:
        yield f"description: {place} expected {expected.description!r}, found {actual.description!r}"
    if _type(expected) == _type(actual) == "RECORD":
        yield from _differences(expected.fields, actual.fields, f"{place}.", descriptions)


def _type(field: Field) -> str:
    return _SAME_TYPE.get(field.type.upper(), field.type.upper())


def _alike(one: Field, other: Field) -> float:
    return SequenceMatcher(None, one.name.lower(), other.name.lower(), autojunk=False).ratio()
