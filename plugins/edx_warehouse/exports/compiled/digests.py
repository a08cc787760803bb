"""Which lines were seen: a set of digests of 128 bits."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.words import compiled, entry


@compiled
def _place(table: Any, low: Any, high: Any) -> int:
    mask = table.shape[0] - 1
    at = np.int64(low & np.uint64(mask))
    while (table[at, 0] != low or table[at, 1] != high) and (table[at, 0] != 0 or table[at, 1] != 0):
        at = (at + 1) & mask
    return at


@entry
def _add(table: Any, digests: Any) -> int:
    new = 0
    for n in range(digests.shape[0]):
        low, high = digests[n, 0], digests[n, 1]
        at = _place(table, low, high)
        if table[at, 0] == 0 and table[at, 1] == 0:
            table[at, 0], table[at, 1] = low, high
            new += 1
    return new


@entry
def _has(table: Any, digests: Any, result: Any) -> None:
    for n in range(digests.shape[0]):
        at = _place(table, digests[n, 0], digests[n, 1])
        result[n] = table[at, 0] != 0 or table[at, 1] != 0


class SeenLines:
    """A set of digests, 16 bytes each in a hash table that is at most half full."""

    def __init__(self) -> None:
        self._table = np.zeros((1 << 12, 2), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, digests: Any) -> int:
        """Add digests, (n, 2) words; return how many of them were there before, the same ones among themselves too."""
        room = len(self._table)
        while room < 2 * (self._count + len(digests)):
            room *= 2
        if room > len(self._table):
            old, self._table = self._table, np.zeros((room, 2), np.uint64)
            _add(self._table, old[(old[:, 0] != 0) | (old[:, 1] != 0)])
        new = int(_add(self._table, digests))
        self._count += new
        return len(digests) - new

    def has(self, digests: Any) -> Any:
        """Return for each digest whether it is in the set."""
        result = np.zeros(len(digests), np.bool_)
        if self._count:
            _has(self._table, digests, result)
        return result

    def merge(self, other: "SeenLines") -> None:
        """Add all of another set."""
        table = other._table
        self.add(table[(table[:, 0] != 0) | (table[:, 1] != 0)])
