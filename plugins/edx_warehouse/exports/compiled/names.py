"""Keys that have a meaning somewhere in a line, and their numbers."""

import numpy as np

_TEXTS = (
    "event_type", "username", "ip", "event_source", "agent", "page", "host", "session", "name", "referer",
    "accept_language",
)  # fmt: skip
_OF_CONTEXT = ("org_id", "path", "user_id", "received_at", "module")
_TEXT_FIELDS = ("mode", "id", "code", "type", "problem_id", "module_id", "usage_key", "success", "query", "target_url")
_INTEGER_FIELDS = ("attempts", "old", "new")
_NUMBER_FIELDS = (
    "currentTime", "current_time", "old_time", "new_time", "speed", "old_speed", "new_speed", "duration", "grade",
    "max_grade",
)  # fmt: skip
_JSON_FIELDS = ("GET", "POST")
NAMES = (
    *_TEXTS, "time", "context", "event", "course_id", *_OF_CONTEXT, *_TEXT_FIELDS, *_INTEGER_FIELDS, *_NUMBER_FIELDS,
    *_JSON_FIELDS,
)  # fmt: skip
"""A key's place in here is its number. The order matters: columns that are texts come before TIME, keys of a line that
have a column up to EVENT, those of a context from COURSE_ID to RECEIVED_AT, typed fields of the payload last."""

_NUMBER_OF = {name: np.int64(number) for number, name in enumerate(NAMES)}
(USERNAME, IP, TIME, CONTEXT, EVENT, COURSE_ID, ORG_ID, PATH, USER_ID, RECEIVED_AT, MODULE, USAGE_KEY, ID, PROBLEM_ID,
 MODULE_ID, EVENT_TYPE, PAGE, REFERER) = (
    _NUMBER_OF[name] for name in (
        "username", "ip", "time", "context", "event", "course_id", "org_id", "path", "user_id", "received_at", "module",
        "usage_key", "id", "problem_id", "module_id", "event_type", "page", "referer",
    )
)  # fmt: skip
FIRST_TEXT_FIELD, FIRST_INTEGER, FIRST_NUMBER, FIRST_JSON = (
    _NUMBER_OF[it[0]] for it in (_TEXT_FIELDS, _INTEGER_FIELDS, _NUMBER_FIELDS, _JSON_FIELDS)
)
