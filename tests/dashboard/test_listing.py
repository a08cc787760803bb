"""The data table: searched, sorted and cut into pages on the server, and given away as CSV."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from edx_warehouse.dashboard.cells import HIDDEN
from edx_warehouse.dashboard.listing import View, as_csv, listing, matching_rows, text
from edx_warehouse.dashboard.panels import Column, Panel

COLUMNS = (Column("name", "Name"), Column("n", "Number", "people", "integer"), Column("parent", "Parent"))
TABLE = Panel("p", "P", "A panel.", "SELECT 1", (), (), COLUMNS)
TREE = Panel("p", "P", "A panel.", "SELECT 1", (), (), COLUMNS, expand="parent")
ROWS = [{"name": f"Course {it}", "n": it, "parent": None} for it in range(1, 69)]


def test_a_listing_says_which_entries_it_shows() -> None:
    assert str(listing(TABLE, ROWS, View())) == "Showing 1 to 10 of 68 entries"
    assert str(listing(TABLE, ROWS, View(page=7))) == "Showing 61 to 68 of 68 entries"
    assert (
        str(listing(TABLE, ROWS, View(search="course 6")))
        == "Showing 1 to 10 of 15 entries (filtered from 68 total entries)"
    )
    assert str(listing(TABLE, [], View())) == "Showing 0 to 0 of 0 entries"


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert listing(TABLE, ROWS, View(page=99, length=50)).view.page == 2


def test_the_first_the_last_and_the_near_pages_are_offered() -> None:
    assert listing(TABLE, ROWS, View(page=4)).numbers == [1, 0, 3, 4, 5, 0, 7]
    assert listing(TABLE, ROWS, View()).numbers == [1, 2, 0, 7]


def test_a_search_wants_all_its_words_whatever_their_case() -> None:
    assert [it["n"] for it in matching_rows(TABLE, ROWS, View(search="COURSE 68"))] == [68]
    assert matching_rows(TABLE, ROWS, View(search="course nothing")) == []


def test_what_is_hidden_or_unknown_comes_last_up_and_down() -> None:
    rows = [{"name": "a", "n": HIDDEN, "parent": None}, {"name": "b", "n": 2, "parent": None}]
    rows += [{"name": "c", "n": None, "parent": None}, {"name": "d", "n": 30, "parent": None}]
    assert [it["name"] for it in matching_rows(TABLE, rows, View(sort="n"))] == ["b", "d", "a", "c"]
    assert [it["name"] for it in matching_rows(TABLE, rows, View(sort="-n"))] == ["d", "b", "a", "c"]


def test_an_unknown_column_sorts_nothing() -> None:
    assert matching_rows(TABLE, ROWS, View(sort="n; DROP TABLE")) == ROWS


def test_rows_that_open_count_once_and_are_found_by_what_is_below_them() -> None:
    rows = [{"name": "Week 1", "n": 5, "parent": None}, {"name": "Lecture", "n": 3, "parent": "Week 1"}]
    found = listing(TREE, [*rows, {"name": "Week 2", "n": 4, "parent": None}], View(search="lecture"))
    assert [(row["name"], [it["name"] for it in below]) for row, below in found.rows] == [("Week 1", ["Lecture"])]
    assert found.matching == 1


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = [{"name": it, "n": -1, "parent": HIDDEN} for it in ("=1+1", "+1", "-1", "@x", "\tx", 'a "b", c')]
    read = list(csv.reader(io.StringIO(as_csv(TABLE, rows))))
    assert [it[0] for it in read[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", 'a "b", c']
    assert {tuple(it[1:]) for it in read[1:]} == {("-1", "hidden")}


@pytest.mark.parametrize(
    ("format_", "value", "shown"),
    [
        ("integer", 1234567, "1,234,567"),
        ("percent", 0.1234, "12.3 %"),
        ("hours", 5400, "1.5 h"),
        ("decimal", 2.5, "2.50"),
        ("date", datetime(2014, 1, 2, 3, tzinfo=UTC), "2014-01-02"),
        ("date", date(2014, 1, 2), "2014-01-02"),
        ("integer", None, "-"),
        ("integer", HIDDEN, "hidden"),
    ],
)
def test_a_cell_is_written_for_people(format_: str, value: object, shown: str) -> None:
    assert text(Column("c", "C", format=format_), value) == shown
