from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.windows import LATEST, Window

DAY = date(2014, 11, 15)
COURSE = CourseKey.parse("MITx/6.00x/2013")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("harvardx-prod-events-2014-11-15.log.gz", "harvardx"),
        ("mitx-edge-events-2014-11-15.log.gz", "mitx"),
        ("MITx-prod-edge-events-2014-11-15.log.gz", "MITx"),
        ("2013.mitx-prod-events-2014-11-15.log.gz", "2013.mitx"),
    ],
)
def test_a_log_files_day_and_prefix_are_in_its_base_name(name: str, prefix: str) -> None:
    assert places.log_file_day(name) == DAY
    assert places.log_file_prefix(name) == prefix


@pytest.mark.parametrize(
    "name",
    [
        "2014-11-22/harvardx-prod-events-2014-11-15.log.gz",  # a folder's date is no log's day
        "harvardx-prod-events-2014-11-31.log.gz",
        "harvardx-prod-events-20141115.log.gz",
        "harvardx-prod-events-2014-11-15.log",
        "harvardx-prod-events-2014-11-15.log.gz.part",
        "harvardx-prod-events-2014-11-15.log.gz\n",
        "harvardx-events-2014-11-15.log.gz",
        "-prod-events-2014-11-15.log.gz",
        ".harvardx-prod-events-2014-11-15.log.gz.swp",
        "",
    ],
)
def test_any_other_name_is_no_log_file(name: str) -> None:
    assert places.log_file_day(name) is None


def test_a_strange_name_has_no_prefix() -> None:
    assert places.log_file_prefix("README.txt") == ""


def test_a_day_is_the_same_in_all_its_names() -> None:
    assert places.log_glob(DAY) == "hmdc/logs/*-events-2014-11-15*.log.gz"
    assert places.split_manifest(DAY) == "hmdc/splits/2014-11-15.manifest.json"
    assert places.log_part(COURSE, DAY) == "MITx__6_00x__2013/logs/tracklog-2014-11-15.json.gz"
    assert places.log_manifest(COURSE, DAY) == "MITx__6_00x__2013/logs/tracklog-2014-11-15.manifest.json"
    assert places.quarantine_logs(DAY) == "quarantine/logs/2014-11-15/"
    assert places.day_table(DAY) == "tracklog_20141115"


def test_a_week_is_the_same_in_all_its_names() -> None:
    assert places.weekly(DAY) == "hmdc/weekly/2014-11-15/"
    assert places.weekly_manifest(DAY) == "hmdc/weekly/2014-11-15/MANIFEST.json"
    assert places.week_of_course(COURSE, DAY) == "MITx__6_00x__2013/weekly/2014-11-15/"
    assert places.quarantine_week(COURSE, DAY) == "quarantine/weekly/2014-11-15/MITx__6_00x__2013/"
    assert places.snapshot(DAY, COURSE) == "snapshots/2014-11-15/MITx__6_00x__2013"


def test_a_course_has_a_dataset_for_tables_and_one_for_day_tables() -> None:
    assert places.latest_dataset(COURSE) == "MITx__6_00x__2013_latest"
    assert places.logs_dataset(COURSE) == "MITx__6_00x__2013_logs"
    assert places.latest(COURSE) == "MITx__6_00x__2013/latest/"
    assert places.table_state(COURSE, "person_course_day") == "MITx__6_00x__2013/state/person_course_day.json"


def test_a_window_has_a_dataset_a_folder_and_states_of_its_own() -> None:
    window = Window("2012_2013", date(2012, 9, 1), date(2013, 9, 1))
    assert places.dataset(COURSE, window) == "MITx__6_00x__2013_2012_2013"
    assert places.window_folder(COURSE, window) == "MITx__6_00x__2013/2012_2013/"
    assert places.table_state(COURSE, "gaps", window) == "MITx__6_00x__2013/state/2012_2013/gaps.json"
    assert places.dataset(COURSE, LATEST) == places.latest_dataset(COURSE)
    assert places.window_folder(COURSE, LATEST) == places.latest(COURSE)
    assert places.converted_weeks(COURSE) == places.week_of_course(COURSE, DAY).replace(
        "2014-11-15/", "*/converted.json"
    )


@given(st.dates())
def test_a_manifest_and_its_part_never_share_a_name(day: date) -> None:
    assert places.log_part(COURSE, day) != places.log_manifest(COURSE, day)
    assert places.log_file_day(f"mitx-prod-events-{day}.log.gz") == day
