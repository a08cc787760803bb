import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey

PARTS = st.text("AZaz09._-", min_size=1, max_size=12).filter(lambda it: any(letter.isalnum() for letter in it))


def test_both_spellings_are_one_course() -> None:
    slashed, opaque = CourseKey.parse("HarvardX/CS50x/2014_T1"), CourseKey.parse("course-v1:HarvardX+CS50x+2014_T1")
    assert slashed == opaque
    assert str(opaque) == "HarvardX/CS50x/2014_T1"
    assert slashed.opaque == "course-v1:HarvardX+CS50x+2014_T1"


@given(PARTS, PARTS, PARTS)
def test_every_key_reads_back_from_either_spelling(org: str, course: str, run: str) -> None:
    key = CourseKey(org, course, run)
    assert CourseKey.parse(str(key)) == CourseKey.parse(key.opaque) == key


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "HarvardX",
        "HarvardX/CS50x",
        "HarvardX/CS50x/2014/extra",
        "HarvardX//2014",
        "HarvardX/CS50x/..",
        "../../etc",
        "././.",
        "_/_/_",
        "/HarvardX/CS50x/2014",
        "HarvardX/CS50x/2014/",
        "HarvardX/CS50x/2014\n",
        " HarvardX/CS50x/2014",
        "HarvardX/CS 50x/2014",
        "HarvardX/CS50x/2014?x=1",
        "HarvardX/Ünïcode/2014",
        "HarvardX/CS50x/2014\x00",
        "HarvardX+CS50x+2014",
        "course-v1:HarvardX/CS50x/2014",
        "course-v1:HarvardX+CS50x",
        "course-v2:HarvardX+CS50x+2014",
        "ccx-v1:HarvardX+CS50x+2014+ccx@1",
        "course-v1:HarvardX+CS50x+2014+extra",
    ],
)
def test_junk_is_no_course(junk: str) -> None:
    with pytest.raises(ValueError, match="a course id is Org/Course/Run"):
        CourseKey.parse(junk)


def test_the_slug_has_no_dots_dashes_or_slashes() -> None:
    assert CourseKey.parse("MITx/6.00-x/2013.Spring").slug == "MITx__6_00_x__2013_Spring"


def test_the_slug_is_the_same_for_both_spellings() -> None:
    assert CourseKey.parse("course-v1:MITx+6.00x+1T2014").slug == CourseKey.parse("MITx/6.00x/1T2014").slug


def test_weekly_files_begin_with_the_parts_joined_by_dashes() -> None:
    assert CourseKey.parse("MITx/6.00x/2013").file_prefix == "MITx-6.00x-2013"


@pytest.mark.parametrize(
    "text",
    [
        "course-v1:MITx+6.00x+2013",
        "course-v1:MITx%2B6.00x%2B2013",
        "course-v1%3AMITx%2B6.00x%2B2013",
        "course-v1:MITx 6.00x 2013",
        "  MITx/6.00x/2013\n",
        "MITx%2F6.00x%2F2013",
    ],
)
def test_an_id_in_an_event_may_be_quoted_or_padded(text: str) -> None:
    assert CourseKey.parse_loosely(text) == CourseKey("MITx", "6.00x", "2013")


@pytest.mark.parametrize("text", ["", "   ", "MITx 6.00x 2013", "%2e%2e/%2e%2e/etc", "MITx/%2e%2e/2013", "%00/%00/%00"])
def test_junk_in_an_event_is_no_course(text: str) -> None:
    assert CourseKey.parse_loosely(text) is None


@given(st.text(max_size=60))
def test_no_text_in_an_event_makes_a_slug_that_leaves_its_folder(text: str) -> None:
    key = CourseKey.parse_loosely(text)
    assert key is None or not set(key.slug) & set("/.\\-+% \x00")
