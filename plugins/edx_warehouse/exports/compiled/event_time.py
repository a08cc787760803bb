"""Times of events."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import COLON, DASH, NINE, POINT, UPPER_T, UPPER_Z, ZERO
from edx_warehouse.exports.compiled.json_text import ODD
from edx_warehouse.exports.compiled.machine_code import compiled
from edx_warehouse.exports.compiled.words import copy, load64, store64

_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ZONE = np.frombuffer(b"+00:00" + bytes(2), np.uint64)[0]
_ZONE_BYTES = np.uint64((1 << 48) - 1)
_2, _4 = np.int64(2), np.int64(4)


@compiled
def _number(data: Any, i: int, digits: int) -> int:
    value = 0
    for k in range(digits):
        digit = data[i + k] - ZERO
        if digit < 0 or digit > 9:
            return ODD
        value = value * 10 + digit
    return value


@compiled
def read_time(data: Any, i: int, end: int, out: Any, o: int) -> int:
    """Write a time as ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``; return its date as the number YYYYMMDD, or ODD.

    Ordinary is UTC, said or not said, with seconds and up to six digits of a fraction.
    """
    if end - i < 19:
        return ODD
    year, month, day = _number(data, i, _4), _number(data, i + 5, _2), _number(data, i + 8, _2)
    hour, minute, second = _number(data, i + 11, _2), _number(data, i + 14, _2), _number(data, i + 17, _2)
    if (
        data[i + 4] != DASH or data[i + 7] != DASH or data[i + 10] != UPPER_T
        or data[i + 13] != COLON or data[i + 16] != COLON
        or year < 1 or month < 1 or month > 12 or day < 1
        or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59
    ):  # fmt: skip
        return ODD
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _DAYS[month] + leap:
        return ODD
    k = i + 19
    digits = 0
    if k < end and data[k] == POINT:
        k += 1
        while k < end and ZERO <= data[k] <= NINE:
            k += 1
        digits = k - i - 20
        if digits == 0 or digits > 6:
            return ODD
    if not (
        k == end or (end - k == 1 and data[k] == UPPER_Z) or (end - k == 6 and load64(data, k) & _ZONE_BYTES == _ZONE)
    ):
        return ODD
    copy(out, o, data, i, i + 20 + digits)
    out[o + 19] = POINT
    for j in range(20 + digits, 26):
        out[o + j] = ZERO
    store64(out, o + 26, _ZONE)
    return year * 10000 + month * 100 + day
