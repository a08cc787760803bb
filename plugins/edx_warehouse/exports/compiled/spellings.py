"""Texts and what they stand for: written by Python, looked up by machine code."""

from typing import Any, NamedTuple

import numpy as np

from edx_warehouse.exports.compiled.machine_code import compiled, entry, within
from edx_warehouse.exports.compiled.words import PAD, quick_hash, same

UNSEEN = -3
"""What a text stands for that is not there."""


class Spellings(NamedTuple):
    """Texts and what each stands for: a hash table over one array of bytes.

    :param slots: by hash: (hash, start, end, value); the hash is 0 where there is none.
    """

    slots: Any
    arena: Any


@compiled
def look_up(spellings: Spellings, data: Any, start: int, end: int) -> int:
    """Return what a text stands for; UNSEEN when it is not there."""
    return look_up_hashed(spellings, data, start, end, quick_hash(data, start, end))


@within
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
