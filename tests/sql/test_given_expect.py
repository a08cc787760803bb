"""Every case of ``tests/sql/<layer>/<table>/<case>.yaml``, run as it is on the local cloud's BigQuery.

A case says what is ``given`` (rows by ``layer.table``), the ``parameters``, and the rows to ``expect``. A column that
a given row leaves out is NULL, or blank when it is REQUIRED; a column that an expected row leaves out is not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import claims_query, claims_sql, schema_diff
from edx_warehouse.tables.declarations import PARAMETERS, Field, Table
from edx_warehouse.tables.references import bind, references
from edx_warehouse.tables.reports import REPORT, SNAPSHOT_DATE

pytestmark = pytest.mark.cloud

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "sql").glob("*/*/*.yaml"))
QUERIED_TABLES = sorted({".".join(path.parent.parts[-2:]) for path in CASES})
BLANK = {
    "STRING": "",
    "INTEGER": 0,
    "FLOAT": 0.0,
    "BOOLEAN": False,
    "DATE": "2000-01-01",
    "TIMESTAMP": "2000-01-01T00:00:00Z",
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: "/".join(path.with_suffix("").parts[-3:]))
def test_the_query_gives_what_the_case_expects(
    path: Path, catalog: Catalog, warehouse: bigquery.Client, dataset: str
) -> None:
    case = read_yaml(path)
    assert case.keys() == {"given", "parameters", "expect"}
    table = catalog[".".join(path.parent.parts[-2:])]
    assert set(case["given"]) == set(table.references), "a case gives exactly the tables that the query reads"
    given = {name: rows or [] for name, rows in sorted(case["given"].items())}
    targets = {name: insert(warehouse, dataset, as_read(catalog[name], table), rows) for name, rows in given.items()}

    result = run(warehouse, bind(table.sql or "", targets), case["parameters"])

    there = [Field(field.name, field.field_type) for field in result.schema]
    assert schema_diff([Field(it.name, it.type) for it in table.fields], there, descriptions=False) == []
    rows = [dict(row.items()) for row in result]
    expected = by_grain(table, [typed(row, table.fields) for row in case["expect"] or []])
    found = by_grain(table, rows)
    assert list(differences(expected, found)) == []


@pytest.mark.parametrize("reference", QUERIED_TABLES)
def test_every_claim_runs_and_holds_of_an_empty_table(
    reference: str, catalog: Catalog, warehouse: bigquery.Client, dataset: str
) -> None:
    table = catalog[reference]
    assert stopping(warehouse, catalog, table, insert(warehouse, dataset, table, [])) == {}


def test_claims_count_the_rows_that_offend(catalog: Catalog, warehouse: bigquery.Client, dataset: str) -> None:
    table = catalog["secondary.person_course_day"]
    bad = {"username": "ann", "nevents": -1, "max_dt": 301.0, "last_event": "1999-12-31T00:00:00Z"}
    made = insert(warehouse, dataset, table, [bad, bad, bad | {"username": "bob"}])
    assert stopping(warehouse, catalog, table, made) == {
        "unique username, course_id, date": 1,
        "not_negative nevents": 3,
        "range max_dt": 3,
        "at_most first_event last_event": 3,
        "at_most n_dt nevents": 3,
    }


def differences(
    expected: Mapping[tuple[Any, ...], Mapping[str, Any]], found: Mapping[tuple[Any, ...], Mapping[str, Any]]
) -> Iterator[str]:
    yield from (f"no row {key}" for key in expected.keys() - found.keys())
    yield from (f"unexpected row {key}" for key in found.keys() - expected.keys())
    for key in expected.keys() & found.keys():
        for name, value in expected[key].items():
            if found[key][name] != value:
                yield f"row {key}: {name} expected {value!r}, found {found[key][name]!r}"


def stopping(warehouse: bigquery.Client, catalog: Catalog, table: Table, made: str) -> dict[str, int]:
    """Return the checks that do not hold, with the number of offending rows; tables they name have no rows."""
    query = claims_query(table, made)
    named = sorted({str(it) for it in references(query)})
    dataset = made.strip("`").rpartition(".")[0]
    query = bind(query, {it: insert(warehouse, dataset, catalog[it], []) for it in named})
    stops = {claim.name for claim in claims_sql(table, made) if claim.stops}
    offending = {row["claim"]: row["offending"] for row in run(warehouse, query, {})}
    assert offending.keys() >= stops
    return {name: offending[name] for name in sorted(stops) if offending[name]}


def as_read(given: Table, table: Table) -> Table:
    """Return a table as a query sees it: those of courses have the day of the export when a report reads them."""
    if table.layer != REPORT or given.layer == REPORT:
        return given
    return replace(given, fields=(*given.fields, Field(SNAPSHOT_DATE, "DATE")))


def insert(warehouse: bigquery.Client, dataset: str, table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
    """Create a table as it is declared and put rows into it; return its name in backticks."""
    name = f"{dataset}.{table.layer}__{table.name}"
    warehouse.create_table(bigquery.Table(name, [column(field) for field in table.fields]))
    if rows:
        assert warehouse.insert_rows_json(name, [as_json(row, table.fields) for row in rows]) == []
    return f"`{name}`"


def run(warehouse: bigquery.Client, sql: str, parameters: Mapping[str, Any]) -> bigquery.table.RowIterator:
    values = [
        bigquery.ArrayQueryParameter(name, PARAMETERS[name][6:-1], value)
        if PARAMETERS[name].startswith("ARRAY<")
        else bigquery.ScalarQueryParameter(name, PARAMETERS[name], value)
        for name, value in parameters.items()
    ]
    return warehouse.query_and_wait(sql, job_config=bigquery.QueryJobConfig(query_parameters=values))


def column(field: Field) -> bigquery.SchemaField:
    inner = [column(it) for it in field.fields]
    return bigquery.SchemaField(field.name, field.type, field.mode, fields=inner)


def as_json(row: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    unknown = row.keys() - {field.name for field in fields}
    assert not unknown, f"the schema has no {sorted(unknown)}"
    values = {}
    for field in fields:
        value = row.get(field.name, BLANK[field.type] if field.mode == "REQUIRED" else None)
        if isinstance(value, Mapping):
            value = as_json(value, field.fields)
        elif isinstance(value, date):
            value = value.isoformat()
        values[field.name] = value
    return values


def by_grain(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    keyed = {tuple(row[name] for name in table.grain): {name: rounded(it) for name, it in row.items()} for row in rows}
    assert len(keyed) == len(rows), "two rows of one grain"
    return keyed


def rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def typed(row: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Return an expected row with times as the client gives them: YAML has them as text."""
    types = {field.name: field.type for field in fields}
    return {
        name: datetime.fromisoformat(value).astimezone(UTC) if types[name] == "TIMESTAMP" and value else value
        for name, value in row.items()
    }
