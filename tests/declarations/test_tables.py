"""The estate of tables: what every declaration in ``include/`` has to have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.checks import claims_sql
from edx_warehouse.tables.declarations import LAYERS, PARAMETERS, QUERIED, Field, Table
from edx_warehouse.tables.references import parameters, references
from edx_warehouse.tables.schema_files import CLAIMS

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "adding-a-table.md"
REFERENCES = sorted(
    f"{path.parent.name}.{path.stem}" for layer in LAYERS for path in (ROOT / "include/schemas" / layer).glob("*.yaml")
)
PERSONS = {"username", "user_id", "student_id", "author_id", "author_username"}
QUERIED_REFERENCES = [reference for reference in REFERENCES if reference.partition(".")[0] in QUERIED]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """All tables: reading them refuses lone files, lacking descriptions, unknown references and cycles."""
    return Catalog.read(ROOT / "include")


@pytest.fixture
def table(catalog: Catalog, request: pytest.FixtureRequest) -> Table:
    return catalog[request.param]


every_table = pytest.mark.parametrize("table", REFERENCES, indirect=True)
every_queried_table = pytest.mark.parametrize("table", QUERIED_REFERENCES, indirect=True)


def all_fields(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from all_fields(field.fields)


def test_the_catalog_has_every_file_and_an_order_for_all(catalog: Catalog) -> None:
    assert sorted(catalog) == REFERENCES
    order = catalog.order(catalog)
    assert sorted(order) == REFERENCES
    assert all(order.index(read) < order.index(name) for name in order for read in catalog.inputs(name))


@every_table
def test_a_table_says_its_grain_in_columns_that_are_required(table: Table) -> None:
    modes = {field.name: field.mode for field in table.fields}
    assert {modes[name] for name in table.grain} == ({"REQUIRED"} if table.grain else set())
    assert table.grain or table.raw


@pytest.mark.parametrize("table", [it for it in REFERENCES if not it.startswith(("ops.", "logs."))], indirect=True)
def test_no_column_inside_a_record_is_required_where_a_statement_makes_the_table(table: Table) -> None:
    inside = [field for record in table.fields for field in all_fields(record.fields)]
    assert [it.name for it in inside if it.mode == "REQUIRED"] == []


@every_table
def test_every_column_is_described_by_a_sentence(table: Table) -> None:
    assert [it.name for it in all_fields(table.fields) if not it.description.endswith((".", "?", ")"))] == []
    assert table.description.endswith(".")


@every_table
def test_the_claims_of_a_table_can_be_asked(table: Table) -> None:
    for claim in claims_sql(table, "`project.dataset.table`"):
        references(claim.sql)


@every_queried_table
def test_a_query_gives_the_columns_of_its_schema_in_order(table: Table) -> None:
    query = sqlglot.parse_one(table.sql or "", read="bigquery")
    assert query.named_selects == [field.name for field in table.fields]


@every_queried_table
def test_a_query_is_plain_sql_with_declared_parameters(table: Table) -> None:
    sql = table.sql or ""
    assert not any(mark in sql for mark in ("{{", "{%", "`"))
    assert set(parameters(sql)) <= PARAMETERS.keys()


@every_queried_table
def test_a_query_has_cases_with_ordinary_and_with_empty_input(table: Table) -> None:
    paths = sorted((ROOT / "tests/sql" / table.layer / table.name).glob("*.yaml"))
    cases = [read_yaml(path) for path in paths]
    assert len(cases) >= 3
    assert any(not any(case["given"].values()) for case in cases), "a case with empty input"
    assert any(any(case["given"].values()) for case in cases)
    columns = {field.name for field in table.fields}
    assert any(set(row) == columns for case in cases for row in case["expect"]), "a case that expects every column"
    for path, case in zip(paths, cases, strict=True):
        assert set(case["given"]) == set(table.references), path.name
        assert set(case["parameters"]) == set(parameters(table.sql or "")), path.name


@every_queried_table
def test_a_query_has_a_case_with_one_learner(table: Table, catalog: Catalog) -> None:
    tells_persons = any(PERSONS & {it.name for it in catalog[name].fields} for name in table.references)
    cases = [read_yaml(path) for path in (ROOT / "tests/sql" / table.layer / table.name).glob("*.yaml")]
    given = [[row for rows in case["given"].values() for row in rows or []] for case in cases]
    assert [rows for rows in given if rows and learners(rows) == int(tells_persons)]


def learners(rows: list[dict[str, Any]]) -> int:
    """Return how many persons rows are of: of the columns that name a person, the one that tells most apart."""
    return max(len({row[name] for row in rows if str(row.get(name) or "").strip()}) for name in PERSONS)


def test_a_reference_table_of_this_package_says_where_it_is_from_and_who_may_use_it(catalog: Catalog) -> None:
    seeds = [table for table in catalog.values() if table.seed]
    assert seeds
    listed = (ROOT / "include/reference/README.md").read_text()
    for table in seeds:
        assert [it for it in ("Source:", "Version:", "Licence:") if it not in table.description] == [], table.name
        assert f"`{table.name}.csv`" in listed


def test_the_documentation_knows_every_claim_parameter_and_layer() -> None:
    text = DOC.read_text()
    names = [*CLAIMS, *(f"@{name}" for name in PARAMETERS), *LAYERS]
    assert [name for name in names if f"`{name}`" not in text] == []
