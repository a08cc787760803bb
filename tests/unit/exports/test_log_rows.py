"""One line at a time: its reason for quarantine, or its row."""

import json
from datetime import date

import numpy as np
import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.course_of_event import CourseFinder
from edx_warehouse.exports.event_row import RowMaker
from edx_warehouse.exports.line_scanner import LineScanner
from edx_warehouse.exports.log_lines import Block
from edx_warehouse.exports.refusals import Reason, Refused
from edx_warehouse.exports.seen_lines import EarlierLines

CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
PH525 = CourseKey("HarvardX", "PH525x", "1T2014")
DAY = date(2014, 11, 10)
TIME = "2014-11-10T12:00:00.000001+00:00"
CONTEXT = {"course_id": str(CS50)}


def fate(line, **limits):
    """Return the row or the reason: of a scanner, which has to agree with the complete reader and with itself."""
    limits = Limits(**limits)
    scanner = LineScanner([CS50, PH525], DAY, limits, np.array([1, 2], np.uint64))
    first, again = (scanner.scan(Block(5, 0, bytearray(line + b"\n"), 1), "f.log.gz", EarlierLines()) for _ in range(2))
    rows = [bytes(rows) for _, rows in first.rows]
    assert rows == [bytes(rows) for _, rows in again.rows], "what was learned shows in the row"
    assert [it.reason for it in first.refused] == [it.reason for it in again.refused]
    try:
        expected = RowMaker(CourseFinder([CS50, PH525]), DAY, limits.depth).make(line.strip(b" \t\r"), "f.log.gz", 5)
    except Refused as refused:
        if len(line) <= limits.line_bytes:
            assert [it.reason for it in first.refused] == [refused.reason]
    else:
        if len(line) <= limits.line_bytes:
            assert decoded(rows[0]) == decoded(expected.row)
    return rows[0] if rows else first.refused[0].reason


def decoded(row):
    """Return a row with the JSON in its texts read too."""
    row = json.loads(row)
    for name in ("event", "context", "other"):
        if name in row:
            row[name] = json.loads(row[name])
    for name in ("GET", "POST"):
        if name in row.get("event_struct", {}):
            row["event_struct"][name] = json.loads(row["event_struct"][name])
    return row


def row(**event):
    found = fate(json.dumps({"time": TIME, "context": CONTEXT} | event).encode())
    return json.loads(found) if not isinstance(found, Reason) else found


def raw(text):
    """Return a sound line with a payload written as given."""
    return f'{{"time": "{TIME}", "context": {{"course_id": "{CS50}"}}, "event": {text}}}'.encode()


NOT_TAKEN = {
    "truncated": (raw("{}")[:-9], "not_json"),
    "no brace": (b"Nov 10 12:00:00 host", "not_json"),
    "a raw tab in a text": (raw('"a\tb"'), "not_json"),
    "single quotes": (b"{'time': 1}", "not_json"),
    "words behind": (raw("{}") + b" and more", "not_json"),
    "a list": (b'[{"time": 1}]', "not_object"),
    "a text": (b'"{"', "not_object"),
    "a number": (b"17", "not_object"),
    "two objects": (raw("{}") + raw("{}"), "two_objects"),
    "two objects behind a prefix": (b"prefix " + raw("{}") + b" " + raw("{}")[:20], "two_objects"),
    "a NUL byte": (raw('"a\0b"'), "nul"),
    "an escaped NUL": (raw(r'{"a": "b\u0000"}'), "nul"),
    "an escaped NUL in a key": (raw(r'{"\u0000": 1}'), "nul"),
    "an escaped NUL behind a backslash": (raw(r'"\\\u0000"'), "nul"),
    "UTF-16": (raw("{}").decode().encode("utf-16"), "nul"),
    "a byte that is no UTF-8": (raw('"') [:-2] + b'\xff"}', "invalid_utf8"),
    "a surrogate in UTF-8": (raw('"') [:-2] + b'\xed\xa0\x80"}', "invalid_utf8"),
    "a lone high surrogate": (raw(r'"\ud800 and more"'), "lone_surrogate"),
    "a lone low surrogate in a key": (raw(r'{"\udc00": 1}'), "lone_surrogate"),
    "a lone surrogate at the end": (raw(r'"\ud800"'), "lone_surrogate"),
    "NaN": (raw('{"speed": NaN}'), "non_finite"),
    "minus Infinity": (raw("-Infinity"), "non_finite"),
    "1e999": (raw('{"a": 1e999}'), "non_finite"),
    "1e999 in an unknown key": (raw("{}")[:-1] + b', "x": 1e999}', "non_finite"),
    "one above INT64": (raw('{"a": 9223372036854775808}'), "int_out_of_range"),
    "one below INT64": (raw("[-9223372036854775809]"), "int_out_of_range"),
    "5,000 digits": (raw("9" * 5000), "int_out_of_range"),
    "65 levels": (raw("[" * 64 + "]" * 64), "too_deep"),
    "900 levels": (raw("[" * 900 + "]" * 900), "too_deep"),
    "1,000 levels": (raw('{"a":' * 1000 + "1" + "}" * 1000), "too_deep"),
    "100,000 levels": (raw("[" * 100_000 + "]" * 100_000), "too_deep"),
    "100,000 levels in an unknown key": (raw("{}")[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    "two courses": (raw("{}").replace(b'"course_id":', b'"course_id": "A/B/C", "course_id":'), "duplicate_keys"),
    "two courses, spaced": (raw("{}").replace(b'"course_id":', b'"course_id" : "A/B/C" , "course_id" :'), "duplicate_keys"),
    "a key and its escape": (raw(r'{"a": 1, "\u0061": 2}'), "duplicate_keys"),
    "equal keys, true and 1": (raw('{"a": true, "a": 1}'), "duplicate_keys"),
    "two events": (raw("{}")[:-1] + b', "event": 1}', "duplicate_keys"),
    "two unknown keys": (raw("{}")[:-1] + b', "x": 1, "x": "\\\\"}', "duplicate_keys"),
    "two contexts and no event": (f'{{"context": {{"course_id": "{CS50}"}}, "context": null, "time": 1}}'.encode(), "duplicate_keys"),
    "no time": (raw("{}").replace(b'"time"', b'"tine"'), "no_time"),
    "time null": (raw("{}").replace(f'"{TIME}"'.encode(), b"null"), "no_time"),
    "no object inside": (b"{}", "no_time"),
    "an unknown course": (raw("{}").replace(b"HarvardX", b"EdX"), "unknown_course"),
    "no course": (raw("{}").replace(b"CS50x", b"CS50x?"), "no_course"),
    "a path as course": (raw("{}").replace(b"HarvardX/CS50x/2014_T1", b"../../etc"), "no_course"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_a_line_that_becomes_no_row_has_its_reason(case):
    line, reason = NOT_TAKEN[case]
    assert fate(line) == reason


def test_the_reasons_set_aside_are_those_without_fault():
    assert [reason for reason in Reason if reason.aside] == ["no_course", "unknown_course"]


def test_a_long_line_is_not_parsed():
    assert fate(raw("{}"), line_bytes=20) == "too_long"


@pytest.mark.parametrize(
    "payload",
    [
        '{"a": 9223372036854775807, "b": -9223372036854775808, "c": -0, "d": 1e300, "e": 9007199254740993}',
        "[" * 63 + "]" * 63,
        r'{"a": "\\u0000", "b": "\\", "c": "\\\"", "d\\": "\ud83d\ude00 ü"}',
        '{"a": {"a": 1}, "b": {"a": 2}}',
    ],
)
def test_odd_but_sound_payloads_stay_as_they_are(payload):
    assert json.loads(fate(raw(payload)))["event"] == payload


def test_equal_keys_with_equal_values_do_no_harm():
    assert json.loads(fate(raw('{"a": [1], "a": [1]}')))["source_line"] == 5


@pytest.mark.parametrize("prefix", ["Nov 10 12:00:00 localhost ", "2012-11-10T00:00:00 ", "<14>x[1]: "])
def test_a_prefix_before_the_first_brace_is_cut(prefix):
    assert json.loads(fate(prefix.encode() + raw("{}")))["event"] == "{}"


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (TIME, TIME),
        ("2014-11-10T12:00:00", "2014-11-10T12:00:00.000000+00:00"),
        ("2014-11-10 12:00:00.5Z", "2014-11-10T12:00:00.500000+00:00"),
        ("2014-11-10T01:00:00+02:00", "2014-11-09T23:00:00.000000+00:00"),
        (" 2014-11-10T12:00:00+0000 ", "2014-11-10T12:00:00.000000+00:00"),
        ("2010-01-01T00:00:00", "2010-01-01T00:00:00.000000+00:00"),
        ("2014-11-12T23:59:59.999999+00:00", "2014-11-12T23:59:59.999999+00:00"),
    ],
)
def test_times_are_kept_in_utc_to_the_microsecond(time, expected):
    assert row(time=time)["time"] == expected


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("", "no_time"),
        (1415620800, "bad_time"),
        (1415620800000.5, "bad_time"),
        ("1415620800", "bad_time"),
        ("2014-11-10", "bad_time"),
        ("yesterday", "bad_time"),
        ("2014-11-10T23:59:60+00:00", "bad_time"),
        ("2014-13-10T00:00:00.000000+00:00", "bad_time"),
        ("\uff12014-11-10T00:00:00.00000+00:00", "bad_time"),
        ("0300-06-01T00:00:00", "time_out_of_range"),
        ("2009-12-31T23:59:59", "time_out_of_range"),
        ("2014-11-13T00:00:00", "time_out_of_range"),
        ("0001-01-01T00:00:00+05:00", "time_out_of_range"),
        ("9999-12-31T23:59:59-05:00", "time_out_of_range"),
    ],
)
def test_times_that_are_none_or_absurd_are_quarantined(time, reason):
    assert row(time=time) == reason


OPAQUE = "course-v1:HarvardX+PH525x+1T2014"
URL = f"https://courses.edx.org/courses/{OPAQUE}/courseware/"


@pytest.mark.parametrize("junk", ["", " ", "junk", "A/B", "ccx-v1:A+B+C+ccx@1", 5, None, ["A/B/C"], "../../x"])
@pytest.mark.parametrize(
    ("event", "source"),
    [
        ({"event": {"course_id": OPAQUE}, "page": "/courses/A/B/C/"}, "event"),
        ({"event": json.dumps({"course_id": OPAQUE}), "page": "/courses/A/B/C/"}, "event"),
        ({"event_type": f"/courses/{PH525}/progress", "page": "/courses/A/B/C/"}, "path"),
        ({"event_type": "/courses/course-v1%3AHarvardX%2BPH525x%2B1T2014", "page": "/courses/A/B/C/"}, "path"),
        ({"page": URL, "referer": "https://x/courses/A/B/C/"}, "page"),
        ({"page": "https://x/courses/a?next=/courses/A/B/C/", "referer": URL}, "referer"),
        ({"referer": URL, "event": {"id": "block-v1:A+B+C+type@video+block@x"}}, "referer"),
        ({"event": {"usage_key": "block-v1:HarvardX+PH525x+1T2014+type@video+block@x"}}, "block"),
        ({"event": {"id": 5, "problem_id": "block-v1:HarvardX+PH525x+1T2014+type@problem+block@x"}}, "block"),
    ],
)
def test_the_course_is_the_first_valid_id_in_the_order_of_trust(junk, event, source):
    found = row(context={"course_id": junk}, **event)

    assert (found["course_id"], found["course_id_source"]) == (str(PH525), source)


def test_the_context_path_comes_before_the_event_type():
    found = row(context={"path": f"/courses/{PH525}/"}, event_type=f"/courses/{CS50}/")

    assert (found["course_id"], found["course_id_source"]) == (str(PH525), "path")


def test_a_valid_id_of_another_course_decides_though_a_later_one_is_registered():
    assert row(context={"course_id": "A/B/C"}, page=URL) == "unknown_course"


@pytest.mark.parametrize("context", [None, "text", 5, [], {"course_id": None}, '{"course_id": "A/B/C"}'])
def test_a_context_of_any_type_ends_no_line(context):
    found = row(context=context, page=URL)

    assert found["course_id_source"] == "page"
    assert ("context" in json.loads(found.get("other", "{}"))) == (
        context is not None and context != {"course_id": None}
    )


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("null", None),
        ({"a": 1}, '{"a": 1}'),
        ([1, "x"], '[1, "x"]'),
        (True, "true"),
        (1.5, "1.5"),
        ('{"a":  1}', '{"a":  1}'),
        ("[1]", "[1]"),
        ("5", "5"),
        ("seq_goto", '"seq_goto"'),
        ("007", '"007"'),
        ("input_i4x=choice&b=%20", '"input_i4x=choice&b=%20"'),
        ('{"POST": {"a": ["b', '"{\\"POST\\": {\\"a\\": [\\"b"'),
        ('{"new_speed": NaN, "a": "NaN"}', '{"new_speed": null, "a": "NaN"}'),
        ('{"a": -Infinity}', '{"a": null}'),
        ('{"a": NaN, "b": 1e999}', '"{\\"a\\": NaN, \\"b\\": 1e999}"'),
        ('{"a": 1, "a": 2}', '"{\\"a\\": 1, \\"a\\": 2}"'),
        ("NaN", '"NaN"'),
    ],
)
def test_the_payload_is_valid_json_text_or_null(event, text):
    found = row(event=event).get("event")

    assert found == text
    if found is not None:
        json.loads(found, parse_constant=pytest.fail)


@pytest.mark.parametrize("wrap", [dict, json.dumps])
def test_typed_fields_come_from_objects_and_from_json_text(wrap):
    event = {
        "id": "x", "currentTime": "12.5", "new_speed": None, "speed": 2, "attempts": "3", "user_id": " 7 ", "grade": True,
        "success": ["no"], "max_grade": "many", "old": 1.0, "new": 1.5, "GET": {"a": ["b"]}, "POST": {}, "odd": 1,
    }  # fmt: skip
    assert row(event=wrap(event))["event_struct"] == {
        "id": "x", "currentTime": 12.5, "speed": 2.0, "attempts": 3, "user_id": 7, "old": 1, "GET": '{"a":["b"]}', "POST": "{}",
    }  # fmt: skip


def test_a_value_of_an_unexpected_type_and_an_unknown_key_are_kept_in_other():
    found = row(username=5, page={"a": 1}, agent=["x"], roles=["lms"], **{"i4x-odd.key": {"$oid": 1}})

    assert found.keys().isdisjoint({"username", "page", "agent", "roles"})
    assert json.loads(found["other"]) == {
        "username": 5, "page": {"a": 1}, "agent": ["x"], "roles": ["lms"], "i4x-odd.key": {"$oid": 1},
    }  # fmt: skip


def test_an_unknown_key_is_kept_when_there_is_no_payload():
    assert json.loads(row(roles=5)["other"]) == {"roles": 5}


def test_columns_come_from_the_context_and_the_rest_of_it_stays():
    context = CONTEXT | {
        "user_id": "12", "org_id": "HarvardX", "path": "/event", "received_at": "2014-11-10T13:00:00Z",
        "module": {"display_name": "Q"}, "client": {"os": {"name": "x"}},
    }  # fmt: skip
    found = row(context=context)

    assert (found["user_id"], found["org_id"], found["path"]) == (12, "HarvardX", "/event")
    assert found["received_at"] == "2014-11-10T13:00:00.000000+00:00"
    assert json.loads(found["context"]) == {"module": {"display_name": "Q"}, "client": {"os": {"name": "x"}}}


@pytest.mark.parametrize("user_id", ["many", 2.5, True, [1], "9" * 20])
def test_a_user_id_that_is_none_stays_in_the_context(user_id):
    found = row(context=CONTEXT | {"user_id": user_id})

    assert "user_id" not in found
    assert json.loads(found["context"]) == {"user_id": user_id}


@pytest.mark.parametrize(("username", "expected"), [("ada\n", "ada"), (" ", None), ("", None), (None, None)])
def test_usernames_are_trimmed_and_blank_ones_are_null(username, expected):
    assert row(username=username).get("username") == expected


def test_the_first_of_several_addresses_is_the_clients():
    found = row(ip="1.2.3.4, 10.0.0.1")

    assert (found["ip"], json.loads(found["other"])) == ("1.2.3.4", {"ip": "1.2.3.4, 10.0.0.1"})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"AWSAccessKey": "A", "x": {"aws_secret_key": ["B"]}},
            '{"AWSAccessKey":"[redacted]","x":{"aws_secret_key":"[redacted]"}}',
        ),
        ('{"POST": {"password": ["C"], "u": 1}}', '{"POST":{"password":"[redacted]","u":1}}'),
        ('{"POST": {"u": 1, "password": ["cut of', '"{\\"POST\\": {\\"u\\": 1, \\"password[redacted]"'),
        ("a=1&Passwd=C&b=2", '"a=1&Passwd[redacted]"'),
        ({"a": "the password is asked for"}, '{"a": "the password is asked for"}'),
    ],
)
def test_secrets_in_payloads_are_redacted(event, expected):
    assert row(event=event)["event"] == expected


@pytest.mark.parametrize("name", ["passwd", "PassWord", "secret_KEY", "aWs-SeCrEt", "Access_Key", "accesskey"])
@pytest.mark.parametrize("before", [0, 1, 9, 10, 11, 12, 14, 15, 16, 17, 31, 32])
def test_a_key_that_names_a_secret_is_known_wherever_the_word_begins(name, before):
    key = "u" * before + name

    assert row(event={key: "A"})["event"] == f'{{"{key}":"[redacted]"}}'
    assert row(event={key + "u" * 20: "A"})["event"] == f'{{"{key}{"u" * 20}":"[redacted]"}}'


def test_secrets_in_what_is_kept_beside_are_redacted_too():
    found = row(context=CONTEXT | {"password": "A"}, extra={"secret_key": "B"})

    assert json.loads(found["context"]) == {"password": "[redacted]"}
    assert json.loads(found["other"]) == {"extra": {"secret_key": "[redacted]"}}
    assert "POST" not in row(event={"POST": None})


@pytest.mark.parametrize(
    ("event", "module"),
    [
        ({"event": {"problem_id": "i4x://HarvardX/CS50x/problem/a.b_1"}}, "HarvardX/CS50x/problem/a.b_1"),
        ({"event": {"id": 'i4x://HarvardX/CS50x/video/abc"}'}}, "HarvardX/CS50x/video/abc"),
        ({"event": {"id": "i4x-HarvardX-CS50x-video-ab-c"}}, "HarvardX/CS50x/video/ab-c"),
        ({"event": '{"id": "block-v1:HarvardX+CS50x+2014_T1+type@video+block@abc"}'}, "HarvardX/CS50x/video/abc"),
        ({"page": "https://x/xblock/i4x:;_;_HarvardX;_CS50x;_html;_abc/view?a=b"}, "HarvardX/CS50x/html/abc"),
        ({"event_type": "/x/block-v1%3AHarvardX%2BCS50x%2B2014_T1%2Btype%40html%2Bblock%40abc/h"}, "HarvardX/CS50x/html/abc"),
        ({"context": CONTEXT | {"module": {"usage_key": "i4x://HarvardX/CS50x/problem/a"}}}, "HarvardX/CS50x/problem/a"),
        ({"event": {"id": "5a1b"}, "page": "https://x/courses/HarvardX/CS50x/2014_T1/"}, None),
        ({"event": {"id": "i4x"}}, None),
    ],
)  # fmt: skip
def test_the_block_is_named_as_org_course_category_name(event, module):
    assert row(**event).get("module_id") == module
