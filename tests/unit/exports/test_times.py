"""Times as survey tools and people write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.exports.times import to_date, to_utc, zone_named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014-11-16 10:23:45", "2014-11-16T10:23:45Z"),
        ("2014-11-16T10:23:45.5Z", "2014-11-16T10:23:45.500000Z"),
        ("2014-11-16T10:23:45-05:00", "2014-11-16T15:23:45Z"),
        (" 2014-11-16  10:23 ", "2014-11-16T10:23:00Z"),
        ("11/6/2014 3:05 PM", "2014-11-06T15:05:00Z"),
        ("11/16/14 15:05", "2014-11-16T15:05:00Z"),
        ("11/16/2014", "2014-11-16T00:00:00Z"),
        ("16.11.2014 15:05", "2014-11-16T15:05:00Z"),
        ("Nov 16, 2014 3:05 PM", "2014-11-16T15:05:00Z"),
        ("2014-11-16 10:23:45 MST", "2014-11-16T17:23:45Z"),
        ("2014-11-16 10:23:45 (UTC)", "2014-11-16T10:23:45Z"),
        ("", None),
        ("  ", None),
    ],
)
def test_a_time_is_read_as_utc_however_it_is_written(text, expected):
    assert to_utc(text) == expected


@pytest.mark.parametrize("text", ["never", "31/31/2014", "2014-02-30", "2014-11-16 10:00 XYZ", "1", "11/16/2014 25:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="no "):
        to_utc(text)


def test_a_time_that_names_no_zone_has_that_of_its_column_summer_and_winter():
    denver = zone_named("America/Denver")
    assert to_utc("2014-11-16 10:00", denver) == "2014-11-16T17:00:00Z"
    assert to_utc("2014-07-16 10:00", denver) == "2014-07-16T16:00:00Z"
    assert to_utc("2014-07-16 10:00 UTC", denver) == "2014-07-16T10:00:00Z"
    with pytest.raises(ValueError, match="no time zone"):
        zone_named("Mars/Olympus")


@given(st.integers(0, 2**32))
def test_iso_times_come_back_as_they_were(seconds):
    when = datetime.fromtimestamp(seconds, UTC)
    assert datetime.fromisoformat(to_utc(when.isoformat()) or "") == when


def test_a_day_is_read_as_offices_write_it():
    assert to_date("9/1/2014") == "2014-09-01"
    assert to_date("") is None
    with pytest.raises(ValueError, match="no time"):
        to_date("TBD")
