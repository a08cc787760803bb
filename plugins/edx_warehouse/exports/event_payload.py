"""The payload of an event: from its many forms to valid JSON text and a few typed fields."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from edx_warehouse.exports.strict_json import strict

_ENCODE = msgspec.json.Encoder().encode
_REDACTED = "[redacted]"
_SECRET = re.compile(r"passw(or)?d|access[_-]?key|secret[_-]?key|secret[_-]?access|aws[_-]?secret", re.IGNORECASE)
_JSON_BEGINS = frozenset('{["-0123456789tfn')
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_payload(raw: bytes, payload: Any, room: int) -> tuple[str | None, Any]:
    """Return the payload as JSON text and as a decoded value, without secrets.

    JSON inside text becomes JSON; ``NaN`` and ``Infinity`` in it become null; other text, cut JSON included, becomes
    a JSON string; empty text and null become None.

    :param raw: the value of ``event`` as it stands in the line.
    :param payload: the same, decoded.
    :param room: levels of nesting that are allowed.
    """
    if payload is None:
        return None, None
    if type(payload) is not str:
        return _without_secrets(raw.decode(), payload)
    text = payload.strip()
    if not text:
        return None, None
    if text[0] in _JSON_BEGINS:
        try:
            value = strict(text, room)
        except ValueError:
            if mended := _mended(text, room):
                return _without_secrets(*mended)
        else:
            return _without_secrets(text, value) if value is not None else (None, None)
    if _hints_at_secret(text) and (match := _SECRET.search(text)):
        text = text[: match.end()] + _REDACTED  # the text has no form to go by: nothing after the key is kept
    return json_text(text), None


def json_text(value: Any) -> str:
    """Return a value as compact JSON text."""
    return _ENCODE(value).decode()


def clean_json_text(value: dict[str, Any]) -> str:
    """Return an object as JSON text, without secrets."""
    text = json_text(value)
    return json_text(_redact(value)) if _hints_at_secret(text) else text


def _mended(text: str, room: int) -> tuple[str, Any] | None:
    if "NaN" not in text and "Infinity" not in text:
        return None
    try:
        mended = json.dumps(json.loads(text, parse_constant=lambda _: None), ensure_ascii=False, allow_nan=False)
        return mended, strict(mended, room)
    except (ValueError, RecursionError):
        return None


def _hints_at_secret(text: str) -> bool:
    text = text.lower()
    return "passw" in text or "secret" in text or ("access" in text and "key" in text)


def _without_secrets(text: str, value: Any) -> tuple[str, Any]:
    if _hints_at_secret(text):
        redacted = _redact(value)
        if redacted != value:
            return json_text(redacted), redacted
    return text, value


def _redact(value: Any) -> Any:
    if type(value) is dict:
        return {key: _REDACTED if _SECRET.search(key) else _redact(part) for key, part in value.items()}
    if type(value) is list:
        return [_redact(part) for part in value]
    return value


def integer(value: Any) -> int | None:
    """Return an integer of 64 bits, from numeric text too; None for anything else."""
    kind = type(value)
    if kind is str:
        text = value.strip()
        if len(text) > 20 or not text.isascii() or not text.removeprefix("-").isdigit():
            return None
        value = int(text)
    elif kind is float and value.is_integer():
        value = int(value)
    elif kind is not int:
        return None
    return value if -(2**63) <= value < 2**63 else None


def _number(value: Any) -> float | None:
    kind = type(value)
    if kind is float or kind is int:
        return float(value)
    if kind is str and len(value) <= 64 and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        return number if math.isfinite(number) else None
    return None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _as_json(value: Any) -> str | None:
    return None if value is None else json_text(value)


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        (
            "course_id", "mode", "id", "code", "type", "problem_id", "module_id", "usage_key", "success", "query",
            "target_url",
        ),
        _text,
    ),
    **dict.fromkeys(("user_id", "attempts", "old", "new"), integer),
    **dict.fromkeys(
        (
            "currentTime", "current_time", "old_time", "new_time", "speed", "old_speed", "new_speed", "duration",
            "grade", "max_grade",
        ),
        _number,
    ),
    "GET": _as_json,
    "POST": _as_json,
}  # fmt: skip


def event_struct(event: Any) -> dict[str, Any] | None:
    """Return the typed fields of a payload that derived tables read; None when it has none."""
    if type(event) is not dict:
        return None
    struct = {}
    for name, value in event.items():
        typed = _FIELDS.get(name)
        if typed is not None and (found := typed(value)) is not None:
            struct[name] = found
    return struct or None
