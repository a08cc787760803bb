"""Texts of an export as typed values."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Any

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")
_TIMESTAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)(Z|\+00:00)?")
_LARGEST = 2**63 - 1
_NO_DATE = "0000-00-00"  # what MySQL shows for a date that was never set


def integer(text: str) -> int | None:
    """Read a 64-bit integer; None when the text is empty.

    :raises ValueError: when it is none.
    """
    if text.isdecimal() and text.isascii() and len(text) < 19:  # nearly always, and no room to overflow
        return int(text)
    if text == "":
        return None
    if not _INTEGER.fullmatch(text) or not -_LARGEST - 1 <= (value := int(text)) <= _LARGEST:
        raise ValueError("not a 64-bit integer")
    return value


def number(text: str) -> float | None:
    """Read a finite number; None when the text is empty.

    :raises ValueError: when it is none.
    """
    if text == "":
        return None
    if not _FLOAT.fullmatch(text) or not isfinite(value := float(text)):
        raise ValueError("not a finite number")
    return value


@lru_cache(maxsize=4096)
def timestamp(text: str) -> str | None:
    """Read ``YYYY-MM-DD HH:MM:SS[.ffffff]`` as UTC into ISO text; None when the text is empty or MySQL's zero date.

    :raises ValueError: when it is none.
    """
    if text == "" or text.startswith(_NO_DATE):
        return None
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("not a time")
    datetime.fromisoformat(f"{match[1]}T{match[2]}")  # refuses 31 February
    return f"{match[1]}T{match[2]}Z"


def filled(text: str) -> str | None:
    """Return the text; None when it is empty."""
    return text or None


PARSERS: dict[str, Callable[[str], Any]] = {
    "INTEGER": integer,
    "FLOAT": number,
    "TIMESTAMP": timestamp,
    "STRING": filled,
}
