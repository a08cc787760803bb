"""Why a log line becomes no row: the reasons, and the exception that carries one."""

from enum import StrEnum


class Reason(StrEnum):
    """Code of a reason, as it stands in quarantine files and manifests. The order is that of the documentation."""

    TOO_LONG = "too_long"
    NUL = "nul"
    INVALID_UTF8 = "invalid_utf8"
    NOT_JSON = "not_json"
    TWO_OBJECTS = "two_objects"
    NOT_OBJECT = "not_object"
    TOO_DEEP = "too_deep"
    LONE_SURROGATE = "lone_surrogate"
    NON_FINITE = "non_finite"
    INT_OUT_OF_RANGE = "int_out_of_range"
    DUPLICATE_KEYS = "duplicate_keys"
    NO_TIME = "no_time"
    BAD_TIME = "bad_time"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    NO_COURSE = "no_course"
    UNKNOWN_COURSE = "unknown_course"

    @property
    def aside(self) -> bool:
        """Whether the line is sound and merely of none of the courses: set aside, not bad."""
        return self in _ASIDE


_ASIDE = frozenset({Reason.NO_COURSE, Reason.UNKNOWN_COURSE})


class Refused(Exception):
    """A line that becomes no row."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
