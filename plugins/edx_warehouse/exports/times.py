"""Times as survey tools and people write them, as UTC."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_HOURS = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_ZONE = re.compile(r"\s*\(?\b(Z|[A-Z]{3})\)?$")
_DAYS = ("%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p")


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo:
    """Return a time zone by its name in the tz database.

    :raises ValueError: when there is none.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        raise ValueError("no time zone") from None


@lru_cache(maxsize=4096)
def to_utc(text: str, zone: tzinfo = UTC) -> str | None:
    """Read a time into ISO text in UTC; None when the text is blank.

    ISO 8601, ``M/D/YYYY`` (the month first), ``D.M.YYYY`` and names of months, with or without a clock, AM and PM.

    :param zone: of a time that does not say its own.
    :raises ValueError: when it is no time.
    """
    text = " ".join(text.split())
    if not text:
        return None
    match = _ZONE.search(text)
    if match and match[1] not in ("AM", "PM"):
        if match[1] not in _HOURS:
            raise ValueError("no known time zone")
        text, zone = text[: match.start()], timezone(timedelta(hours=_HOURS[match[1]]))
    found = _local(text)
    utc = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat() + "Z"


def to_date(text: str) -> str | None:
    """Read a day into ISO text; None when the text is blank.

    :raises ValueError: when it is none.
    """
    text = " ".join(text.split())
    return str(_local(text).date()) if text else None


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for day in _DAYS:
        for clock in _CLOCKS:
            try:
                found = datetime.strptime(text, day + clock)  # noqa: DTZ007 - the caller knows the zone
            except ValueError:
                continue
            if found.date() >= date(1970, 1, 1):
                return found
    raise ValueError("no time")
