from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.tables.references import bind, parameters, references, union_of_days

SQL = """WITH person_course AS (
  SELECT 'é secondary.not_this 🙂' AS text FROM logs.tracklog AS log_event -- logs.nor_this
)

SELECT a.x, /* secondary.nor_that */ "raw.neither" AS y
FROM person_course AS a
LEFT JOIN secondary.person_course AS b ON a.x = b.x
CROSS JOIN `other.quoted` AS c
CROSS JOIN `p.d.t` AS d
, UNNEST(b.items) AS item
, b.items AS thing
WHERE a.x IN (SELECT z.x FROM logs.tracklog AS z) AND d.y IN UNNEST(@event_dates) AND d.z = @course_id"""


def found(sql: str) -> list[tuple[str, str]]:
    return [(str(it), sql[it.start : it.end]) for it in references(sql)]


def test_references_are_the_tables_of_layers_and_nothing_else() -> None:
    assert found(SQL) == [
        ("logs.tracklog", "logs.tracklog"),
        ("secondary.person_course", "secondary.person_course"),
        ("logs.tracklog", "logs.tracklog"),
    ]


def test_parameters_are_read_from_the_query() -> None:
    assert parameters(SQL) == ["course_id", "event_dates"]


def test_binding_changes_the_tables_and_no_other_character() -> None:
    targets = {"logs.tracklog": union_of_days(["p.c_logs.t1", "p.c_logs.t2"]), "secondary.person_course": "`p.c.pc`"}
    days = "(SELECT * FROM `p.c_logs.t1` UNION ALL SELECT * FROM `p.c_logs.t2`)"
    expected = SQL.replace("FROM logs.tracklog AS", f"FROM {days} AS")
    assert bind(SQL, targets) == expected.replace("JOIN secondary.person_course AS", "JOIN `p.c.pc` AS")


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="'\\\r\n", exclude_categories=["Cs", "Cc"])))
def test_binding_leaves_any_text_in_strings_alone(text: str) -> None:
    sql = f"SELECT '{text}' AS x FROM secondary.t AS t -- {text}"
    assert bind(sql, {"secondary.t": "`a.b.t`"}) == f"SELECT '{text}' AS x FROM `a.b.t` AS t -- {text}"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT a.x FROM secondary.a", "E-CFG-105"),
        ("SELECT a.x FROM (secondary.a AS a", "E-CFG-105"),
        ("SELECT 1 AS one; SELECT 2 AS two", "E-CFG-105"),
        ("DELETE FROM secondary.a AS a WHERE TRUE", "E-CFG-105"),
        ("SELECT 'x", "E-CFG-105"),
        ("", "E-CFG-105"),
    ],
)
def test_what_is_not_one_select_of_aliased_tables_is_refused(sql: str, code: str) -> None:
    with pytest.raises(Terminal) as caught:
        references(sql)
    assert caught.value.problem.code == code


def refused(sql: str, targets: Mapping[str, str]) -> str:
    with pytest.raises(Terminal) as caught:
        bind(sql, targets)
    return caught.value.problem.code


def test_a_table_without_a_target_is_refused() -> None:
    assert refused(SQL, {"logs.tracklog": "`a.b.c`"}) == "E-CFG-103"


def test_a_query_names_at_most_a_thousand_tables() -> None:
    sql = "SELECT a.x FROM logs.a AS a CROSS JOIN logs.b AS b"
    assert bind(sql, {"logs.a": union_of_days([f"p.d.t{n}" for n in range(999)]), "logs.b": "`p.d.b`"})
    assert (
        refused(sql, {"logs.a": union_of_days([f"p.d.t{n}" for n in range(1000)]), "logs.b": "`p.d.b`"}) == "E-CFG-106"
    )
    with pytest.raises(Terminal, match="at most 1000 tables"):
        union_of_days([f"p.d.t{n}" for n in range(1001)])


def test_columns_in_backticks_are_no_tables() -> None:
    columns = ", ".join(f"`c{n}`" for n in range(1001))
    assert columns in bind("SELECT a.x FROM logs.a AS a", {"logs.a": f"(SELECT {columns} FROM `p.d.t`)"})


def test_a_union_of_no_days_is_refused() -> None:
    with pytest.raises(Terminal, match="at least one day table"):
        union_of_days([])
