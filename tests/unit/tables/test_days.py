"""Which dates of a table that is kept by event date are made again, and from which delivered days."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.tables.days import DaysState, LogDay, Origin, batches, known_days, outdated, wanted_state

RECIPE = "recipe 1"


def november(day: int) -> date:
    return date(2014, 11, day)


def delivered(days: Mapping[int, tuple[str, tuple[int, ...]]]) -> dict[date, LogDay]:
    """Return delivered days of November: content, and the dates of the events."""
    return {november(day): LogDay(content, tuple(map(november, dates))) for day, (content, dates) in days.items()}


def made(
    split: Mapping[date, LogDay], before: DaysState | None = None, recipe: str = RECIPE, look_back: int = 0
) -> DaysState:
    """Return the state of a table whose split days are all loaded."""
    return wanted({day: it.content for day, it in split.items()}, split, before, recipe, look_back)


def wanted(
    loaded: Mapping[date, str],
    split: Mapping[date, LogDay],
    before: DaysState | None,
    recipe: str = RECIPE,
    look_back: int = 0,
) -> DaysState:
    return wanted_state(recipe, known_days(loaded, split, before), {}, look_back)


def chained(*inputs: DaysState, recipe: str = "chained 1", look_back: int = 0) -> DaysState:
    """Return the state of a table that is made from other tables only."""
    return wanted_state(recipe, None, {f"secondary.input_{n}": it for n, it in enumerate(inputs)}, look_back)


def days_of(state: DaysState) -> dict[int, dict[int, str]]:
    """Return for each date the day tables it is made from, as days of November."""
    return {it.day: {day.day: content for day, content in origin.days.items()} for it, origin in state.dates.items()}


FIRST = delivered({15: ("a", (14, 15)), 16: ("b", (15, 16))})


def test_a_date_is_made_from_every_delivered_day_that_has_events_of_it() -> None:
    assert days_of(made(FIRST)) == {14: {15: "a"}, 15: {15: "a", 16: "b"}, 16: {16: "b"}}


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
    assert days_of(late)[14] == {15: "a", 20: "c"}


def test_a_replaced_day_makes_all_dates_it_has_again() -> None:
    before = made(FIRST)
    assert outdated(before, made(FIRST | delivered({16: ("B", (15, 16))}), before)) == [november(15), november(16)]


def test_a_replaced_day_with_fewer_dates_makes_the_lost_date_again_from_what_is_left() -> None:
    before = made(FIRST)
    now = made(FIRST | delivered({16: ("B", (16,))}), before)
    assert outdated(before, now) == [november(15), november(16)]
    assert days_of(now)[15] == {15: "a"}


def test_a_date_whose_events_all_went_away_is_made_again_from_nothing() -> None:
    before = made(FIRST)
    now = made(FIRST | delivered({15: ("A", (15,))}), before)
    assert november(14) in outdated(before, now)
    assert list(batches([november(14)], now, 10)) == [([november(14)], [])]


def test_a_replaced_day_that_is_empty_leaves_no_date_of_its_own() -> None:
    before = made(FIRST)
    now = made(FIRST | delivered({16: ("B", ())}), before)
    assert outdated(before, now) == [november(15), november(16)]
    assert november(16) not in now.dates


def test_a_changed_recipe_makes_every_date_again() -> None:
    before = made(FIRST)
    assert outdated(before, made(FIRST, before, "recipe 2")) == [november(14), november(15), november(16)]


def test_a_changed_recipe_also_removes_dates_that_have_no_events_any_more() -> None:
    before = made(FIRST)
    without = made(delivered({16: ("b", (16,))}), before, "recipe 2")
    assert outdated(before, without) == [november(14), november(15), november(16)]


def test_a_day_that_was_split_but_is_not_loaded_yet_waits_for_its_own_run() -> None:
    now = wanted({november(15): "a"}, FIRST, None)
    assert set(now.days) == {november(15)}
    assert outdated(None, now) == [november(14), november(15)]


def test_a_day_with_a_newer_split_keeps_the_dates_of_what_is_loaded() -> None:
    before = made(FIRST)
    newer = FIRST | delivered({16: ("B", (1,))})
    still_loaded = {november(15): "a", november(16): "b"}
    now = wanted(still_loaded, newer, before)
    assert now == before
    assert outdated(before, now) == []


def test_a_loaded_day_that_nobody_can_describe_is_left_out() -> None:
    now = wanted({november(15): "a", november(16): "older"}, FIRST, None)
    assert set(now.days) == {november(15)}


def test_a_day_table_that_was_removed_takes_its_dates_along() -> None:
    before = made(FIRST)
    now = wanted({november(15): "a"}, FIRST, before)
    assert outdated(before, now) == [november(15), november(16)]


def test_with_look_back_a_date_is_also_made_from_the_days_of_the_date_before() -> None:
    state = made(FIRST, look_back=1)
    assert days_of(state) == {14: {15: "a"}, 15: {15: "a", 16: "b"}, 16: {15: "a", 16: "b"}}


def test_with_look_back_late_events_make_the_next_date_again_but_not_one_without_events() -> None:
    before = made(FIRST, look_back=1)
    late = made(FIRST | delivered({20: ("c", (15, 16))}), before, look_back=1)
    assert outdated(before, late) == [november(15), november(16)]
    late = made(FIRST | delivered({20: ("c", (14, 20))}), before, look_back=1)
    assert outdated(before, late) == [november(14), november(15), november(20)]
    assert set(days_of(late)) == {14, 15, 16, 20}


def test_with_look_back_a_date_that_went_away_makes_the_next_one_again() -> None:
    before = made(delivered({15: ("a", (14,)), 16: ("b", (15,))}), look_back=1)
    now = made(delivered({15: ("A", ()), 16: ("b", (15,))}), before, look_back=1)
    assert outdated(before, now) == [november(14), november(15)]


def test_a_chained_table_has_the_dates_of_its_inputs_and_follows_them() -> None:
    first = chained(made(FIRST))
    assert set(first.dates) == set(made(FIRST).dates)
    assert first.days == {}
    later = chained(made(FIRST | delivered({20: ("c", (14, 20))})))
    assert outdated(first, later) == [november(14), november(20)]
    assert outdated(first, chained(made(FIRST, recipe="recipe 2"))) == sorted(first.dates)


def test_a_chained_table_with_look_back_follows_the_date_before_in_its_inputs() -> None:
    first = chained(made(FIRST), look_back=1)
    later = chained(made(FIRST | delivered({20: ("c", (14,))})), look_back=1)
    assert outdated(first, later) == [november(14), november(15)]


def test_what_changes_at_the_end_of_a_chain_is_only_what_changed_at_its_beginning() -> None:
    first, later = made(FIRST), made(FIRST | delivered({20: ("c", (14,))}))
    assert outdated(chained(chained(first)), chained(chained(later))) == [november(14)]


def test_a_date_that_one_input_has_not_seen_waits_for_it() -> None:
    behind, ahead = made(delivered({15: ("a", (14, 15))})), made(FIRST)
    assert set(chained(behind, ahead).dates) == {november(14), november(15)}
    of_both = wanted_state("both", FIRST, {"secondary.behind": behind})
    assert set(of_both.dates) == {november(14), november(15)}
    assert outdated(of_both, wanted_state("both", FIRST, {"secondary.behind": ahead})) == [november(15), november(16)]


def test_a_state_reads_back_as_it_was_written() -> None:
    for state in (made(FIRST), chained(made(FIRST)), wanted_state("both", FIRST, {"secondary.x": made(FIRST)}, 1)):
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


def test_dates_that_need_no_day_table_are_grouped_by_their_number() -> None:
    state = chained(made(delivered({day: ("a", (day,)) for day in range(2, 9)})))
    assert [len(group) for group, days in batches(state.dates, state, 3) if not days] == [3, 3, 1]


@pytest.mark.parametrize("look_back", [0, 1])
def test_eleven_hundred_log_days_never_need_more_tables_than_a_query_may_name(look_back: int) -> None:
    start = date(2012, 9, 1)
    days = [start + timedelta(days=number) for number in range(1100)]
    # Each delivery also brings events of the very first date until 700 of them have.
    split = {
        day: LogDay("a", tuple(sorted({start, day - timedelta(days=1), day} if number < 700 else {day})))
        for number, day in enumerate(days)
    }
    state = made(split, look_back=look_back)
    groups = list(batches(state.dates, state, 500))
    assert [it for group, _ in groups for it in group] == list(state.dates)
    assert max(len(read) for _, read in groups) == 700
    assert sum(len(read) > 500 for _, read in groups) == 1 + look_back


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


def rows(dates: Iterable[date], state: DaysState) -> dict[date, Origin]:
    """Return what a table made now would hold of some dates."""
    return {it: state.dates[it] for it in dates if it in state.dates}


@given(WORLDS, WORLDS, st.integers(1, 5), st.integers(0, 2))
def test_making_only_what_is_outdated_gives_what_making_all_gives(
    first: dict[date, LogDay], second: dict[date, LogDay], limit: int, look_back: int
) -> None:
    # One content has one set of dates: a digest does not lie.
    second = {
        day: first[day] if day in first and first[day].content == it.content else it for day, it in second.items()
    }
    before = made(first, look_back=look_back)
    now = made(second, before, look_back=look_back)
    table = rows(before.dates, before)
    for group, days in batches(outdated(before, now), now, limit):
        assert {day for it in group if it in now.dates for day in now.dates[it].days} == set(days)
        for it in group:
            table.pop(it, None)
        table |= rows(group, now)
    assert table == rows(now.dates, now)


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
