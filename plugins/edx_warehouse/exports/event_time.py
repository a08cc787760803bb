"""Times in events: to UTC, to the microsecond, or not at all."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_USUAL = len("2014-11-10T00:00:00.000000+00:00")


def utc(text: str) -> str:
    """Return a time as ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``; one without a zone is taken as UTC.

    :raises ValueError: when it is no time.
    :raises OverflowError: when its year is not 1 to 9999 in UTC.
    """
    if len(text) == _USUAL and text[10] == "T" and text[19] == "." and text.endswith("+00:00"):
        if not text.isascii():
            raise ValueError("not a time")
        datetime.fromisoformat(text)
        return text
    return _unusual(text.strip())


@lru_cache(maxsize=1024)
def _unusual(text: str) -> str:
    if _FORM.fullmatch(text) is None:
        raise ValueError("not a time")
    time = datetime.fromisoformat(text)
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time.isoformat(timespec="microseconds")
