"""Which block an event is about, as ``Org/Course/category/name``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from edx_warehouse.exports.course_of_event import FoundCourse

_PART = r"[A-Za-z0-9_.-]+"
_OLD = re.compile(rf"i4x:(?://|;_;_)({_PART})(?:/|;_)({_PART})(?:/|;_)({_PART})(?:/|;_)({_PART})")
_NEW = re.compile(rf"block-v1:({_PART})\+({_PART})\+{_PART}\+type@({_PART})\+block@({_PART})")
_HTML = re.compile(r"([A-Za-z0-9_]+)-([A-Za-z0-9_.-]+)")


def module_of_event(
    course: FoundCourse, context: Mapping[str, Any], event: Any, urls: tuple[str | None, ...]
) -> str | None:
    """Return the canonical id of the first block named in event, context or URLs; None when there is none."""
    for text in _texts(context, event, urls):
        if "i4x" in text:
            if found := _old(text, course):
                return found
        elif "block-v1" in text and (match := _NEW.search(_plain(text))):
            return "/".join(match.groups())
    return None


def _texts(context: Mapping[str, Any], event: Any, urls: tuple[str | None, ...]) -> Iterator[str]:
    if type(event) is dict:
        for name in ("problem_id", "module_id", "usage_key", "id"):
            if type(value := event.get(name)) is str:
                yield value
    module = context.get("module")
    if type(module) is dict and type(value := module.get("usage_key")) is str:
        yield value
    for url in urls:
        if url:
            yield url


def _old(text: str, course: FoundCourse) -> str | None:
    text = _plain(text)
    if "i4x:" in text and (match := _OLD.search(text)):
        return "/".join(match.groups())
    # In HTML ids the parts are joined by dashes, which may be in the parts too: the course's own are known.
    head = course.html_prefix
    if text.startswith(head) and (match := _HTML.match(text, len(head))):
        return f"{course.key.org}/{course.key.course}/{match[1]}/{match[2]}"
    return None


def _plain(text: str) -> str:
    text = text.split("?", 1)[0]
    return unquote(text) if "%" in text else text
