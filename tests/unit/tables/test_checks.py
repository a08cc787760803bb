from dataclasses import replace

import pytest

from edx_warehouse.tables.checks import claims_query, claims_sql, schema_diff
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.references import bind, references

FIELDS = (
    Field("id", "INTEGER", "REQUIRED", "Number."),
    Field("created", "TIMESTAMP", "NULLABLE", "When."),
    Field("data", "RECORD", "NULLABLE", "Parts.", (Field("a", "STRING", "NULLABLE", "A."), Field("b", "FLOAT"))),
)
TABLE = Table("secondary", "t", "One row per id.", ("id",), None, (), FIELDS)


def test_equal_schemas_differ_in_nothing() -> None:
    assert schema_diff(FIELDS, FIELDS, descriptions=True) == []


def test_the_two_spellings_of_a_type_are_one() -> None:
    actual = (replace(FIELDS[0], type="INT64"), FIELDS[1], replace(FIELDS[2], type="STRUCT"))
    assert schema_diff(FIELDS, actual, descriptions=True) == []


@pytest.mark.parametrize(
    ("actual", "lines"),
    [
        (FIELDS[:2], ["removed: data RECORD"]),
        ((*FIELDS, Field("more", "DATE")), ["added: more DATE"]),
        (
            (FIELDS[0], replace(FIELDS[1], name="created_at"), FIELDS[2]),
            ["renamed?: created is now created_at (TIMESTAMP)"],
        ),
        (
            (FIELDS[0], replace(FIELDS[1], name="created_at", type="STRING"), FIELDS[2]),
            ["removed: created TIMESTAMP", "added: created_at STRING"],
        ),
        (
            (FIELDS[1], FIELDS[0], FIELDS[2]),
            ["reordered: columns expected id, created, data; found created, id, data"],
        ),
        ((replace(FIELDS[0], type="STRING"), *FIELDS[1:]), ["type: id expected INTEGER, found STRING"]),
        ((replace(FIELDS[0], mode="NULLABLE"), *FIELDS[1:]), ["mode: id expected REQUIRED, found NULLABLE"]),
        (
            (*FIELDS[:2], replace(FIELDS[2], fields=(FIELDS[2].fields[0], Field("b", "STRING"), Field("c", "DATE")))),
            ["added: data.c DATE", "type: data.b expected FLOAT, found STRING"],
        ),
        ((), ["removed: id INTEGER", "removed: created TIMESTAMP", "removed: data RECORD"]),
    ],
    ids=["removed", "added", "renamed", "another type", "reordered", "type", "mode", "nested", "nothing there"],
)
def test_a_difference_is_one_readable_line(actual: tuple[Field, ...], lines: list[str]) -> None:
    assert schema_diff(FIELDS, actual, descriptions=False) == lines


def test_descriptions_are_compared_when_asked_for() -> None:
    actual = (replace(FIELDS[0], description=""), *FIELDS[1:])
    assert schema_diff(FIELDS, actual, descriptions=False) == []
    assert schema_diff(FIELDS, actual, descriptions=True) == ["description: id expected 'Number.', found ''"]


def test_grain_and_required_columns_are_claimed_without_being_asked() -> None:
    assert [(claim.name, claim.stops) for claim in claims_sql(TABLE, "`p.d.t`")] == [
        ("unique id", True),
        ("not_null id", True),
    ]


def test_checks_stop_and_warnings_tell() -> None:
    table = replace(
        TABLE,
        checks=(
            {"claim": "not_negative", "columns": ["id"]},
            {"claim": "accepted_values", "column": "id", "values": [1]},
        ),
        warnings=({"claim": "rows_at_least", "rows": 5}, {"claim": "not_null", "columns": ["created"]}),
    )
    claims = {claim.name: claim for claim in claims_sql(table, "`p.d.t`")}
    assert [claim.stops for claim in claims.values()] == [True, True, True, True, False, False]
    assert claims["rows_at_least 5"].sql == (
        'SELECT "rows_at_least 5" AS claim, GREATEST(5 - COUNT(*), 0) AS offending FROM `p.d.t` AS checked'
    )


def test_a_claim_made_twice_is_asked_once_and_stops() -> None:
    claim = {"claim": "not_negative", "columns": ["id"]}
    table = replace(TABLE, checks=(claim,), warnings=(claim,))
    assert [(it.name, it.stops) for it in claims_sql(table, "t")][-1] == ("not_negative id", True)
    assert len(claims_sql(table, "t")) == 3


def test_all_claims_are_one_query_that_can_be_bound() -> None:
    table = replace(
        TABLE,
        checks=(
            {"claim": "relationship", "column": "id", "table": "secondary.person", "other": "user_id"},
            {"claim": "at_most", "column": "id", "other": "id"},
            {"claim": "range", "columns": ["id"], "min": 0, "max": 1.5},
        ),
    )
    query = claims_query(table, "`p.d.t`")
    assert [str(it) for it in references(query)] == ["secondary.person"]
    assert "FROM `p.d.person` AS other" in bind(query, {"secondary.person": "`p.d.person`"})
    for claim in claims_sql(table, "`p.d.t`"):
        assert f'"{claim.name}" AS claim' in query
        assert [str(it) for it in references(claim.sql)] in ([], ["secondary.person"])
