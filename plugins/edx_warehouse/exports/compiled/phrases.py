"""What rows say and ids of blocks are made of, word for word; the first phrases are ``,"name":`` of each known name."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled import search
from edx_warehouse.exports.compiled.ascii import QUOTE
from edx_warehouse.exports.compiled.machine_code import compiled
from edx_warehouse.exports.compiled.names import NAMES
from edx_warehouse.exports.compiled.words import PAD, copy, same

_PHRASES = (
    *(f',"{name}":' for name in NAMES), '{"time":"', '","course_id":"', '","course_id_source":"', ',"source_line":',
    ',"context":"', ',"other":"', ',"event":"', ',"event_struct":{', "/courses/", "i4x", "block-v1", "://", ";_;_",
    "type@", "block@", "context", "event", "path", "page", "referer", "NaN", "Infinity",
)  # fmt: skip
(ROW_BEGINS, COURSE, SOURCE, LINE, REST, OTHER, PAYLOAD, STRUCT, COURSES, OLD, NEW, SLASHES, MARKS, TYPE, BLOCK,
 FROM_CONTEXT, FROM_EVENT, FROM_PATH, FROM_PAGE, FROM_REFERER, NAN, INFINITY) = map(
    np.int64, range(len(NAMES), len(_PHRASES))
)  # fmt: skip
_BYTES = np.frombuffer("".join(_PHRASES).encode() + bytes(PAD), np.uint8)
_ENDS = np.cumsum([len(it) for it in _PHRASES])
_STARTS = np.concatenate([[0], _ENDS[:-1]])


@compiled
def length(phrase: int) -> int:
    """Return the number of bytes of a phrase."""
    return _ENDS[phrase] - _STARTS[phrase]


@compiled
def say(out: Any, o: int, phrase: int) -> int:
    """Write a phrase; return where it ends."""
    return copy(out, o, _BYTES, _STARTS[phrase], _ENDS[phrase])


@compiled
def say_text(out: Any, o: int, name: int, data: Any, start: int, end: int) -> int:
    """Write a member whose value is a text that needs no more escapes; return where it ends."""
    o = say(out, o, name)
    out[o] = QUOTE
    o = copy(out, o + 1, data, start, end)
    out[o] = QUOTE
    return o + 1


@compiled
def begins(data: Any, i: int, end: int, phrase: int) -> bool:
    """Return whether a phrase stands at ``i``."""
    n = length(phrase)
    return end - i >= n and same(data, i, _BYTES, _STARTS[phrase], n)


@compiled
def find(data: Any, start: int, end: int, phrase: int) -> int:
    """Return where a phrase begins in ``data[start:end]``, or NOWHERE."""
    return search.find(data, start, end, _BYTES, _STARTS[phrase], _ENDS[phrase])
