"""What a board shows of what is known, without a server."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Course, Institution
from edx_warehouse.ui.airflow_runs import Run, Runs
from edx_warehouse.ui.board import make_board, short, size
from edx_warehouse.ui.board_data import BoardData, Feeds, Hold
from edx_warehouse.ui.status_app import templates

NOW = datetime(2014, 11, 20, 12, tzinfo=UTC)
HARVARD = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///srv", ("harvardx",), ("prod",))
DAYS = [date(2014, 11, 6) + timedelta(days=it) for it in range(14)]


def course(number: int) -> Course:
    return Course(CourseKey("HarvardX", f"C{number}", "2014"), HARVARD)


def logs_of(feeds: Feeds, runs: Runs | None = None, institution: Institution = HARVARD) -> tuple[str, str]:
    data = BoardData(feeds={"HarvardX/C1/2014": feeds}, days=DAYS, looked=NOW)
    board = make_board(institution, [replace(course(1), institution=institution)], data, runs or Runs(), (), NOW)
    cell = board.rows[0].feeds[0]
    return cell.text, cell.kind


def failed(day: date) -> Runs:
    return Runs(
        newest={"course_daily__HarvardX__C1__2014": Run("course_daily__HarvardX__C1__2014", "r", "failed", day)}
    )


def test_a_course_is_in_time_with_the_newest_day_that_can_be_there() -> None:
    assert logs_of(Feeds(day=date(2014, 11, 18))) == ("2014-11-18", "good")
    assert logs_of(Feeds(day=date(2014, 11, 16))) == ("2014-11-16", "late")
    assert logs_of(Feeds()) == ("none", "late")


def test_nothing_is_late_after_the_last_delivery() -> None:
    ended = replace(HARVARD, deliveries_until=date(2014, 9, 1))
    assert logs_of(Feeds(day=date(2014, 9, 1)), institution=ended) == ("2014-09-01", "good")
    assert logs_of(Feeds(day=date(2014, 8, 31)), institution=ended)[1] == "late"


def test_a_run_that_failed_is_told_until_later_days_are_good() -> None:
    assert logs_of(Feeds(day=date(2014, 11, 18)), failed(date(2014, 11, 19)))[1] == "bad"
    assert logs_of(Feeds(day=date(2014, 11, 18)), failed(date(2014, 10, 1)))[1] == "good"


def test_what_needs_a_person_comes_first() -> None:
    data = BoardData(
        feeds={str(course(it).key): Feeds(day=date(2014, 11, 18), week=date(2014, 11, 16)) for it in (1, 2)},
        held=[Hold("weekly", "2014-11-16/HarvardX__C4__2014", "E-EXP-101", "")],
    )
    board = make_board(HARVARD, [course(it) for it in (1, 2, 3, 4)], data, Runs(), (), NOW)
    assert [row.name.split("/")[1] for row in board.rows] == ["C4", "C3", "C1", "C2"]
    assert [number for number, *_ in board.sums[:4]] == ["2/4", "1", "1", "1"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (12_345, "12.3k"),
        (999_999, "999k"),
        (1_500_000, "1.5M"),
        (2 * 10**12, "2000G"),
    ],
)
def test_a_count_is_short(number: int, text: str) -> None:
    assert short(number) == text


def test_bytes_are_told_in_the_unit_that_fits() -> None:
    assert [size(it) for it in (0, 1536, 5 * 2**30, 2**40)] == ["0 B", "1.5 KiB", "5 GiB", "1 TiB"]


def test_a_thousand_courses_are_shown_within_a_second() -> None:
    courses = [course(it) for it in range(1000)]
    dag_ids = [f"course_daily__{it.key.slug}" for it in courses]
    run_id = "scheduled__2014-11-16T00:00:00+00:00"
    runs = Runs(
        newest={it: Run(it, run_id, "success", DAYS[-1]) for it in dag_ids},
        of_days={(it, day): Run(it, run_id, "success", day) for it in dag_ids for day in DAYS},
    )
    data = BoardData(
        feeds={str(it.key): Feeds(DAYS[-1], DAYS[-3], NOW) for it in courses},
        days=DAYS,
        events={(str(it.key), day): 1000 + number for number, it in enumerate(courses) for day in DAYS},
        looked=NOW,
    )
    took = []
    for _ in range(3):
        begin = time.process_time()
        board = make_board(HARVARD, courses, data, runs, (), NOW)
        text = templates.get_template("board.html.jinja").render(board=board, root="/edx-status", airflow="")
        took.append(time.process_time() - begin)
    assert text.count("data-name=") == 1000
    assert min(took) < 1
