"""The scanner against the complete reader: whatever the bytes, both say the same."""

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.compiled.siphash import siphash128
from edx_warehouse.exports.compiled.words import PAD
from edx_warehouse.exports.course_of_event import CourseFinder
from edx_warehouse.exports.event_row import RowMaker
from edx_warehouse.exports.line_scanner import LineScanner
from edx_warehouse.exports.log_lines import Block
from edx_warehouse.exports.refusals import Refused
from edx_warehouse.exports.seen_lines import EarlierLines

CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
NEW = CourseKey("HarvardX", "NEW.1-x", "3T_2015")
DAY = date(2014, 11, 10)
KEY = np.array([1, 2], np.uint64)
LINE = (
    b'{"username": "ann", "event_type": "problem_check", "ip": "10.0.0.1", "agent": "M \\"x\\"", "host": "h", '
    b'"session": "s", "page": "https://h/courses/HarvardX/CS50x/2014_T1/x?y=1#z", "name": "problem_check", '
    b'"time": "2014-11-10T12:00:00.000001+00:00", "event_source": "server", "referer": null, "label": {"a": [1, 2.5e3]}, '
    b'"context": {"course_id": "HarvardX/CS50x/2014_T1", "user_id": 12, "org_id": "HarvardX", "path": "/event", '
    b'"module": {"display_name": "P\xc3\xbc", "usage_key": "block-v1:HarvardX+CS50x+2014_T1+type@problem+block@a1"}}, '
    b'"event": {"problem_id": "i4x://HarvardX/CS50x/problem/p_1", "attempts": 2, "grade": 1.5, "max_grade": "2.0", '
    b'"answers": {"i4x-a_2_1": "choice_1"}, "GET": {"x": ["1"]}, "state": {"done": null, "seed": true}}}'
)

scanner = LineScanner([CS50, NEW], DAY, Limits(), KEY)

texts = st.one_of(
    st.sampled_from(
        [
            "", " ", "ann", "problem_check", "x_module", "2014-11-10T12:00:00", "2014-11-10T12:00:00.5Z", "2014-11-13T00:00:00",
            "2014-02-29T00:00:00", "2014-11-10T24:00:00", "12", "-7", "007", "1.50", "NaN", "1e5", "a,b", "é", "\u2028", "\U0001f600", "\x7f",
            "HarvardX/CS50x/2014_T1", "HarvardX/CS50x/2015", "course-v1:HarvardX+CS50x+2014_T1", "HarvardX/NEW.1-x/3T_2015", "A/B", "../..",
            "/courses/HarvardX/CS50x/2014_T1/progress", "https://h/courses/course-v1:HarvardX+NEW.1-x+3T_2015/?a=/courses/A/B/C",
            "/courses/course-v1%3AHarvardX%2BCS50x%2B2014_T1/x", "/courses/HarvardX/CS50x", "/courses//x/y", "#/courses/A/B/C",
            "i4x://HarvardX/CS50x/video/v1", "i4x:;_;_HarvardX;_CS50x;_problem;_p1/handler", "i4x-HarvardX-CS50x-video-abc_2_1",
            "i4x-HarvardX-NEW_1_x-video-abc", "i4x-HarvardX-CS50x-", "i4x", "i4x:i4x://A/B/C/D", "i4x://A/B//D i4x://E/F/G/H",
            "block-v1:HarvardX+CS50x+2014_T1+type@video+block@abc", "x/block-v1:A+B+C+type@v+block@n?block-v1:", "block-v1:block-v1:A+B+C+type@v+block@n/",
            "block-v1:A+B+C+type@v", "block-v1%3AHarvardX+CS50x+2014_T1+type@video+block@abc",
            '{"id": "x", "currentTime": 1.0}', '{"id": "x"', '{"a": NaN}', "[1, 2]", "[1", '{"a": 1, "a": 2}', "{}", '"x"', "null", "true", "17", "a=1&b=2",
            '{"POST": {"passwd": ["x"]}, "GET": {}}', "my secret_key is x", '{"Access_Key": 1', '{"id": "\\u00e9\\"", "GET": {"a b": [" "]}}', '{"a": "\\ud800"}',
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
)  # fmt: skip
NAMES = [
    "id", "course_id", "user_id", "mode", "problem_id", "module_id", "usage_key", "currentTime", "speed", "attempts", "grade", "old", "GET", "POST",
    "query", "org_id", "path", "module", "received_at", "username", "time", "event_type", "page", "referer", "ip", "context", "event", "password",
    "AWS_secret_key", "success", "\u00fc", "a b", "i4x-x_2_1", "label",
]  # fmt: skip
numbers = st.one_of(st.integers(-(2**70), 2**70), st.integers(-99, 99), st.floats(width=32), st.floats())
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(NAMES), texts), inner, max_size=4)
    ),
    max_leaves=12,
)
ids = st.sampled_from(["HarvardX/CS50x/2014_T1", "course-v1:HarvardX+NEW.1-x+3T_2015", "A/B/C", "", None, "junk"])
contexts = st.builds(
    lambda more, id_: {**more, "course_id": id_}, st.dictionaries(st.sampled_from(NAMES), values, max_size=4), ids
)
payloads = st.one_of(values, values.map(json.dumps), st.dictionaries(st.sampled_from(NAMES), values, max_size=5))
lines = st.builds(
    lambda more, context, event, ascii_, spaces: json.dumps(
        {"time": "2014-11-10T12:00:00.000001+00:00", "context": context, "event": event} | more,
        ensure_ascii=ascii_,
        separators=(" , ", "\t:  ") if spaces else (",", ":"),
    ).encode("utf-8", "surrogatepass"),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=4),
    st.one_of(contexts, contexts, contexts, values),
    payloads,
    st.booleans(),
    st.booleans(),
)


def decoded(row):
    row = json.loads(row)
    for name in {"event", "context", "other"} & row.keys():
        row[name] = json.loads(row[name])
    for name in {"GET", "POST"} & row.get("event_struct", {}).keys():
        row["event_struct"][name] = json.loads(row["event_struct"][name])
    return row


def check(line, scanner=scanner, depth=64):
    assert b"\n" not in line
    if not line.strip(b" \t\r"):
        return
    scanned = scanner.scan(Block(7, 0, bytearray(line + b"\n"), 1), "f.log.gz", EarlierLines())
    try:
        event = RowMaker(CourseFinder([CS50, NEW]), DAY, depth).make(line.strip(b" \t\r"), "f.log.gz", 7)
    except Refused as refused:
        assert [it.reason for it in scanned.refused] == [refused.reason]
        assert scanned.rows == []
    else:
        ((number, row),) = scanned.rows
        assert decoded(bytes(row)) == decoded(event.row)
        assert str([CS50, NEW][number]) == event.course_id
        assert scanned.dates == [(number, int(event.date.replace("-", "")), 1)]


@given(lines)
def test_a_line_of_any_structure_becomes_what_the_complete_reader_makes_of_it(line):
    check(line)


@given(st.binary(max_size=60).map(lambda it: it.replace(b"\n", b"")))
def test_byte_soup_becomes_what_the_complete_reader_makes_of_it(soup):
    check(soup)


@given(st.lists(st.tuples(st.integers(0, len(LINE)), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3))
@example([(0, 0, b"")])
def test_a_damaged_line_becomes_what_the_complete_reader_makes_of_it(damages):
    line = LINE
    for at, length, other in damages:
        line = line[:at] + other.replace(b"\n", b"") + line[at + length :]
    check(line)


def test_every_cut_of_a_line_becomes_what_the_complete_reader_makes_of_it():
    for end in range(1, len(LINE)):
        check(LINE[:end])


@pytest.mark.parametrize("depth", range(1, 8))
def test_a_line_that_is_deeper_than_the_limit_is_too_deep_wherever_it_is(depth):
    shallow = LineScanner([CS50, NEW], DAY, Limits(depth=depth), KEY)
    for key in (b"event", b"context", b"label"):
        for levels in range(8):
            nest = b'{"course_id": "HarvardX/CS50x/2014_T1", "a": ' * levels + b"1" + b"}" * levels
            for value in (nest, json.dumps(nest.decode()).encode(), b"[" * levels + b"1" + b"]" * levels):
                if key != b"context" or value.startswith(b"{"):
                    check(
                        b'{"time": "2014-11-10T12:00:00", "page": "https://h/courses/HarvardX/CS50x/2014_T1/", "%s": %s}'
                        % (key, value),
                        shallow,
                        depth,
                    )


def test_ordinary_lines_are_not_read_slowly():
    block = Block(1, 0, bytearray((LINE + b"\n") * 100), 100)
    scanned = [scanner.scan(block, "f.log.gz", EarlierLines()) for _ in range(2)][1]
    assert (scanned.lines, scanned.slow, scanned.refused) == (100, 0, [])


def test_digests_are_those_of_the_published_siphash():
    key = np.frombuffer(bytes(range(16)), np.uint64)
    data = np.frombuffer(bytearray(bytes(range(64)) + bytes(PAD)), np.uint8)
    found = {n: b"".join(int(word).to_bytes(8, "little") for word in digest_of(data, n, key)) for n in (0, 8, 15, 63)}
    assert found == {n: slow_siphash(bytes(range(n)), bytes(range(16))) for n in found}


def digest_of(data, n, key):
    from numba import njit

    return njit(lambda data, n, a, b: siphash128(data, 0, n, a, b))(data, n, key[0], key[1])


def slow_siphash(data, key):
    """SipHash-1-3-128 written down from the paper, in plain integers."""
    mask = 2**64 - 1

    def turn(word, bits):
        return (word << bits | word >> (64 - bits)) & mask

    def rounds(v, times):
        for _ in range(times):
            v[0] = (v[0] + v[1]) & mask
            v[1] = turn(v[1], 13) ^ v[0]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = turn(v[1], 17) ^ v[2]
            v[2] = turn(v[2], 32)

    k0, k1 = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = data.ljust(len(data) // 8 * 8 + 7, b"\0") + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        rounds(v, 1)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(v, 3)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(v, 3)
    return low.to_bytes(8, "little") + (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")
