"""``forum``: the posts of a course's forum, from the dump of its Mongo collection, one document a line."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.event_time import utc
from edx_warehouse.exports.strict_json import strict
from edx_warehouse.exports.tsv import ROW_LIMIT
from edx_warehouse.exports.values import integer

_DEPTH = 64  # levels of nesting in a document
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _name(value: Any) -> str:
    return str(value) if type(value) is int else _text(value)


def _number(value: Any) -> int | None:
    return value if type(value) is int else integer(_text(value))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def _time(value: Any) -> str:
    return utc(_text(value)).replace("+00:00", "Z")


def _list(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


type _Columns = dict[str, Callable[[Any], Any] | "_Columns"]

#: The columns in order, and how each is read; the schema has the same and ``extra``.
COLUMNS: _Columns = {
    "mongoid": _name,
    "_type": _text,
    "course_id": _text,
    "author_id": _number,
    "author_username": _text,
    "comment_thread_id": _name,
    "parent_id": _name,
    "parent_ids": _list,
    "commentable_id": _text,
    "group_id": _number,
    "thread_type": _text,
    "title": _text,
    "body": _text,
    "created_at": _time,
    "updated_at": _time,
    "last_activity_at": _time,
    "anonymous": _truth,
    "anonymous_to_peers": _truth,
    "endorsed": _truth,
    "endorsement": {"user_id": _number, "time": _time},
    "visible": _truth,
    "closed": _truth,
    "pinned": _truth,
    "comment_count": _number,
    "child_count": _number,
    "votes": {
        "count": _number,
        "point": _number,
        "up_count": _number,
        "down_count": _number,
        "up": _list,
        "down": _list,
    },
    "abuse_flaggers": _list,
    "historical_abuse_flaggers": _list,
    "at_position_list": _list,
    "tags_array": _list,
    "sk": _text,
}


class Forum:
    """Turns documents into JSON lines.

    :param unparsable: per column, values that were not of its type and became NULL.
    """

    def __init__(self, delivered: Delivered, rows: CourseRows) -> None:
        self._delivered = delivered
        self._rows = rows
        self.unparsable: Counter[str] = Counter()

    def lines(self) -> Iterator[bytes]:
        """Yield a JSON line for each document of the course; a column that is NULL is left out.

        :raises Held: ``E-EXP-102`` with line and byte offset at the first document that cannot be taken;
            ``E-EXP-104`` when the file is damaged.
        """
        offset = number = 0
        with self._delivered.open() as stream:
            while line := stream.readline(ROW_LIMIT + 1):
                number += 1
                if line.strip():
                    row = self._row(self._document(line, number, offset))
                    if row is not None:
                        yield _encode(row) + b"\n"
                offset += len(line)

    def _document(self, line: bytes, number: int, offset: int) -> dict[str, Any]:
        found = "a longer one"
        if len(line) <= ROW_LIMIT:
            found = "other text"
            try:
                document = _plain(strict(line.decode(), _DEPTH))
            except (ValueError, OverflowError):  # UnicodeDecodeError too
                document = None
            if isinstance(document, dict):
                found = "one without an _id"
                if document.get("_id") not in (None, "") and not isinstance(document["_id"], dict | list | bool):
                    return document
        raise self._delivered.held(
            "E-EXP-102",
            expected=f"a JSON object with an _id, UTF-8, within {ROW_LIMIT} bytes",
            found=found,
            next="ask edX for a corrected export",
            line=number,
            offset=offset,
        )

    def _row(self, document: dict[str, Any]) -> dict[str, Any] | None:
        course_id = document.get("course_id")
        if not self._rows.own("forum", course_id if isinstance(course_id, str) else None):
            return None
        row, extra = self._typed({"mongoid": document.pop("_id"), **document}, COLUMNS, "")
        row["course_id"] = str(self._rows.course)
        return row | ({"extra": _encode(extra).decode()} if extra else {})

    def _typed(self, document: dict[str, Any], columns: _Columns, prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the columns of a document, in order, and what of it is in none."""
        row: dict[str, Any] = {}
        extra = {name: value for name, value in document.items() if name not in columns}
        for name, read in columns.items():
            value = document.get(name)
            if name == "course_id":
                row[name] = None  # keeps its place
            elif isinstance(read, dict):
                if isinstance(value, dict):
                    row[name], rest = self._typed(value, read, f"{name}.")
                    extra |= {name: rest} if rest else {}
                elif value is not None:
                    self.unparsable[prefix + name] += 1
            elif value is not None:
                try:
                    row[name] = read(value)
                except (ValueError, OverflowError):
                    self.unparsable[prefix + name] += 1
        return {name: value for name, value in row.items() if value is not None or name == "course_id"}, extra


def _plain(value: Any) -> Any:
    """Return a value without Mongo's wrappers: ids as text, times as ISO text, numbers as numbers.

    :raises ValueError: when what is wrapped is none of these.
    :raises OverflowError: when a time is beyond all years.
    """
    if isinstance(value, list):
        return [_plain(it) for it in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name == "$oid":
            return _text(inner)
        if name in ("$numberLong", "$numberInt"):
            return _number(inner)
        if name == "$date":
            inner = _plain(inner)
            return inner if isinstance(inner, str) else (_EPOCH + timedelta(milliseconds=_whole(inner))).isoformat()
    return {name: _plain(it) for name, it in value.items()}


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("not a number of milliseconds")
    return value
