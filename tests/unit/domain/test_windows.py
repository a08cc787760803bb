"""Windows, and the weekly export that one is made from."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.windows import LATEST, Window, distance, is_near, nearest_week

END = date(2013, 9, 1)
YEAR = Window("2012_2013", date(2012, 9, 1), END)


def near(*days: int) -> int | None:
    """Choose among exports, each told and returned by its days after the window's end."""
    chosen = nearest_week([END + timedelta(days=day) for day in days], END)
    return (chosen - END).days if chosen else None


def test_a_window_holds_its_start_and_not_its_end() -> None:
    assert YEAR.holds(YEAR.start)
    assert YEAR.holds(END - timedelta(days=1))
    assert not YEAR.holds(END)
    assert not YEAR.holds(YEAR.start - timedelta(days=1))
    assert str(YEAR) == "2012_2013 (2012-09-01 to before 2013-09-01)"


@given(st.dates())
def test_latest_holds_every_day(day: date) -> None:
    assert LATEST.holds(day)
    assert LATEST.holds(date.max)


@given(st.lists(st.dates()), st.dates())
def test_windows_that_make_up_another_share_its_days_out(days: list[date], cut: date) -> None:
    parts = Window("a", date.min, cut), Window("b", cut, date.max)
    whole = Window("c", date.min, date.max)
    assert all(sum(part.holds(day) for part in parts) == whole.holds(day) for day in days)


@pytest.mark.parametrize(
    ("exports", "chosen"),
    [
        ((), None),
        ((0,), 0),
        ((-7, 0, 7), 0),
        ((-1, 6, 13), 6),  # the first that knows all of the window, though another is nearer
        ((-1, 7), -1),  # without one of that week, the nearest
        ((-9, 8), 8),
        ((-8, 8), 8),  # of two as near the later
        ((-400, -300), -300),
        ((300, 400), 300),
    ],
)
def test_the_export_of_the_week_after_the_end_comes_before_the_nearest(
    exports: tuple[int, ...], chosen: int | None
) -> None:
    assert near(*exports) == chosen
    assert near(*reversed(exports)) == chosen


@given(st.sets(st.integers(-1000, 1000), min_size=1))
def test_some_export_is_chosen_and_none_more_than_a_week_nearer(days: set[int]) -> None:
    chosen = near(*days)
    assert chosen in days
    assert all(abs(day) > abs(chosen) - 7 for day in days)


def test_how_far_an_export_is_from_the_end_is_told_in_words() -> None:
    assert distance(END, END) == "dated the day the window ends"
    assert distance(END + timedelta(days=3), END) == "dated 3 days after the window's end"
    assert distance(END - timedelta(days=12), END) == "dated 12 days before the window's end"
    assert [is_near(END + timedelta(days=day), END) for day in (-7, -6, 6, 7)] == [False, True, True, False]
