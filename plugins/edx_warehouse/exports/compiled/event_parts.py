"""What a row is made of: times, blocks, course spellings and texts inside texts, found in bytes."""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.json_text import ODD, code_unit
from edx_warehouse.exports.compiled.words import (
    PAD,
    compiled,
    copy,
    copy16,
    entry,
    equal16,
    load64,
    quick_hash,
    same,
    store64,
    zeros_below,
)

_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ZONE = np.frombuffer(b"+00:00" + bytes(2), np.uint64)[0]
_ZONE_BYTES = np.uint64((1 << 48) - 1)
_FOUR, _X, _K, _DASH, _BACKSLASH, _NEWLINE = (np.uint8(it) for it in b"4xk-\\\n")
_2, _4 = np.int64(2), np.int64(4)


@compiled
def _number(data: Any, i: int, digits: int) -> int:
    value = 0
    for k in range(digits):
        digit = data[i + k] - 48
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
        data[i + 4] != 45 or data[i + 7] != 45 or data[i + 10] != 84 or data[i + 13] != 58 or data[i + 16] != 58
        or year < 1 or month < 1 or month > 12 or day < 1
        or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59
    ):  # fmt: skip
        return ODD
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _DAYS[month] + leap:
        return ODD
    k = i + 19
    digits = 0
    if k < end and data[k] == 46:
        k += 1
        while k < end and 48 <= data[k] <= 57:
            k += 1
        digits = k - i - 20
        if digits == 0 or digits > 6:
            return ODD
    if not (k == end or (end - k == 1 and data[k] == 90) or (end - k == 6 and load64(data, k) & _ZONE_BYTES == _ZONE)):
        return ODD
    copy(out, o, data, i, i + 20 + digits)
    out[o + 19] = 46
    for j in range(20 + digits, 26):
        out[o + j] = 48
    store64(out, o + 26, _ZONE)
    return year * 10000 + month * 100 + day


class Spellings(NamedTuple):
    """Texts and what each stands for: a hash table over one array of bytes.

    :param slots: by hash: (hash, start, end, value); the hash is 0 where there is none.
    """

    slots: Any
    arena: Any


UNSEEN = -3


@compiled
def look_up(spellings: Spellings, data: Any, start: int, end: int) -> int:
    """Return what a text stands for; UNSEEN when it is not there."""
    return look_up_hashed(spellings, data, start, end, quick_hash(data, start, end))


@compiled
def look_up_hashed(spellings: Spellings, data: Any, start: int, end: int, h: Any) -> int:
    """Return the same for a text whose :func:`quick_hash` is known."""
    h |= np.uint64(1)
    mask = np.uint64(spellings.slots.shape[0] - 1)
    at = h >> np.uint64(20)
    while True:
        slot = spellings.slots[np.int64(at & mask)]
        if slot[0] == 0:
            return UNSEEN
        if slot[0] == np.int64(h) and slot[2] - slot[1] == end - start:
            if same(data, start, spellings.arena, slot[1], end - start):
                return slot[3]
        at += np.uint64(1)


@entry
def put(slots: Any, arena: Any, start: int, end: int, value: int) -> None:
    """Enter the text ``arena[start:end]``, which is not there yet; there has to be a free slot."""
    h = quick_hash(arena, start, end) | np.uint64(1)
    mask = np.uint64(slots.shape[0] - 1)
    at = h >> np.uint64(20)
    while slots[np.int64(at & mask), 0] != 0:
        at += np.uint64(1)
    place = np.int64(at & mask)
    slots[place, 1] = start
    slots[place, 2] = end
    slots[place, 3] = value
    slots[place, 0] = np.int64(h)


class Texts:
    """The writing side of :class:`Spellings`: texts are added, and the arrays grow."""

    def __init__(self) -> None:
        self._used = 0
        self._count = 0
        self._slots = np.zeros((1024, 4), np.int64)
        self._arena = np.zeros(64 * 1024, np.uint8)

    def __len__(self) -> int:
        return self._count

    @property
    def table(self) -> Spellings:
        """The table as it is now; it must not be kept while texts are added."""
        return Spellings(self._slots, self._arena)

    def add(self, text: bytes, value: int) -> None:
        """Enter a text that is not there yet."""
        end = self._used + len(text)
        if end + PAD > len(self._arena):
            self._arena = np.concatenate([self._arena, np.zeros(max(len(self._arena), len(text) + PAD), np.uint8)])
        self._arena[self._used : end] = np.frombuffer(text, np.uint8)
        if 2 * self._count >= len(self._slots):
            old = self._slots
            self._slots = np.zeros((2 * len(old), 4), np.int64)
            for _, start, finish, known in old[old[:, 0] != 0]:
                put(self._slots, self._arena, start, finish, known)
        put(self._slots, self._arena, self._used, end, value)
        self._used = end
        self._count += 1


@compiled
def find(data: Any, start: int, end: int, words: Any, first: int, last: int) -> int:
    """Return where ``words[first:last]`` begins in ``data[start:end]``; ODD when it does not."""
    n = last - first
    while True:
        start = find_byte(data, start, end - n + 1, words[first])
        if start > end - n:
            return ODD
        if same(data, start, words, first, n):
            return start
        start += 1


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
def may_name_block(data: Any, i: int, end: int) -> bool:
    """Return whether a span has ``4x`` or ``k-`` in it, as every id of a block has, or almost."""
    while i < end:
        old = equal16(data, i, _FOUR) & equal16(data, i + 1, _X)
        new = equal16(data, i, _K) & equal16(data, i + 1, _DASH)
        if old | new != np.uint64(0):
            return True
        i += 16
    return False


@compiled
def is_word(byte: int, marks_too: bool) -> bool:
    """Return whether a byte is one of ``A-Za-z0-9_``, or with ``marks_too`` also one of ``.-``."""
    lower = byte | 32
    return (
        97 <= lower <= 122 or 48 <= byte <= 57 or byte == 95 or (marks_too and (byte == 45 or byte == 46))
    )  # fmt: skip


@compiled
def skip_part(data: Any, i: int, end: int, marks_too: bool) -> int:
    """Return the end of a part of a block's id."""
    while i < end and is_word(data[i], marks_too):
        i += 1
    return i


@compiled
def unescape(data: Any, i: int, end: int, out: Any) -> int:
    """Write what a valid JSON text without halves of surrogate pairs says to ``out``; return its length."""
    o = 0
    while i < end:
        found = equal16(data, i, _BACKSLASH)
        copy16(out, o, data, i)
        step = 16 if found == np.uint64(0) else np.int64(zeros_below(found))
        if step > end - i:
            step = end - i
        i += step
        o += step
        if i >= end or step == 16:
            continue
        byte = data[i]
        i += 1
        if byte == 92:
            byte = data[i]
            i += 1
            if byte == 117:
                code = code_unit(data, i)
                i += 4
                if code < 0x80:
                    byte = code
                else:
                    if code < 0x800:
                        out[o] = 0xC0 | code >> 6
                        o += 1
                    else:
                        out[o] = 0xE0 | code >> 12
                        out[o + 1] = 0x80 | (code >> 6) & 0x3F
                        o += 2
                    byte = 0x80 | code & 0x3F
            elif byte == 110:
                byte = 10
            elif byte == 116:
                byte = 9
            elif byte == 114:
                byte = 13
            elif byte == 98:
                byte = 8
            elif byte == 102:
                byte = 12
        out[o] = byte
        o += 1
    for k in range(PAD):  # nothing of a longer text before is taken for more of this one
        out[o + k] = 0
    return o
