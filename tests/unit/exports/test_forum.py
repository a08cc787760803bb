import json
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Held
from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.exports.forum import COLUMNS
from fakes.weekly_delivery import COURSE, Delivery, json_rows

INCLUDE = Path(__file__).resolve().parents[3] / "include"
THREAD = {
    "_id": {"$oid": "53a1"},
    "_type": "CommentThread",
    "abuse_flaggers": ["7"],
    "anonymous": None,
    "author_id": "12",
    "author_username": "zoe",
    "body": 'Why\u2028is\tit "so"?\n',
    "comment_count": {"$numberLong": "3"},
    "course_id": COURSE.opaque,
    "created_at": {"$date": 1409558400123},
    "last_activity_at": {"$date": {"$numberLong": "1409558400000"}},
    "updated_at": {"$date": "2014-09-01T10:00:00.5+02:00"},
    "votes": {"up": ["5"], "down": [], "up_count": 1, "count": 1, "odd": 2},
    "endorsement": None,
    "pinned": True,
    "context": "course",
    "seen": {"at": {"$oid": "ff"}},
}
COMMENT = {
    "_id": {"$oid": "53a2"},
    "_type": "Comment",
    "comment_thread_id": {"$oid": "53a1"},
    "parent_id": {"$oid": "53a0"},
    "parent_ids": [{"$oid": "53a0"}],
    "endorsement": {"user_id": "5", "time": "2014-09-01T08:00:00Z"},
    "created_at": "2014-09-01 08:00:00",
}


def rows_of(tmp_path, *documents, **kwargs):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["forum"] = "\n".join(json.dumps(it, ensure_ascii=False) for it in documents).encode()
    week = delivery.convert(tmp_path / "out", **kwargs)
    return json_rows(tmp_path / "out/transformed/forum.json.gz"), week


def test_a_post_has_its_columns_typed_and_the_rest_in_extra(tmp_path):
    rows, _ = rows_of(tmp_path, THREAD, COMMENT)
    assert rows[0] == {
        "mongoid": "53a1",
        "_type": "CommentThread",
        "course_id": str(COURSE),
        "author_id": 12,
        "author_username": "zoe",
        "body": 'Why\u2028is\tit "so"?\n',
        "created_at": "2014-09-01T08:00:00.123000Z",
        "updated_at": "2014-09-01T08:00:00.500000Z",
        "last_activity_at": "2014-09-01T08:00:00.000000Z",
        "pinned": True,
        "comment_count": 3,
        "votes": {"count": 1, "up_count": 1, "up": '["5"]', "down": "[]"},
        "abuse_flaggers": '["7"]',
        "extra": '{"context":"course","seen":{"at":"ff"},"votes":{"odd":2}}',
    }
    assert rows[1] == {
        "mongoid": "53a2",
        "_type": "Comment",
        "course_id": str(COURSE),
        "comment_thread_id": "53a1",
        "parent_id": "53a0",
        "parent_ids": '["53a0"]',
        "created_at": "2014-09-01T08:00:00.000000Z",
        "endorsement": {"user_id": 5, "time": "2014-09-01T08:00:00.000000Z"},
    }


def test_the_columns_are_those_of_the_schema():
    def names(fields):
        return {it["name"]: names(it["fields"]) if "fields" in it else None for it in fields}

    def known(columns):
        return {name: known(it) if isinstance(it, dict) else None for name, it in columns.items()}

    fields = read_yaml(INCLUDE / "schemas/transformed/forum.yaml")["fields"]
    assert list(names(fields).items()) == list((known(COLUMNS) | {"extra": None}).items())


def test_values_of_another_type_are_null_and_counted(tmp_path):
    odd = {
        "_id": "x",
        "author_id": "me",
        "pinned": 1,
        "created_at": 5,
        "title": 7,
        "votes": {"count": "many"},
        "endorsement": "?",
    }
    rows, week = rows_of(tmp_path, odd)
    assert rows == [{"mongoid": "x", "course_id": str(COURSE), "votes": {}}]
    names = ("author_id", "created_at", "endorsement", "pinned", "title", "votes.count")
    assert {file.name: file.odd_values for file in week.files}["forum"] == dict.fromkeys(names, 1)


def test_posts_of_another_course_are_left_out_and_counted(tmp_path):
    rows, week = rows_of(tmp_path, THREAD, {**THREAD, "course_id": "A/B/C"})
    assert len(rows) == 1
    assert {file.name: file.rows_of_others for file in week.files}["forum"] == 1


def test_a_week_without_a_forum_has_no_posts(tmp_path):
    Delivery(tmp_path / "in").convert(tmp_path / "out")
    assert json_rows(tmp_path / "out/transformed/forum.json.gz") == []


@pytest.mark.parametrize(
    "line",
    [b"SECRET", b'"SECRET"', b'{"body": "SECRET"}', b'{"_id": "SECRET', b'{"_id": "1", "_id": "SECRET"}', b'{"_id": "\xff"}',
     b'{"_id": "\\u0000"}', b'{"_id": {"a": 1}}', b'{"_id": "1", "a": {"$date": 1e99}}', b'{"_id": "1", "a": {"$oid": 1}}',
     b'{"_id": 1, "a": ' + b"[" * 100 + b"]" * 100 + b"}"],
)  # fmt: skip
def test_a_document_that_cannot_be_taken_holds_the_week(tmp_path, line):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["forum"] = b'{"_id": "1"}\n\n' + line + b"\n"
    with pytest.raises(Held) as caught:
        delivery.convert(tmp_path / "out")
    problem = caught.value.problem
    assert (problem.code, problem.line, problem.offset) == ("E-EXP-102", 3, 14)
    assert "SECRET" not in str(caught.value)
