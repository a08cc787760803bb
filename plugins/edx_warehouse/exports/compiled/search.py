"""Finding bytes in bytes."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.machine_code import compiled
from edx_warehouse.exports.compiled.words import equal16, same, zeros_below

NOWHERE = -1
_NEWLINE = np.uint8(ord("\n"))


@compiled
def find_byte(data: Any, start: int, end: int, byte: Any) -> int:
    """Return the first place of a byte, ``end`` when there is none."""
    while start < end:
        found = equal16(data, start, byte)
        if found != np.uint64(0):
            return min(end, start + np.int64(zeros_below(found)))
        start += 16
    return end


@compiled
def find_newline(data: Any, i: int) -> int:
    """Return the place of the next newline, which has to be there."""
    while True:
        found = equal16(data, i, _NEWLINE)
        if found != np.uint64(0):
            return i + np.int64(zeros_below(found))
        i += 16


@compiled
def find(data: Any, start: int, end: int, what: Any, first: int, last: int) -> int:
    """Return where ``what[first:last]`` begins in ``data[start:end]``, or NOWHERE."""
    n = last - first
    while True:
        start = find_byte(data, start, end - n + 1, what[first])
        if start > end - n:
            return NOWHERE
        if same(data, start, what, first, n):
            return start
        start += 1
