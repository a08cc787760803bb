"""Lines and files that must be held, quarantined or mended: each kind once, each named."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.sample.files import date_file

GOOD, BAD, BLANK = "good", "bad", "blank"
_LONG = 2 * 1024 * 1024
_LATE = "10000-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class PoisonLine:
    """One odd line: its kind, what must become of it (``good``, ``bad`` or ``blank``) and its bytes with line end."""

    kind: str
    fate: str
    raw: bytes


@dataclass(frozen=True)
class Poison:
    """Which units of a poisoned world are spoilt, and how.

    :param broken_log: a gzip file that ends in the middle.
    :param bad_log: a readable file with the lines named in ``bad_lines`` (kind and fate) among its good ones.
    :param renamed_file: a table whose column ``created`` is called ``created_at``.
    :param undecodable_file: a table of the same course and week with bytes that are not UTF-8.
    """

    broken_log: Path
    broken_institution: str
    broken_day: date
    bad_log: Path
    bad_institution: str
    bad_day: date
    bad_lines: tuple[tuple[str, str], ...]
    renamed_file: Path
    undecodable_file: Path
    spoilt_course: CourseKey
    spoilt_week: date


def poison_lines(course_id: str, day: date) -> list[PoisonLine]:
    """Return every kind of odd line, the one for the beginning of a file first."""
    return [PoisonLine(kind, fate, make(_Line(course_id, day))) for kind, (fate, make) in _KINDS.items()]


def break_gzip(path: Path, day: date) -> None:
    """Cut a file off in the middle."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    date_file(path, day)


def rename_column(path: Path, day: date, old: str, new: str) -> None:
    """Rename a column in a table's header."""
    header, _, rows = path.read_bytes().partition(b"\n")
    columns = [new if column == old else column for column in header.decode().split("\t")]
    path.write_bytes("\t".join(columns).encode() + b"\n" + rows)
    date_file(path, day)


def spoil_text(path: Path, day: date) -> None:
    """Put two bytes that are no UTF-8 into the last row of a table of profiles."""
    lines = path.read_bytes().split(b"\n")
    columns = lines[0].split(b"\t")
    row = lines[-2].split(b"\t")
    row[columns.index(b"goals")] = b"caf\xe9 \xff"
    lines[-2] = b"\t".join(row)
    path.write_bytes(b"\n".join(lines))
    date_file(path, day)


class _Line:
    """A good line, to be spoilt in one way."""

    def __init__(self, course_id: str, day: date) -> None:
        self.day = day
        self.fields: dict[str, object] = {
            "username": "poison_tester",
            "event_type": "page_close",
            "ip": "192.0.2.1",
            "agent": "Mozilla/5.0 (X11; Linux x86_64)",
            "host": "courses.edx.org",
            "session": "0" * 32,
            "event": "{}",
            "event_source": "browser",
            "context": {"course_id": course_id, "org_id": "", "user_id": 1},
            "time": f"{day}T12:00:00.000001+00:00",
            "page": f"https://courses.edx.org/courses/{course_id}/info",
        }

    def json(self, **fields: object) -> str:
        """Return the line with other values for some fields; None leaves the field out."""
        return json.dumps({name: value for name, value in (self.fields | fields).items() if value is not None})

    def event(self, text: str) -> str:
        """Return the line with a payload written out as JSON."""
        return self.json(event="PAYLOAD").replace('"PAYLOAD"', text)


def _n(text: str) -> bytes:
    return text.encode() + b"\n"


_KINDS: dict[str, tuple[str, Callable[[_Line], bytes]]] = {
    "bom_at_start": (GOOD, lambda it: b"\xef\xbb\xbf" + _n(it.json())),
    "truncated": (BAD, lambda it: _n(it.json()[:-30])),
    "not_json": (BAD, lambda _: _n("Nov 10 12:00:00 server tracking: connection lost")),
    "not_an_object": (BAD, lambda it: _n(f"[{it.json()}]")),
    "syslog_prefix": (GOOD, lambda it: _n(f"Nov 10 12:00:00 server [tracking][1234] {it.json(session='1' * 32)}")),
    "timestamp_prefix": (GOOD, lambda it: _n(f"{it.day}T12:00:00Z {it.json(session='2' * 32)}")),
    "carriage_return": (GOOD, lambda it: it.json(session="3" * 32).encode() + b"\r\n"),
    "other_offset": (GOOD, lambda it: _n(it.json(time=f"{it.day}T07:30:00.000001-05:00"))),
    "blank": (BLANK, lambda _: b"\n"),
    "blanks": (BLANK, lambda _: b"  \t \r\n"),
    "two_objects": (BAD, lambda it: _n(it.json() + it.json())),
    "nul_byte": (BAD, lambda it: _n(it.event('"a\0b"'))),
    "nul_escaped": (BAD, lambda it: _n(it.event(r'"a\u0000b"'))),
    "invalid_utf8": (BAD, lambda it: it.event('"caf?"').encode().replace(b"?", b"\xe9") + b"\n"),
    "lone_surrogate": (BAD, lambda it: _n(it.event(r'"\ud800"'))),
    "too_deep": (BAD, lambda it: _n(it.event("[" * 900 + "]" * 900))),
    "far_too_deep": (BAD, lambda it: _n(it.event('{"a":' * 50_000 + "1" + "}" * 50_000))),
    "duplicate_keys": (
        BAD,
        lambda it: _n(it.json().replace('"org_id": ""', '"course_id": "HarvardX/Elsewhere/2014", "org_id": ""')),
    ),
    "infinite": (BAD, lambda it: _n(it.event('{"currentTime": 1e999}'))),
    "not_a_number": (BAD, lambda it: _n(it.event('{"currentTime": NaN}'))),
    "endless_integer": (BAD, lambda it: _n(it.event('{"currentTime": ' + "9" * 5000 + "}"))),
    "integer_overflow": (BAD, lambda it: _n(it.json(context=it.fields["context"] | {"user_id": 2**63}))),  # type: ignore[operator]
    "no_time": (BAD, lambda it: _n(it.json(time=None))),
    "epoch_time": (BAD, lambda it: _n(it.json(time=1415620800))),
    "unreadable_time": (BAD, lambda it: _n(it.json(time="yesterday"))),
    "year_300": (BAD, lambda it: _n(it.json(time="0300-01-01T00:00:00+00:00"))),
    "future": (BAD, lambda it: _n(it.json(time=f"{it.day + timedelta(days=900)}T00:00:00+00:00"))),
    "year_10000": (BAD, lambda it: _n(it.json(time=_LATE))),
    "very_long": (GOOD, lambda it: _n(it.event(json.dumps({"answer": "long " * (_LONG // 5)})))),
}
