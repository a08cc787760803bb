import gzip
import io
import json
import tarfile
from datetime import UTC, datetime

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.content_blocks import Unreadable
from edx_warehouse.exports.content_dates import content_date
from edx_warehouse.exports.course_axis import CourseAxis
from edx_warehouse.exports.course_structure import read_structure
from edx_warehouse.exports.olx import read_olx
from fakes.weekly_delivery import Delivery, json_rows, tar_gz

COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
POLICY = {
    "course/2014_T1": {"start": "2014-01-01T00:00:00Z", "display_name": "CS50"},
    "chapter/week_1": {"display_name": "Week 1 (policy)", "start": "2013-01-01T00:00:00Z"},
    "chapter/hidden": {"hide_from_toc": "true"},
    "sequential/hw": {"format": "Homework", "graded": True, "due": "February 25, 2014, 22:00", "start": "2014-02-01"},
    "vertical/v2": {"due": '"2014-03-01T00:00:00Z"'},
}
OLX = {
    "2014_T1/course.xml": '<course url_name="2014_T1" org="HarvardX" course="CS50x"/>',
    "2014_T1/policies/2014_T1/policy.json": json.dumps(POLICY),
    "2014_T1/policies/2014_T1/grading_policy.json": "{}",
    "2014_T1/course/2014_T1.xml": '<course><chapter url_name="week_1"/><chapter url_name="hidden"/>'
    '<chapter url_name="week_2" display_name="Week 2"/><wiki slug="x"/></course>',
    "2014_T1/chapter/week_1.xml": '<chapter display_name="Week 1"><sequential url_name="hw"/></chapter>',
    "2014_T1/chapter/hidden.xml": '<chapter><sequential url_name="secret"/></chapter>',
    "2014_T1/sequential/hw.xml": '<sequential display_name="HW"><vertical url_name="v1"/><vertical url_name="v2"/>'
    '<vertical url_name="v1"><html url_name="h"/></vertical></sequential>',
    "2014_T1/vertical/v1.xml": '<vertical display_name="One"><video url_name="vid"/><problem url_name="p1"/></vertical>',
    "2014_T1/vertical/v2.xml": '<vertical><split_test url_name="ab"/><discussion url_name="d:1"/></vertical>',
    "2014_T1/split_test/ab.xml": '<split_test user_partition_id="9" group_id_to_child="{&quot;0&quot;: &quot;x&quot;}">'
    '<vertical url_name="v3"><problem url_name="p2"/></vertical></split_test>',
    "2014_T1/video/vid.xml": '<video youtube="1.00:abc,1.50:def" display_name="Vidéo"/>',
    "2014_T1/problem/p1.xml": '<problem display_name="P1" weight="2.0"><multiplechoiceresponse/><img src="x"/>'
    f"<solution>{'long ' * 20}</solution></problem>",
    "2014_T1/problem/p2.xml": "<problem><numericalresponse/><stringresponse/><solution>short</solution></problem>",
    "2014_T1/static/x.xml.png": b"\x89PNG",
}


def axis(files, course=COURSE):
    made = CourseAxis(course, read_olx(io.BytesIO(gzip.decompress(tar_gz(files)))))
    return [json.loads(line) for line in made.rows()], made.notes


def test_blocks_are_in_course_order_with_their_paths():
    rows, _ = axis(OLX)
    assert [(row["index"], row["category"], row["url_name"], row["path"], row["parent"]) for row in rows] == [
        (1, "chapter", "week_1", "/week_1", "2014_T1"),
        (2, "sequential", "hw", "/week_1/hw", "week_1"),
        (3, "vertical", "v1", "/week_1/hw/1", "hw"),
        (4, "video", "vid", "/week_1/hw/1/1", "v1"),
        (5, "problem", "p1", "/week_1/hw/1/2", "v1"),
        (6, "vertical", "v2", "/week_1/hw/2", "hw"),
        (7, "split_test", "ab", "/week_1/hw/2/1", "v2"),
        (8, "vertical", "v3", "/week_1/hw/2/1/1", "ab"),
        (9, "problem", "p2", "/week_1/hw/2/1/1/1", "v3"),
        (10, "discussion", "d:1", "/week_1/hw/2/2", "v2"),
        (11, "vertical", "v1_vert_2", "/week_1/hw/3", "hw"),
        (12, "html", "h", "/week_1/hw/3/1", "v1_vert_2"),
        (13, "chapter", "week_2", "/week_2", "2014_T1"),
    ]


def test_settings_are_inherited_and_the_policy_wins():
    rows, _ = axis(OLX)
    by_name = {row["url_name"]: row for row in rows}
    assert by_name["week_1"]["name"] == "Week 1 (policy)"
    assert by_name["week_1"]["start"] == "2014-01-01T00:00:00Z"  # never earlier than the course
    assert "gformat" not in by_name["week_1"]
    for name in ("hw", "v1", "p1", "h"):
        assert by_name[name]["gformat"] == "Homework"
        assert by_name[name]["graded"] == "true"
        assert by_name[name]["due"] == "2014-02-25T22:00:00Z"
        assert by_name[name]["start"] == "2014-02-01T00:00:00Z"
    assert by_name["p2"]["due"] == "2014-03-01T00:00:00Z"
    assert "due" not in by_name["week_2"]
    assert {row["chapter_mid"] for row in rows[:12]} == {"HarvardX/CS50x/chapter/week_1"}
    assert by_name["p1"]["module_id"] == "HarvardX/CS50x/problem/p1"
    assert {row["course_id"] for row in rows} == {"HarvardX/CS50x/2014_T1"}


def test_the_data_of_a_block_follows_its_kind():
    by_name = {row["url_name"]: row for row in axis(OLX)[0]}
    assert by_name["vid"]["data"] == {"ytid": "1.00:abc,1.50:def"}
    assert by_name["p1"]["data"] == {
        "weight": 2.0,
        "itype": "multiplechoiceresponse",
        "num_items": 1,
        "has_solution": True,
        "has_image": True,
    }
    assert by_name["p2"]["data"] == {"itype": "mixed", "num_items": 2, "has_solution": False, "has_image": False}
    assert by_name["ab"]["data"] == {"group_id_to_child": '{"0": "x"}', "user_partition_id": "9"}
    assert "data" not in by_name["h"]


def test_what_is_inside_an_ab_test_says_so():
    split = {row["url_name"]: row.get("split_url_name") for row in axis(OLX)[0] if row["is_split"]}
    assert split == {"v3": "ab", "p2": "ab"}


def test_a_roots_folder_and_a_flat_policy_are_read():
    files = {name.replace("2014_T1/", "", 1): content for name, content in OLX.items()}
    files["roots/2014_T1.xml"] = files.pop("course.xml")
    files["policies/2014_T1.json"] = files.pop("policies/2014_T1/policy.json")
    assert axis(files)[0] == axis(OLX)[0]


def test_a_problem_of_broken_xml_keeps_its_place_and_is_counted():
    rows, notes = axis({**OLX, "2014_T1/problem/p1.xml": "<problem><b></problem>"})
    assert rows[4]["url_name"] == "p1"
    assert "data" not in rows[4]
    assert notes["problem blocks whose XML is broken"] == 1


def test_blocks_without_a_file_keep_their_place_and_are_counted():
    rows, notes = axis(OLX)
    assert rows[11]["url_name"] == "h"
    assert notes["html blocks without a file"] == 1


def test_a_date_in_no_known_spelling_is_counted():
    policy = {**POLICY, "sequential/hw": {"due": "the day after tomorrow"}}
    rows, notes = axis({**OLX, "2014_T1/policies/2014_T1/policy.json": json.dumps(policy)})
    assert "due" not in rows[1]
    assert notes["due dates in no known spelling"] == 1


@pytest.mark.parametrize(
    ("files", "hostile"),
    [
        ({**OLX, "2014_T1/chapter/week_1.xml": "<chapter>"}, False),
        ({**OLX, "2014_T1/course.xml": "<chapter/>"}, False),
        ({"readme.txt": "no course"}, False),
        ({**OLX, "2014_T1/policies/2014_T1/policy.json": "[1]"}, False),
        ({**OLX, "2014_T1/problem/p1.xml": '<!DOCTYPE x [<!ENTITY a "b">]><problem>&a;</problem>'}, True),
        ({**OLX, "2014_T1/problem/p1.xml": '<!DOCTYPE x SYSTEM "x"><problem/>'.encode("utf-16")}, True),
        ({**OLX, "2014_T1/vertical/v1.xml": '<vertical><vertical url_name="v1"/></vertical>'}, True),
        ({**OLX, "../outside.xml": "<x/>"}, True),
        ({**OLX, "/etc/outside.xml": "<x/>"}, True),
    ],
)
def test_content_that_is_broken_or_hostile_is_refused(files, hostile):
    with pytest.raises(Unreadable) as caught:
        axis(files)
    assert caught.value.hostile is hostile


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_the_tarball_hold_the_week(tmp_path, kind):
    link = tarfile.TarInfo("2014_T1/problem/link.xml")
    link.type, link.linkname = kind, "2014_T1/problem/p1.xml"
    delivery = Delivery(tmp_path / "in")
    delivery.contents["course_xml"] = tar_gz(OLX, link)
    with pytest.raises(Held) as caught:
        delivery.convert(tmp_path / "out")
    assert caught.value.problem.code == "E-EXP-105"
    assert not (tmp_path / "out").exists()


def test_a_cut_tarball_holds_the_week(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["course_xml"] = tar_gz(OLX)[:-20]
    with pytest.raises(Held) as caught:
        delivery.convert(tmp_path / "out")
    assert caught.value.problem.code == "E-EXP-104"


def test_the_tarball_is_preferred_and_its_content_kept(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["course_xml"] = tar_gz(OLX)
    week = delivery.convert(tmp_path / "out")
    assert len(json_rows(tmp_path / "out/transformed/course_axis.json.gz")) == 13
    raw = (tmp_path / "out/raw/course.xml.tar.gz").read_bytes()
    assert gzip.decompress(raw) == gzip.decompress(delivery.contents["course_xml"])
    assert week.outputs["transformed/course_axis.json.gz"].rows == 13


def test_without_a_tarball_the_structure_tells_the_axis(tmp_path):
    Delivery(tmp_path / "in").convert(tmp_path / "out")
    assert json_rows(tmp_path / "out/transformed/course_axis.json.gz") == [
        {
            "category": "chapter",
            "index": 1,
            "url_name": "week_1",
            "name": "Week 1",
            "start": "2014-01-01T00:00:00Z",
            "module_id": "HarvardX/CS50x/chapter/week_1",
            "course_id": "HarvardX/CS50x/2014_T1",
            "path": "/week_1",
            "chapter_mid": "HarvardX/CS50x/chapter/week_1",
            "parent": "2014_T1",
            "is_split": False,
        },
        {
            "category": "sequential",
            "index": 2,
            "url_name": "lecture",
            "name": "Lecture",
            "gformat": "Homework",
            "due": "2014-02-01T00:00:00Z",
            "start": "2014-01-01T00:00:00Z",
            "module_id": "HarvardX/CS50x/sequential/lecture",
            "course_id": "HarvardX/CS50x/2014_T1",
            "path": "/week_1/lecture",
            "chapter_mid": "HarvardX/CS50x/chapter/week_1",
            "graded": "true",
            "parent": "week_1",
            "is_split": False,
        },
    ]


def test_a_structure_that_repeats_its_branches_without_end_is_refused():
    blocks = {f"b{n}": {"category": "vertical", "children": [f"b{n + 1}"] * 10} for n in range(20)}
    blocks |= {"c": {"category": "course", "children": ["b0"]}, "b20": {"category": "html", "children": []}}
    with pytest.raises(Unreadable) as caught:
        read_structure(io.BytesIO(json.dumps(blocks).encode()))
    assert caught.value.hostile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-02-12T21:00:00Z", datetime(2013, 2, 12, 21, tzinfo=UTC)),
        ("2013-02-12T21:00:00.250000+00:00", datetime(2013, 2, 12, 21, 0, 0, 250000, tzinfo=UTC)),
        ("2013-02-12T21:00:00-0500", datetime(2013, 2, 13, 2, tzinfo=UTC)),
        ("2013-02-12T19:00", datetime(2013, 2, 12, 19, tzinfo=UTC)),
        ('"2013-02-12T19:00:00Z"', datetime(2013, 2, 12, 19, tzinfo=UTC)),
        ("February 25, 2013", datetime(2013, 2, 25, tzinfo=UTC)),
        ("March 13 2014", datetime(2014, 3, 13, tzinfo=UTC)),
        ("December 12, 22:00, 2012", datetime(2012, 12, 12, 22, tzinfo=UTC)),
        ("March 25, 2013, 22:00", datetime(2013, 3, 25, 22, tzinfo=UTC)),
        ("January 2 2013, 22:00", datetime(2013, 1, 2, 22, tzinfo=UTC)),
        ("December 24 05:00, 2012", datetime(2012, 12, 24, 5, tzinfo=UTC)),
        ("", None),
        ("null", None),
    ],
)
def test_dates_are_read_in_every_spelling_met(text, expected):
    assert content_date(text) == expected


@pytest.mark.parametrize("text", ["Smarch 13 2014", "February 30, 2013", "soon"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        content_date(text)
