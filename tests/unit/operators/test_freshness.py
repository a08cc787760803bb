"""What is late, missing, waiting or held, for days, weeks and moments that are passed in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from edx_warehouse.domain.registry import Institution
from edx_warehouse.operators.freshness import Freshness, judge, judge_site

HARVARD = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///none", ("harvardx",), ("prod",))
NOON = datetime(2014, 11, 20, 12, tzinfo=UTC)


def day(number: int) -> date:
    return date(2014, 11, number)


def at(number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2014, 11, number, hour, minute, tzinfo=UTC)


def fresh(
    delivered: Iterable[int],
    now: datetime,
    *,
    undone: Iterable[int] = (),
    held: Mapping[int, str] | None = None,
    feed: str = "logs",
    unusual: Mapping[date, str] | None = None,
    **until: Any,
) -> Freshness:
    return judge(
        replace(HARVARD, **until),
        feed,
        set(map(day, delivered)),
        set(map(day, undone)),
        {day(it): code for it, code in (held or {}).items()},
        unusual or {},
        now,
    )


def test_a_day_is_due_30_hours_after_it_ended_and_reported_from_then_on() -> None:
    assert fresh([10, 11], at(14, 5, 59)).is_well
    late = fresh([10, 11], at(14, 6))
    assert late.missing == (day(12),)
    assert late.late == timedelta()
    assert fresh([10, 11], at(15, 5)).late == timedelta(hours=23)


def test_the_line_of_a_feed_that_is_in_time_says_so() -> None:
    assert str(fresh([10, 11], at(13))) == "HarvardX logs: newest 2014-11-11 · in time"


def test_days_between_the_first_delivery_and_what_is_due_are_missing() -> None:
    found = fresh([3, 4, 8, 9, 11], NOON)
    assert found.missing == tuple(map(day, [5, 6, 7, 10, 12, 13, 14, 15, 16, 17, 18]))
    assert "11 missing (2014-11-05 to 2014-11-07, 2014-11-10, 2014-11-12 to 2014-11-18)" in str(found)
    assert "late by 13 d 6 h" in str(found)


def test_the_end_of_deliveries_bounds_what_is_due() -> None:
    assert fresh([10, 11], NOON, deliveries_until=day(11)).is_well
    assert fresh([10, 11], NOON, deliveries_until=day(16), logs_until=day(11)).is_well
    assert fresh([9], NOON, feed="weekly", deliveries_until=day(15), logs_until=day(11)).is_well
    assert fresh([10, 11], NOON, deliveries_until=day(12)).missing == (day(12),)


def test_days_that_will_never_come_are_not_missing() -> None:
    never = frozenset({("logs", day(12)), ("weekly", day(11))})
    assert fresh([10], at(15), never_delivered=never).missing == (day(11),)


def test_before_the_first_delivery_nothing_is_due() -> None:
    found = fresh([], NOON)
    assert found.is_well
    assert str(found) == "HarvardX logs: newest none · nothing due"


def test_a_day_that_came_and_is_not_worked_through_is_late_once_it_is_due() -> None:
    assert fresh([10, 11], at(13), undone=[11]).is_well
    found = fresh([10, 11], at(13, 7), undone=[11])
    assert (found.newest, found.waiting, found.late) == (day(10), (day(11),), timedelta(hours=1))


def test_a_held_day_is_told_with_its_code_and_is_neither_good_nor_missing() -> None:
    found = fresh([10, 11, 12], at(13), undone=[12], held={12: "E-SPL-101"})
    assert not found.is_well
    assert (found.newest, found.missing, found.waiting) == (day(11), (), ())
    assert str(found) == "HarvardX logs: newest 2014-11-11 · held 2014-11-12 E-SPL-101"


def test_a_day_that_is_held_before_a_file_of_it_was_copied_is_not_missing() -> None:
    assert fresh([10], at(13, 7), held={11: "E-MIR-102"}).missing == ()


@pytest.mark.parametrize("came", [9, 12, 15])
def test_an_export_of_any_day_of_its_week_is_the_weeks(came: int) -> None:
    assert fresh([2, came], at(16), feed="weekly").is_well


def test_a_week_is_due_seven_days_after_its_sunday() -> None:
    assert fresh([2], at(15, 23), feed="weekly").is_well
    found = fresh([2], at(16, 3), feed="weekly")
    assert (found.missing, found.late) == ((day(9),), timedelta(hours=3))
    assert "1 missing (2014-11-09)" in str(found)


def test_machines_get_dates_as_text_and_lateness_in_hours() -> None:
    assert fresh([10], at(13, 7), held={9: "E-SPL-102"}).to_dict() == {
        "institution": "HarvardX",
        "feed": "logs",
        "newest": "2014-11-10",
        "missing": ["2014-11-11"],
        "waiting": [],
        "held": {"2014-11-09": "E-SPL-102"},
        "late": 1.0,
        "unusual": {},
        "unloaded": {},
        "site": "",
    }


def test_unusual_days_are_told_for_four_weeks_and_are_no_lateness() -> None:
    unusual = {date(2014, 10, 13): "1 files", date(2014, 10, 14): "2 lines"}
    found = fresh([10, 11], at(13), unusual=unusual)
    assert found.is_well
    assert str(found) == "HarvardX logs: newest 2014-11-11 · in time"
    found = fresh([9, 10], at(12), unusual=unusual)
    assert str(found) == "HarvardX logs: newest 2014-11-10 · in time · unusual 2014-10-14: 2 lines"


def test_days_of_one_site_are_missing_from_its_first_file_on_when_others_came() -> None:
    institution = replace(HARVARD, never_delivered=frozenset({("logs", day(13))}))
    found = judge_site(institution, "edge", {day(11), day(15)}, set(map(day, range(9, 16))) - {day(12)}, NOON)
    assert found.missing == (day(14),)
    assert str(found) == "HarvardX logs edge: newest 2014-11-15 · 1 missing (2014-11-14) · late by 4 d 6 h"
    assert judge_site(HARVARD, "edge", {day(15)}, {day(15), day(19)}, NOON).is_well, "the 19th is not due yet"
