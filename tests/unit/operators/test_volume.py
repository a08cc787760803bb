from datetime import date, timedelta

from edx_warehouse.operators.volume import Volume, suspicion

MONDAY = date(2014, 11, 10)


def before(*volumes: Volume) -> dict[date, Volume]:
    """Return these as the volumes of the Mondays before, the last one first."""
    return {MONDAY - timedelta(weeks=weeks): it for weeks, it in enumerate(volumes, 1)}


def test_fewer_than_half_of_the_median_lines_are_suspicious_and_half_is_not() -> None:
    known = before(Volume(100, 2), Volume(90, 2), Volume(1000, 2))
    assert suspicion(MONDAY, Volume(50, 2), known) is None
    assert suspicion(MONDAY, Volume(49, 2), known) == "49 lines, where this weekday mostly has 100"


def test_fewer_files_than_mostly_are_suspicious() -> None:
    known = before(Volume(100, 2), Volume(100, 2), Volume(100, 1))
    assert suspicion(MONDAY, Volume(100, 1), known) == "1 files, where this weekday mostly has 2"


def test_three_days_of_the_same_weekday_are_needed() -> None:
    assert suspicion(MONDAY, Volume(1, 1), before(Volume(100, 2), Volume(100, 2))) is None


def test_other_weekdays_and_older_weeks_do_not_count() -> None:
    days = {MONDAY - timedelta(days=it): Volume(100, 2) for it in (1, 2, 3, 4, 5, 6, 35, 42, 49)}
    assert suspicion(MONDAY, Volume(1, 1), days) is None
