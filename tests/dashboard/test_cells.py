"""Small cells: what is hidden from those who may not see numbers of few learners."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.dashboard.cells import HIDDEN, hide_small
from edx_warehouse.dashboard.panels import Column, Panel

K = 10
LABEL, REGISTERED = Column("label", "Label"), Column("registered", "Registered", "people")
VIEWED = Column("viewed", "Viewed", "people", within=("registered",))
EXPLORED = Column("explored", "Explored", "people", within=("viewed",))
EVENTS = Column("events", "Events", "measure", of="registered")
SO_FAR = Column("so_far", "So far", "cumulative", of="registered")


def panel(*columns: Column, **options: Any) -> Panel:
    return Panel("p", "P", "A panel.", "SELECT 1", (), (), columns, **options)


def hidden(it: Panel, rows: Sequence[Mapping[str, Any]]) -> list[set[str]]:
    return [{name for name, value in row.items() if value is HIDDEN} for row in hide_small(it, rows, K)]


def test_numbers_of_one_to_nine_people_are_hidden_and_nobody_and_ten_are_not() -> None:
    rows = [{"registered": it} for it in (0, 1, 9, 10, -3, None)]
    assert hidden(panel(REGISTERED), rows) == [set(), {"registered"}, {"registered"}, set(), {"registered"}, set()]


def test_a_part_is_hidden_when_its_rest_is_small() -> None:
    it = panel(REGISTERED, VIEWED)
    assert hidden(it, [{"registered": 100, "viewed": 97}]) == [{"viewed"}]
    assert hidden(it, [{"registered": 100, "viewed": 100}]) == [set()]
    assert hidden(it, [{"registered": 100, "viewed": 90}]) == [set()]


def test_a_part_of_a_part_is_hidden_when_its_rest_to_what_is_shown_is_small() -> None:
    rows = [{"registered": 100, "viewed": 97, "explored": 95}]
    assert hidden(panel(REGISTERED, VIEWED, EXPLORED), rows) == [{"viewed", "explored"}]


def test_the_only_small_row_of_a_whole_takes_the_next_smallest_with_it() -> None:
    rows = [{"label": it, "registered": n} for it, n in (("f", 40), ("m", 60), ("o", 3), ("x", 0))]
    assert hidden(panel(LABEL, REGISTERED, whole=True), rows) == [{"registered"}, set(), {"registered"}, set()]
    assert hidden(panel(LABEL, REGISTERED), rows) == [set(), set(), {"registered"}, set()]


def test_several_small_rows_that_are_small_together_take_one_more() -> None:
    rows = [{"registered": it} for it in (50, 40, 3, 4)]
    assert hidden(panel(REGISTERED, whole=True), rows) == [set(), {"registered"}, {"registered"}, {"registered"}]


def test_what_few_people_did_is_hidden_with_their_number() -> None:
    rows = [{"registered": 3, "events": 900}, {"registered": 30, "events": 5}, {"registered": 0, "events": None}]
    assert hidden(panel(REGISTERED, EVENTS), rows) == [{"registered", "events"}, set(), set()]


def test_a_running_sum_stops_where_a_step_would_tell() -> None:
    steps = [20, 3, 20, 8, 20]
    rows = [{"registered": n, "so_far": sum(steps[: i + 1])} for i, n in enumerate(steps)]
    found = hidden(panel(REGISTERED, SO_FAR), rows)
    assert [("so_far" in it) for it in found] == [False, True, True, False, False]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_nobody_can_reckon_a_small_number_from_running_sums_and_the_whole(steps: list[int]) -> None:
    rows = [{"registered": n, "so_far": sum(steps[: i + 1])} for i, n in enumerate(steps)]
    shown = hide_small(panel(REGISTERED, SO_FAR, whole=True), rows, K)
    # The sum of all is known; between two shown sums everything that is hidden is known together.
    known, people, count = [], 0, 0
    for row, exact in zip(shown, rows, strict=True):
        if row["registered"] is HIDDEN:
            people, count = people + exact["registered"], count + 1
        if row["so_far"] is not HIDDEN:
            known.append((people, count))
            people, count = 0, 0
    known.append((people, count))
    all_hidden = all(it["registered"] is HIDDEN or not it["registered"] for it in shown)
    for people, count in known:
        assert not count or (count >= 2 and people >= K) or (all_hidden and len(known) == 1)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=10))
def test_the_hidden_rows_of_a_whole_are_two_or_more_of_ten_people_or_all(counts: list[int]) -> None:
    shown = hide_small(panel(REGISTERED, whole=True), [{"registered": it} for it in counts], K)
    gone = [n for n, row in zip(counts, shown, strict=True) if row["registered"] is HIDDEN]
    left = [n for n, row in zip(counts, shown, strict=True) if row["registered"] is not HIDDEN]
    assert not gone or (len(gone) >= 2 and sum(gone) >= K) or not any(left)
    assert all(not 0 < it < K for it in left)


def test_the_exact_rows_stay_as_they_were() -> None:
    rows = [{"registered": 3}]
    hide_small(panel(REGISTERED), rows, K)
    assert rows == [{"registered": 3}]
