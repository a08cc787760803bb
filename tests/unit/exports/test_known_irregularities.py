"""What is known to come in edX's logs, by its number in docs/tracking-logs.md, and what becomes of it in a split."""

import gzip
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.day_manifest import DayManifest
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.local.home import CHECKOUT

DAY = date(2014, 11, 10)
CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
PROD, EDGE = (f"harvardx-{site}-events-{DAY}.log.gz" for site in ("prod", "edge"))


def line(**more: Any) -> bytes:
    event: dict[str, Any] = {
        "time": "2014-11-10T12:00:00.000001+00:00",
        "event": {},
        "context": {"course_id": str(CS50)},
    }
    return json.dumps(event | more).encode()


def of_course(course_id: Any, **more: Any) -> bytes:
    return line(context={"course_id": course_id}, **more)


def done(folder: Path, **files: list[bytes]) -> tuple[DayManifest, list[dict[str, Any]]]:
    """Split files, prod and edge; return the manifest and the course's rows."""
    names = {"prod": PROD, "edge": EDGE}
    for site, lines in files.items():
        (folder / names[site]).write_bytes(gzip.compress(b"".join(it + b"\n" for it in lines)))
    manifest = split([folder / names[site] for site in files], [CS50], folder / "out", day=DAY)
    part = folder / "out" / CS50.slug / f"logs/tracklog-{DAY}.json.gz"
    return manifest, [json.loads(text) for text in gzip.decompress(part.read_bytes()).splitlines()]


CUT = '{"POST": {"text": ["' + "x" * 492
ROWS: dict[int, list[tuple[bytes, dict[str, Any]]]] = {
    1: [(line(event=CUT), {"event": json.dumps(CUT)})],
    2: [(b"Nov 10 12:00:00 host " + line(), {}), (b"2012-11-10T12:00:00 " + line(), {})],
    4: [
        (line(event={"a": 1}), {"event": '{"a": 1}'}),
        (line(event='{"id": "x"}'), {"event": '{"id": "x"}'}),
        (line(event="a word"), {"event": '"a word"'}),
        (line(event="input_1=a&b=%20"), {"event": '"input_1=a&b=%20"'}),
        (line(event=["a", "b"]), {"event": '["a", "b"]'}),
        (line(event=""), {"event": None}),
    ],
    5: [
        (json.dumps({"time": "2014-11-10T12:00:00", "event": {"course_id": str(CS50)}}).encode(), {"user_id": None}),
        (of_course("", page=f"https://h/courses/{CS50}/"), {"course_id_source": "page"}),
        (of_course(None, event_type=f"/courses/{CS50}/progress"), {"course_id_source": "path"}),
        (line(context={"course_id": str(CS50), "user_id": ""}), {"user_id": None}),
        (line(context={"course_id": str(CS50), "user_id": None}), {"user_id": None}),
        (line(context={"course_id": str(CS50), "user_id": "12"}), {"user_id": 12}),
        (line(username=""), {"username": None}),
    ],
    6: [
        (of_course(CS50.opaque), {"course_id": str(CS50)}),
        (line(event={"id": "i4x://HarvardX/CS50x/video/a"}), {"module_id": "HarvardX/CS50x/video/a"}),
        (line(event={"id": 'i4x://HarvardX/CS50x/video/a"}'}), {"module_id": "HarvardX/CS50x/video/a"}),
        (
            line(event={"id": "block-v1:HarvardX+CS50x+2014_T1+type@video+block@a"}),
            {"module_id": "HarvardX/CS50x/video/a"},
        ),
    ],
    7: [(line(time="2014-11-10T12:00:00"), {"time": "2014-11-10T12:00:00.000000+00:00"})],
    11: [
        (
            line(event={"i4x-a_2_1": 1, "xblock.b": 2, "3c": 3, "d-e.f": 4, "$oid": 5}),
            {"event": '{"i4x-a_2_1": 1, "xblock.b": 2, "3c": 3, "d-e.f": 4, "$oid": 5}'},
        ),
        (line(**{"i4x-a": {"$date": 1}}), {"other": '{"i4x-a":{"$date": 1}}'}),
    ],
    12: [(line(event='{"new_speed": NaN}'), {"event": '{"new_speed": null}'})],
    13: [(of_course(f"{CS50}\n", username="ada \n"), {"course_id": str(CS50), "username": "ada"})],
    15: [
        (
            line(event_type="edx.course.enrollment.activated", event={"mode": "honor", "synthesized": True}),
            {"event_type": "edx.course.enrollment.activated", "event": '{"mode": "honor", "synthesized": true}'},
        )
    ],
    16: [
        (line(brand_new={"a": 1}), {"other": '{"brand_new":{"a": 1}}'}),
        (line(event={"brand_new": 1}), {"event": '{"brand_new": 1}'}),
        (line(context={"course_id": str(CS50), "brand_new": 1}), {"context": '{"brand_new":1}'}),
    ],
    17: [
        (
            line(roles=["lms"], environment="prod", minion_id="m"),
            {"other": '{"roles":["lms"],"environment":"prod","minion_id":"m"}'},
        )
    ],
    19: [
        (line(event={"attempts": "3", "grade": "1.5"}), {"event_struct": {"attempts": 3, "grade": 1.5}}),
        (line(event={"attempts": "many"}), {"event_struct": None, "event": '{"attempts": "many"}'}),
        (line(username=5), {"username": None, "other": '{"username":5}'}),
    ],
    20: [
        (b"\xef\xbb\xbf" + line() + b"\r", {}),
        (line(time="2014-11-10T01:00:00+02:00"), {"time": "2014-11-09T23:00:00.000000+00:00"}),
        (line(ip="1.2.3.4, 10.0.0.1"), {"ip": "1.2.3.4", "other": '{"ip":"1.2.3.4, 10.0.0.1"}'}),
        (of_course("course-v1:HarvardX%2BCS50x%2B2014_T1"), {"course_id": str(CS50)}),
        (of_course("course-v1:HarvardX CS50x 2014_T1"), {"course_id": str(CS50)}),
    ],
    21: [
        (line(agent="Googlebot/2.1"), {"agent": "Googlebot/2.1"}),
        (
            line(username="ada", context={"course_id": str(CS50), "user_id": 1, "masquerade": "bob"}),
            {"username": "ada"},
        ),
    ],
}
REFUSED: dict[int, list[tuple[bytes, str]]] = {
    1: [(line()[:-20], "not_json")],
    8: [
        (line(time="0300-06-01T00:00:00"), "time_out_of_range"),
        (line(time="2031-01-01T00:00:00"), "time_out_of_range"),
    ],
    12: [(line(event={"new_speed": float("nan")}), "non_finite")],
    14: [(of_course("junk"), "no_course"), (of_course("A/B/C/D"), "no_course")],
    20: [
        (line(event="\0"), "nul"),
        (line() + line(), "two_objects"),
        (line(event="\ud800"), "lone_surrogate"),
        (line(text="x" * 10_000_000), "too_long"),
        (line(time=1415620800), "bad_time"),
    ],
}


@pytest.mark.parametrize(("number", "raw", "columns"), [(n, *case) for n, cases in ROWS.items() for case in cases])
def test_what_is_irregular_and_sound_is_a_row(tmp_path: Path, number: int, raw: bytes, columns: dict[str, Any]) -> None:
    manifest, (row,) = done(tmp_path, prod=[raw])
    assert manifest.totals.lines == 1
    assert {name: row.get(name) for name in columns} == columns


@pytest.mark.parametrize(("number", "raw", "reason"), [(n, *case) for n, cases in REFUSED.items() for case in cases])
def test_what_is_no_event_of_the_course_has_its_reason(tmp_path: Path, number: int, raw: bytes, reason: str) -> None:
    manifest, rows = done(tmp_path, prod=[raw, b""])
    assert (manifest.quarantined, manifest.totals.blank, rows) == ({reason: 1}, 1, [])


def test_3_a_gzip_stream_corrupt_in_the_middle_holds_the_day(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(b"".join(line(name=f"{n * n}") + b"\n" for n in range(5000)), 1))
    content[len(content) // 2] ^= 0xFF
    (tmp_path / PROD).write_bytes(content)
    with pytest.raises(Held, match="E-SPL-101"):
        split([tmp_path / PROD], [CS50], tmp_path / "out", day=DAY)


def test_9_equal_lines_of_a_file_and_a_click_told_by_browser_and_server_are_all_rows(tmp_path: Path) -> None:
    click = {"event_type": "problem_check", "username": "ada"}
    browser, server = line(event_source="browser", **click), line(event_source="server", **click)
    manifest, rows = done(tmp_path, prod=[browser, server, browser])
    assert [row["event_source"] for row in rows] == ["browser", "server", "browser"]
    assert manifest.totals.repeated == 1


def test_10_late_events_are_rows_of_the_delivered_day_under_their_own_dates(tmp_path: Path) -> None:
    manifest, rows = done(tmp_path, prod=[line(), line(time="2014-10-28T09:00:00+00:00")])
    assert manifest.courses[0].event_dates == {"2014-10-28": 1, "2014-11-10": 1}
    assert {row["log_date"] for row in rows} == {str(DAY)}


def test_18_two_files_of_a_day_are_one_part_with_equal_lines_once(tmp_path: Path) -> None:
    manifest, rows = done(tmp_path, prod=[line(name="both"), line(name="prod")], edge=[line(name="both")])
    assert (manifest.totals.duplicates, sorted(row["name"] for row in rows)) == (1, ["both", "prod"])


def test_the_docs_tell_of_each_of_them() -> None:
    text = (CHECKOUT / "docs/tracking-logs.md").read_text(encoding="utf-8")
    numbers = {int(it) for it in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert numbers == set(range(1, 22)) == ROWS.keys() | REFUSED.keys() | {3, 9, 10, 18}
