"""Tables across courses: what is known of them, and how courses are read together."""

from datetime import date

from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.references import TABLES_PER_QUERY, bind
from edx_warehouse.tables.reports import ReportState, groups, known_state, states_json, union_of_courses

TABLE = Table(
    layer="secondary",
    name="visits",
    description="Visits.",
    grain=("course_id",),
    partition=None,
    cluster=(),
    fields=(Field("course_id", "STRING"), Field("n", "INTEGER")),
    references=("secondary.a", "secondary.b", "secondary.c"),
)


def test_a_table_is_in_the_state_that_its_label_names() -> None:
    before = ReportState({"A": "1"})
    after = before.having({"A": "2", "B": "1"})
    content = states_json([before, after])
    assert known_state(content, before.digest) == before
    assert known_state(content, after.digest) == after
    assert known_state(content, "another") is None
    assert known_state(None, None) is None


def test_a_state_forgets_courses_that_are_no_more() -> None:
    assert ReportState({"A": "1", "B": "2"}).having({}, ["A"]).courses == {"B": "2"}


def test_five_thousand_courses_are_read_in_groups_that_a_query_may_name() -> None:
    courses = [f"Org/C{number}/1" for number in range(5_000)]
    made = groups(TABLE, courses)
    assert [it for group in made for it in group] == courses
    assert max(map(len, made)) * len(TABLE.references) <= TABLES_PER_QUERY


def test_the_rows_of_courses_come_with_the_day_of_their_export() -> None:
    union = union_of_courses(TABLE, {"p.a.visits": date(2014, 11, 23), "p.b.visits": date(2014, 11, 16)})
    assert bind("SELECT v.n FROM secondary.visits AS v", {"secondary.visits": union}) == (
        "SELECT v.n FROM (SELECT `course_id`, `n`, DATE '2014-11-23' AS snapshot_date FROM `p.a.visits` UNION ALL "
        "SELECT `course_id`, `n`, DATE '2014-11-16' AS snapshot_date FROM `p.b.visits`) AS v"
    )
