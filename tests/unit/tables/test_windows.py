"""What a window is made from, and whether it is made at all."""

from datetime import date

import pytest

from edx_warehouse.domain.windows import LATEST, Window
from edx_warehouse.tables.days import LogDay, days_of_window, wanted_state
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.windows import has_reason, window_inputs


def november(day: int) -> date:
    return date(2014, 11, day)


WINDOW = Window("w", november(10), november(20))
TABLE = Table("secondary", "t", "Rows.", ("a",), None, (), (Field("a", "INTEGER"),), sql="SELECT 1 AS a")


def days(*delivered: tuple[int, tuple[int, ...]]) -> dict[date, LogDay]:
    """Return delivered days of November, each with the dates of its events."""
    return {november(day): LogDay(f"c{day}", tuple(map(november, dates))) for day, dates in delivered}


KNOWN = days((9, (8, 9)), (10, (9,)), (12, (3, 12)), (19, (19, 20)), (20, (20,)), (21, ()), (25, (19, 25)))


def test_a_table_kept_by_date_has_the_dates_of_its_window_made_from_all_their_days() -> None:
    state = wanted_state("r", KNOWN, {}, 0, WINDOW)
    assert {it.day: [day.day for day in origin.days] for it, origin in state.dates.items()} == {12: [12], 19: [19, 25]}


def test_looking_back_goes_beyond_the_start_of_a_window() -> None:
    known = KNOWN | days((11, (10,)))
    state = wanted_state("r", known, {}, 1, WINDOW)
    assert [day.day for day in state.dates[november(10)].days] == [9, 10, 11]


def test_a_date_is_made_from_the_same_days_in_every_window_that_has_it() -> None:
    latest = wanted_state("r", KNOWN, {}, 1)
    window = wanted_state("r", days_of_window(KNOWN, WINDOW, 1), {}, 1, WINDOW)
    assert window.dates == {it: origin for it, origin in latest.dates.items() if WINDOW.holds(it)}


@pytest.mark.parametrize(("look_back", "expected"), [(0, [12, 19, 25]), (1, [9, 10, 12, 19, 25])])
def test_a_window_is_made_from_the_days_that_have_its_events_or_those_that_are_looked_back_to(
    look_back: int, expected: list[int]
) -> None:
    assert [day.day for day in window_inputs(WINDOW, {}, KNOWN, look_back).days] == expected


def test_latest_is_made_from_all_days() -> None:
    assert days_of_window(KNOWN, LATEST, 0) == KNOWN


def test_the_digest_changes_with_days_week_bounds_and_recipes_and_with_nothing_else() -> None:
    weeks = {november(16): "w16", november(23): "w23", november(30): "w30"}
    inputs = window_inputs(WINDOW, weeks, KNOWN, 0)
    digest = inputs.digest(WINDOW, [TABLE])
    assert (
        window_inputs(WINDOW, weeks | {november(30): "x"}, KNOWN | days((28, (28,))), 0).digest(WINDOW, [TABLE])
        == digest
    )
    others = [
        window_inputs(WINDOW, weeks | {november(23): "x"}, KNOWN, 0).digest(WINDOW, [TABLE]),
        window_inputs(WINDOW, weeks, KNOWN | days((28, (12,))), 0).digest(WINDOW, [TABLE]),
        inputs.digest(Window("w", november(9), november(20)), [TABLE]),
        inputs.digest(WINDOW, []),
    ]
    assert len({digest, *others}) == 5


@pytest.mark.parametrize(
    ("launch", "wrap", "weeks", "dates", "expected"),
    [
        (None, None, [16], (), False),  # nobody knows when it ran
        (None, None, [], (12,), True),
        (date(2015, 1, 1), None, [16], (10,), True),  # what happened before the launch happened
        (november(1), None, [16], (9, 20), True),
        (november(1), None, [], (9, 20), False),  # nothing tells who was there
        (november(1), None, [9, 10], (), False),  # the newest export is from before
        (november(1), november(9), [23], (), False),
        (november(1), november(10), [23], (), True),
        (november(20), None, [23], (), False),
        (november(19), None, [23], (), True),
    ],
)
def test_a_course_is_in_a_window_when_something_happened_or_when_it_ran_and_an_export_tells(
    launch: date | None, wrap: date | None, weeks: list[int], dates: tuple[int, ...], expected: bool
) -> None:
    known = days((12, dates)).values()
    assert has_reason(WINDOW, launch, wrap, list(map(november, weeks)), known) is expected
