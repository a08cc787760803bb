"""From one log line to one row of ``tracklog``."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypedDict

import msgspec

from edx_warehouse.exports.course_of_event import CourseFinder
from edx_warehouse.exports.event_payload import clean_json_text, event_struct, integer, read_payload
from edx_warehouse.exports.event_time import utc
from edx_warehouse.exports.module_of_event import module_of_event
from edx_warehouse.exports.refusals import Reason, Refused
from edx_warehouse.exports.strict_json import decode, has_unequal_twins, texts_in_bytes, weigh, why_refused

FIRST_DATE = "2010-01-01"
"""Earliest date of an event: edX had no learner before."""


class _Envelope(TypedDict, total=False):
    time: str | None
    event_type: str | None
    username: str | None
    ip: str | None
    event_source: str | None
    agent: str | None
    page: str | None
    host: str | None
    session: str | None
    name: str | None
    referer: str | None
    accept_language: str | None
    context: dict[str, Any] | None
    event: msgspec.Raw


class _Row(msgspec.Struct, omit_defaults=True, gc=False):
    """A row; its fields are those of include/schemas/logs/tracklog.yaml, absent ones are NULL."""

    time: str
    course_id: str
    course_id_source: str
    source_file: str
    source_line: int
    log_date: str
    event_type: str | None = None
    username: str | None = None
    ip: str | None = None
    event_source: str | None = None
    agent: str | None = None
    page: str | None = None
    host: str | None = None
    session: str | None = None
    name: str | None = None
    referer: str | None = None
    accept_language: str | None = None
    user_id: int | None = None
    org_id: str | None = None
    path: str | None = None
    module_id: str | None = None
    event: str | None = None
    event_struct: dict[str, Any] | None = None
    context: str | None = None
    other: str | None = None
    received_at: str | None = None


_DECODE: Callable[[bytes], Any] = msgspec.json.Decoder(_Envelope).decode
_DECODE_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ENCODE = msgspec.json.Encoder().encode
_COLUMNS = frozenset(_Envelope.__annotations__)
_NOTHING: Mapping[str, Any] = {}


class Event(msgspec.Struct, frozen=True, gc=False):
    """A line that became a row: its course, the UTC date of its time, and the row as one line of JSON."""

    course_id: str
    date: str
    row: bytes


def last_date(day: date) -> str:
    """Return the latest date of an event that is delivered on a day: clients' clocks go wrong."""
    return str(day + timedelta(days=2))


class RowMaker:
    """Makes rows of the lines of one delivered day; keeps nothing but what it learned of ids' spellings."""

    def __init__(self, finder: CourseFinder, day: date, depth: int) -> None:
        self._finder = finder
        self._day = str(day)
        self._last_date = last_date(day)
        self._depth = depth

    def make(self, line: bytes, file: str, number: int) -> Event:
        """Return the row of a line without blanks around it.

        :raises Refused: when the line becomes no row.
        """
        envelope, other, raw, payload = self._read(line)
        value = envelope.get
        time = self._time(value("time"), other)
        context: Mapping[str, Any] = value("context") or _NOTHING
        text, event = read_payload(raw, payload, self._depth)
        event_type, page, referer = value("event_type"), value("page"), value("referer")
        course, source = self._finder.find(context, event, event_type, page, referer)
        row = _Row(
            time=time,
            course_id=course.course_id,
            course_id_source=source,
            source_file=file,
            source_line=number,
            log_date=self._day,
            event_type=event_type,
            ip=value("ip"),
            event_source=value("event_source"),
            agent=value("agent"),
            page=page,
            host=value("host"),
            session=value("session"),
            name=value("name"),
            referer=referer,
            accept_language=value("accept_language"),
            event=text,
            event_struct=event_struct(event),
        )
        if username := value("username"):
            row.username = username.strip() or None
        if row.ip and "," in row.ip:
            other["ip"] = row.ip
            row.ip = row.ip.split(",", 1)[0].strip()
        if context:
            _fill_from_context(row, context)
        row.module_id = module_of_event(course, context, event, (page, row.path, event_type))
        if other:
            row.other = clean_json_text(other)
        return Event(course.course_id, time[:10], _ENCODE(row))

    def _read(self, line: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes, Any]:
        """Return the keys that have columns, the others, and the payload as written and as decoded."""
        if b"\0" in line:
            raise Refused(Reason.NUL)
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                raise Refused(Reason.INVALID_UTF8) from None
        if line[0] != ord("{"):
            line = self._without_prefix(line)
        try:
            try:
                envelope: dict[str, Any] = _DECODE(line)
                other: dict[str, Any] = {}
            except msgspec.ValidationError:
                envelope, other = _odd(line)
            texts = weigh(other, self._depth)
            raw, payload = b"", None
            if "event" in envelope:
                raw = bytes(envelope.pop("event"))
                payload = decode(raw)
                texts += weigh(payload, self._depth - 1) + 1
            texts += weigh(envelope, self._depth)
            if texts != (written := texts_in_bytes(line)):
                whole = decode(line)
                texts = weigh(whole, self._depth)
                other |= {name: value for name, value in whole.items() if name not in _COLUMNS}
                if texts != written and has_unequal_twins(line.decode()):
                    raise Refused(Reason.DUPLICATE_KEYS)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Refused(why_refused(line, self._depth)) from None
        return envelope, other, raw, payload

    def _without_prefix(self, line: bytes) -> bytes:
        """Return the line from its first brace on: a log relay may have put its own words before."""
        try:
            decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            if (brace := line.find(b"{")) < 0:
                raise Refused(why_refused(line, self._depth)) from None
            return line[brace:]
        raise Refused(Reason.NOT_OBJECT)

    def _time(self, value: str | None, other: Mapping[str, Any]) -> str:
        if not value:
            raise Refused(Reason.BAD_TIME if other.get("time") is not None else Reason.NO_TIME)
        try:
            time = utc(value)
        except ValueError:
            raise Refused(Reason.BAD_TIME) from None
        except OverflowError:
            raise Refused(Reason.TIME_OUT_OF_RANGE) from None
        if not FIRST_DATE <= time[:10] <= self._last_date:
            raise Refused(Reason.TIME_OUT_OF_RANGE)
        return time


def _odd(line: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a line with values of unexpected types: these are not for their columns."""
    envelope: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, raw in _DECODE_RAW(line).items():
        if name == "event":
            envelope[name] = raw
        elif name in _COLUMNS:
            value = decode(raw)
            fits = value is None or type(value) is (dict if name == "context" else str)
            (envelope if fits else other)[name] = value
    return envelope, other


def _fill_from_context(row: _Row, context: Mapping[str, Any]) -> None:
    """Move what has a column of its own from the context; what is left stays as JSON text."""
    rest = dict(context)
    rest.pop("course_id", None)
    for name in ("org_id", "path"):
        if name in rest and (rest[name] is None or type(rest[name]) is str):
            setattr(row, name, rest.pop(name))
    if "user_id" in rest:
        user_id = rest["user_id"]
        row.user_id = integer(user_id)
        if row.user_id is not None or user_id is None or user_id == "":
            del rest["user_id"]
    if type(received := rest.get("received_at")) is str:
        try:
            row.received_at = utc(received)
            del rest["received_at"]
        except (ValueError, OverflowError):
            pass  # stays in the rest
    if rest:
        row.context = clean_json_text(rest)
