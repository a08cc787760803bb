"""The oracle reads log lines: which are good, whose course they are and what they tell. The standard library alone."""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

PART = r"[A-Za-z0-9_.-]*[A-Za-z0-9][A-Za-z0-9_.-]*"
SLASHED = re.compile(rf"({PART})/({PART})/({PART})")
OPAQUE = re.compile(rf"course-v1:({PART})\+({PART})\+({PART})")
BLOCK = re.compile(rf"block-v1:({PART})\+({PART})\+({PART})\+type@")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")


class Bad(Exception):
    """A line to be quarantined."""


def canonical(text):
    """Return Org/Course/Run for an id in either spelling, None for anything else."""
    text = unquote(text).strip() if isinstance(text, str) else ""
    if text.startswith("course-v1:"):
        text = text.replace(" ", "+")
    match = SLASHED.fullmatch(text) or OPAQUE.fullmatch(text)
    return "/".join(match.groups()) if match else None


def in_path(text):
    """Return the course of ``/courses/<id>/...`` in a path or URL."""
    if not isinstance(text, str) or "/courses/" not in text:
        return None
    parts = re.split(r"[?#]", text.split("/courses/", 1)[1])[0].split("/")
    return canonical(parts[0] if unquote(parts[0]).startswith("course-v1:") else "/".join(parts[:3]))


def in_block(text):
    """Return the course of a new-style block id."""
    match = BLOCK.match(unquote(text).strip().replace(" ", "+")) if isinstance(text, str) else None
    return "/".join(match.groups()) if match else None


def course_of(line):
    """Return the first valid course id of an event in the order of trust, registered or not."""
    context, event = object_in(line.get("context")), payload_of(line)
    candidates = [
        canonical(context.get("course_id")),
        canonical(event.get("course_id")),
        in_path(context.get("path")),
        in_path(line.get("event_type")),
        in_path(line.get("page")),
        in_path(line.get("referer")),
        *(in_block(event.get(name)) for name in ("id", "problem_id", "module_id", "usage_key")),
    ]
    return next((candidate for candidate in candidates if candidate), None)


def no_differing_twins(pairs):
    found = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise Bad("duplicate keys")
        found[key] = value
    return found


def number(text):
    """Read a number that the warehouse can hold; NaN and Infinity come here too."""
    if len(text) > 400 or not abs(float(text)) < float("inf"):
        raise Bad("not finite")
    if text.lstrip("-").isdigit() and not -(2**63) <= int(text) < 2**63:
        raise Bad("integer out of range")
    return int(text) if text.lstrip("-").isdigit() else float(text)


def check(value, depth=1):
    """Refuse what is too deep, NUL characters and lone surrogates, in keys and values."""
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise Bad("nul or lone surrogate")
    if isinstance(value, (dict, list)):
        if depth > 64:
            raise Bad("too deep")
        for inner in [*value.keys(), *value.values()] if isinstance(value, dict) else value:
            check(inner, depth + 1)


def when(line, day):
    text = line.get("time")
    try:
        time = datetime.fromisoformat(TIME.fullmatch(text.strip())[0])
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise Bad("no time, or none that can be read") from error
    if time.year < 2010 or time.date() > day + timedelta(days=2):
        raise Bad("time out of range")
    return time


def read_json(text, constants):
    try:
        value = json.loads(
            text, object_pairs_hook=no_differing_twins, parse_int=number, parse_float=number, parse_constant=constants
        )
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON") from error
    check(value)
    return value


def read_line(raw, day):
    """Return an event and its time, or raise Bad."""
    try:
        text = raw[raw.index(b"{") :].decode("utf-8")
    except ValueError as error:
        raise Bad("no object, or no UTF-8") from error
    line = read_json(text, number)
    return line, when(line, day)


def object_in(value):
    return value if isinstance(value, dict) else {}


def text_in(value):
    return value if isinstance(value, str) else None


def payload_of(line):
    """Return the payload when it is an object, or text that holds one; else an empty one."""
    event = line.get("event")
    if isinstance(event, str):
        try:
            event = read_json(event, lambda _: None)
        except Bad:
            return {}
    return object_in(event)


def integer(value):
    """Return an integer, also one that was logged as text or with a fraction of 0."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,19}\s*", value):
        return int(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value if type(value) is int else None


def real(value):
    """Return a number, also one that was logged as text."""
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]*\.?[0-9]+(e[+-]?[0-9]{1,2})?\s*", value):
        return float(value)
    return float(value) if type(value) in (int, float) else None


def parts_of_block(text, course):
    """Return org, course, category and name of the block that a text names, in whichever of its spellings."""
    text = unquote(text.split("?")[0])
    if "i4x:" in text:
        parts = text.split("i4x:", 1)[1].replace(";_", "/").removeprefix("//").split("/")[:4]
    elif "i4x" in text:
        # In HTML ids dots and the like have become _, and the parts are joined by dashes.
        org, number, _ = course.split("/")
        head = re.sub("[^A-Za-z0-9_-]", "_", f"i4x-{org}-{number}-")
        if not text.startswith(head) or "-" not in text.removeprefix(head):
            return []
        parts = [org, number, *text.removeprefix(head).split("-", 1)]
    elif "block-v1:" in text:
        parts = re.split(r"\+type@|\+block@|\+", text.split("block-v1:", 1)[1])
        parts = parts[:2] + parts[3:5]
    else:
        return []
    if parts[3:]:
        parts[3] = re.split("[^A-Za-z0-9_.-]", parts[3])[0]
    return parts


def module_of(line, payload, course):
    """Return the block an event is about as Org/Course/category/name: the first that is named."""
    context = object_in(line.get("context"))
    texts = [payload.get(name) for name in ("problem_id", "module_id", "usage_key", "id")]
    texts += [object_in(context.get("module")).get("usage_key")]
    texts += [line.get("page"), context.get("path"), line.get("event_type")]
    for text in texts:
        parts = parts_of_block(text, course) if isinstance(text, str) else []
        if len(parts) == 4 and all(re.fullmatch("[A-Za-z0-9_.-]+", part) for part in parts):
            return "/".join(parts)
    return None


def event_of(line, time, course, file, number_in_file):
    """Return what the tables of a day read of an event; what is not there is None."""
    payload = payload_of(line)
    return {
        "time": time,
        "date": time.date(),
        "course_id": course,
        "username": (text_in(line.get("username")) or "").strip() or None,
        "kind": text_in(line.get("event_type")) or "",
        "source": text_in(line.get("event_source")),
        "ip": (text_in(line.get("ip")) or "").split(",")[0].strip() or None,
        "user_id": integer(object_in(line.get("context")).get("user_id")),
        "module_id": module_of(line, payload, course),
        "payload": payload,
        "source_file": file,
        "source_line": number_in_file,
    }
