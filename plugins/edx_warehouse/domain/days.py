"""Days: of deliveries, exports and events, all in UTC."""

from datetime import UTC, date, datetime


def midnight(day: date) -> datetime:
    """Return a day's beginning in UTC, which is the logical date of its runs."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
