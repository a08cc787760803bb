"""Dates as course teams wrote them."""

import re
from datetime import UTC, datetime

_MONTHS = {
    name: number
    for number, name in enumerate(
        (
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ),
        start=1,
    )
}
# "February 25, 2013" · "March 13 2014" · "March 25, 2013, 22:00" · "December 12, 22:00, 2012" · "December 24 05:00, 2012"
_WORDS = re.compile(
    r"(?P<month>[A-Za-z]+) +(?P<day>\d{1,2}),?"
    r"(?: +(?P<early>\d{1,2}:\d\d),?)? +(?P<year>\d{4})(?:,? +(?P<late>\d{1,2}:\d\d))?"
)


def content_date(text: str) -> datetime | None:
    """Read a date of course content; without a zone it is UTC; None when the text is blank.

    :raises ValueError: when the text is no date.
    """
    text = text.strip().strip('"').strip()
    if text in ("", "null", "None"):
        return None
    match = _WORDS.fullmatch(text)
    if match is None:
        moment = datetime.fromisoformat(text)
    else:
        month = _MONTHS.get(match["month"].lower())
        if month is None or (match["early"] and match["late"]):
            raise ValueError("not a date")
        hour, minute = (match["early"] or match["late"] or "0:00").split(":")
        moment = datetime(int(match["year"]), month, int(match["day"]), int(hour), int(minute), tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
