"""Names, tag files and faults of bags."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain import bags
from edx_warehouse.domain.bags import BagName, Entry
from edx_warehouse.domain.courses import CourseKey

WEEK = date(2014, 11, 16)
COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
NAME = BagName(WEEK, COURSE.slug, 2)
ENTRIES = [Entry("transformed/b.json.gz", 20, "b" * 64), Entry("raw/a.csv.gz", 10, "a" * 64)]

digests = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["1", "2", "3"]))


def kinds(listed: dict[str, str], found: dict[str, str]) -> list[tuple[str, str]]:
    return [(str(it.kind), it.file) for it in bags.differences(listed, found)]


@pytest.mark.parametrize("version", [1, 2, 13])
def test_a_bags_folder_and_its_name_are_one(version: int) -> None:
    name = BagName(WEEK, COURSE.slug, version)
    assert BagName.parse(WEEK, name.folder.rsplit("/", 1)[-1]) == name


@pytest.mark.parametrize("folder", [".draft-0a1b", "x.v0", "x.v-1", "x.old", "x y", ""])
def test_what_is_no_bags_folder_has_no_name(folder: str) -> None:
    assert BagName.parse(WEEK, folder) is None


def test_the_tag_files_of_the_same_content_are_the_same_bytes() -> None:
    made = [bags.tag_files("HarvardX", COURSE, NAME, "why", it, {bags.WEEK: b"{}"}) for it in (ENTRIES, ENTRIES[::-1])]
    assert made[0] == made[1]
    assert made[0][bags.PAYLOAD].decode().splitlines() == [
        f"{'a' * 64}  data/raw/a.csv.gz",
        f"{'b' * 64}  data/transformed/b.json.gz",
    ]
    assert b"Payload-Oxum: 30.2\n" in made[0][bags.INFO]
    assert bags.parse_manifest(made[0][bags.TAGS]).keys() == made[0].keys() - {bags.TAGS}


def test_a_reason_stays_in_its_line() -> None:
    info = bags.tag_files("HarvardX", COURSE, NAME, "one\nPayload-Oxum: 0.0", ENTRIES, {})[bags.INFO].decode()
    assert "Bag-Version-Reason: one Payload-Oxum: 0.0\n" in info


@pytest.mark.parametrize("content", [b"no digest\n", b"abc  data/x\n", b"\xff\xfe\n"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"digest|utf-8"):
        bags.parse_manifest(content)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "data/../x",
        "data/raw/../../x",
        "data/raw/",
        "data/raw/..",
        "data/other/x",
        "data/raw/a/b",
        "data/raw/-rf\n",
        "data/raw/%2e%2e",
        "data/raw/\u202ex",
    ],
)
def test_a_path_out_of_a_weeks_folders_is_unsafe(path: str) -> None:
    assert [it.kind for it in bags.unsafe(["data/raw/users.csv.gz", path])] == ["unsafe"]


def test_each_difference_is_named_once() -> None:
    listed = {"same": "1", "changed": "1", "gone": "2", "old": "3"}
    found = {"same": "1", "changed": "9", "new": "3", "more": "8"}
    assert kinds(listed, found) == [("changed", "changed"), ("missing", "gone"), ("extra", "more"), ("renamed", "old")]


@given(digests, digests)
def test_there_is_no_fault_exactly_when_nothing_differs(listed: dict[str, str], found: dict[str, str]) -> None:
    assert (kinds(listed, found) == []) == (listed == found)


def test_the_reason_of_a_version_says_what_changed() -> None:
    assert bags.reason_of({"a": "1", "b": "1"}, {"a": "2", "c": "1"}) == "changed: a; new: c; gone: b"
