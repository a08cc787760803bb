"""Which dates of a table that is kept by event date are made again, and from which delivered days."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.tables.days import DaysState, LogDay, batches, outdated, wanted_state

RECIPE = "recipe 1"


def november(day: int) -> date:
    return date(2014, 11, day)


def delivered(days: Mapping[int, tuple[str, tuple[int, ...]]]) -> dict[date, LogDay]:
    """Return delivered days of November: content, and the dates of the events."""
    return {november(day): LogDay(content, tuple(map(november, dates))) for day, (content, dates) in days.items()}


def made(split: Mapping[date, LogDay], before: DaysState | None = None, recipe: str = RECIPE) -> DaysState:
    """Return the state of a table whose split days are all loaded."""
    return wanted_state(recipe, {day: it.content for day, it in split.items()}, split, before)


FIRST = delivered({15: ("a", (14, 15)), 16: ("b", (15, 16))})


def test_a_date_is_made_from_every_delivered_day_that_has_events_of_it() -> None:
    assert made(FIRST).dates == {
        november(14): {november(15): "a"},
        november(15): {november(15): "a", november(16): "b"},
        november(16): {november(16): "b"},
    }


def test_a_new_table_is_made_for_all_dates() -> None:
    assert outdated(None, made(FIRST)) == [november(14), november(15), november(16)]


def test_with_the_same_input_nothing_is_made_again() -> None:
    before = made(FIRST)
    assert outdated(before, made(FIRST, before)) == []
    assert made(FIRST, before) == before


def test_late_events_make_only_their_own_dates_again() -> None:
    before = made(FIRST)
    late = FIRST | delivered({20: ("c", (3, 14, 20))})
    assert outdated(before, made(late, before)) == [november(3), november(14), november(20)]


def test_late_events_do_not_forget_the_days_that_a_date_was_made_from() -> None:
    late = made(FIRST | delivered({20: ("c", (14,))}), made(FIRST))
    assert late.dates[november(14)] == {november(15): "a", november(20): "c"}


def test_a_replaced_day_makes_all_dates_it_has_again() -> None:
    before = made(FIRST)
    assert outdated(before, made(FIRST | delivered({16: ("B", (15, 16))}), before)) == [november(15), november(16)]


def test_a_replaced_day_with_fewer_dates_makes_the_lost_date_again_from_what_is_left() -> None:
    before = made(FIRST)
    wanted = made(FIRST | delivered({16: ("B", (16,))}), before)
    assert outdated(before, wanted) == [november(15), november(16)]
    assert wanted.dates[november(15)] == {november(15): "a"}


def test_a_date_whose_events_all_went_away_is_made_again_from_nothing() -> None:
    before = made(FIRST)
    wanted = made(FIRST | delivered({15: ("A", (15,))}), before)
    assert november(14) in outdated(before, wanted)
    assert list(batches([november(14)], wanted, 10)) == [([november(14)], [])]


def test_a_replaced_day_that_is_empty_leaves_no_date_of_its_own() -> None:
    before = made(FIRST)
    wanted = made(FIRST | delivered({16: ("B", ())}), before)
    assert outdated(before, wanted) == [november(15), november(16)]
    assert november(16) not in wanted.dates


def test_a_changed_recipe_makes_every_date_again() -> None:
    before = made(FIRST)
    assert outdated(before, made(FIRST, before, "recipe 2")) == [november(14), november(15), november(16)]


def test_a_changed_recipe_also_removes_dates_that_have_no_events_any_more() -> None:
    before = made(FIRST)
    without = made(delivered({16: ("b", (16,))}), before, "recipe 2")
    assert outdated(before, without) == [november(14), november(15), november(16)]


def test_a_day_that_was_split_but_is_not_loaded_yet_waits_for_its_own_run() -> None:
    wanted = wanted_state(RECIPE, {november(15): "a"}, FIRST, None)
    assert set(wanted.days) == {november(15)}
    assert outdated(None, wanted) == [november(14), november(15)]


def test_a_day_with_a_newer_split_keeps_the_dates_of_what_is_loaded() -> None:
    before = made(FIRST)
    newer = FIRST | delivered({16: ("B", (1,))})
    still_loaded = {november(15): "a", november(16): "b"}
    wanted = wanted_state(RECIPE, still_loaded, newer, before)
    assert wanted == before
    assert outdated(before, wanted) == []


def test_a_loaded_day_that_nobody_can_describe_is_left_out() -> None:
    wanted = wanted_state(RECIPE, {november(15): "a", november(16): "older"}, FIRST, None)
    assert set(wanted.days) == {november(15)}


def test_a_day_table_that_was_removed_takes_its_dates_along() -> None:
    before = made(FIRST)
    wanted = wanted_state(RECIPE, {november(15): "a"}, FIRST, before)
    assert outdated(before, wanted) == [november(15), november(16)]


def test_a_state_reads_back_as_it_was_written() -> None:
    state = made(FIRST)
    assert DaysState.from_json(state.to_json()) == state


def test_a_state_has_the_same_bytes_and_digest_in_whatever_order_it_was_learnt() -> None:
    backwards = dict(reversed(FIRST.items()))
    assert made(backwards).to_json() == made(FIRST).to_json()
    assert made(backwards).digest == made(FIRST).digest
    assert len(made(FIRST).digest) <= 63


def test_another_content_is_another_digest() -> None:
    assert made(FIRST).digest != made(FIRST | delivered({16: ("B", (15, 16))})).digest
    assert made(FIRST).digest != made(FIRST, recipe="recipe 2").digest


def test_dates_are_grouped_while_their_days_fit_one_query() -> None:
    state = made(delivered({15: ("a", (14, 15)), 16: ("b", (15, 16)), 17: ("c", (16, 17))}))
    assert list(batches(state.dates, state, 2)) == [
        ([november(14), november(15)], [november(15), november(16)]),
        ([november(16), november(17)], [november(16), november(17)]),
    ]


def test_a_date_of_more_days_than_fit_is_a_group_of_its_own() -> None:
    state = made(delivered({day: ("a", (1, day)) for day in range(2, 8)}))
    groups = list(batches(state.dates, state, 3))
    assert groups[0] == ([november(1)], [november(day) for day in range(2, 8)])
    assert all(len(days) <= 3 for _, days in groups[1:])


def test_no_dates_are_no_groups() -> None:
    assert list(batches([], made(FIRST), 2)) == []


WORLDS = st.dictionaries(
    st.integers(0, 20).map(lambda it: date(2014, 11, 1) + timedelta(days=it)),
    st.builds(
        LogDay,
        st.sampled_from("abc"),
        st.frozensets(st.integers(0, 20), max_size=4).map(
            lambda them: tuple(date(2014, 11, 1) + timedelta(days=it) for it in sorted(them))
        ),
    ),
    max_size=8,
)


def rows(dates: Iterable[date], state: DaysState) -> dict[date, dict[date, str]]:
    """Return what a table made now would hold of some dates."""
    return {it: dict(state.dates[it]) for it in dates if it in state.dates}


@given(WORLDS, WORLDS, st.integers(1, 5))
def test_making_only_what_is_outdated_gives_what_making_all_gives(
    first: dict[date, LogDay], second: dict[date, LogDay], limit: int
) -> None:
    # One content has one set of dates: a digest does not lie.
    second = {
        day: first[day] if day in first and first[day].content == it.content else it for day, it in second.items()
    }
    before, wanted = made(first), made(second, made(first))
    table = rows(before.dates, before)
    for group, days in batches(outdated(before, wanted), wanted, limit):
        assert {it for date_ in group for it in wanted.dates.get(date_, ())} == set(days)
        for it in group:
            table.pop(it, None)
        table |= rows(group, wanted)
    assert table == rows(wanted.dates, wanted)


@given(WORLDS, st.integers(1, 5))
def test_every_date_is_in_one_group_and_no_group_reads_too_much(world: dict[date, LogDay], limit: int) -> None:
    state = made(world)
    groups = list(batches(state.dates, state, limit))
    assert [it for group, _ in groups for it in group] == list(state.dates)
    assert all(len(days) <= limit or len(group) == 1 for group, days in groups)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"recipe": "r", "days": {}}'])
def test_a_torn_state_is_an_error_and_not_an_empty_state(content: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        DaysState.from_json(content)
