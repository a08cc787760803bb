"""Which lines were there before: by digests of 128 bits, (n, 2) words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_RUN = 1 << 19  # digests that are looked at together: 8 MB


class FileLines:
    """The digests of one file's lines, on disk, as a file may have any number of them.

    :param spool: path for them; removed by the caller with its directory.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool.open("w+b")
        self._count = 0

    def close(self) -> None:
        """Forget them."""
        self._spool.close()

    def add(self, digests: Any) -> None:
        """Add digests."""
        self._spool.write(digests.tobytes())
        self._count += len(digests)

    def runs(self) -> Iterator[Any]:
        """Give all digests, some at a time, in their order."""
        self._spool.flush()
        self._spool.seek(0)
        while data := self._spool.read(16 * _RUN):
            yield np.frombuffer(data, np.uint64).reshape(-1, 2)

    def repeated(self) -> int:
        """Return how many lines are equal to one before them."""
        shares = np.uint64(1 + self._count // _RUN)
        left = 0
        for share in range(int(shares)):
            # Each run by itself first: of lines that are all equal one a run is left to be kept.
            mine = [_distinct(run[run[:, 0] % shares == share]) for run in self.runs()]
            left += len(_distinct(np.concatenate(mine))) if mine else 0
        return self._count - left


def _distinct(digests: Any) -> Any:
    """Return each digest once, in any order; cheap when nearly all are."""
    first = np.sort(digests[:, 0])
    twice = first[1:][first[1:] == first[:-1]]
    if not len(twice):
        return digests
    maybe = np.isin(digests[:, 0], twice)
    return np.concatenate([digests[~maybe], np.unique(digests[maybe], axis=0)])


class EarlierLines:
    """The digests of the day's files before the one that is read, in memory: 16 bytes a line."""

    def __init__(self) -> None:
        self._runs: list[tuple[Any, Any]] = []

    def merge(self, lines: FileLines) -> None:
        """Add a file's."""
        for run in lines.runs():
            order = np.argsort(run[:, 0])
            self._runs.append((run[order, 0], run[order, 1]))

    def has(self, digests: Any) -> Any:
        """Return for each digest whether it is among them."""
        found = np.zeros(len(digests), np.bool_)
        for first, second in self._runs:
            wanted = np.arange(len(digests))
            at = np.searchsorted(first, digests[:, 0])
            while len(wanted):
                # Where the first words are equal, so are the second ones, but for a chance of 1 in 2 to the 64th.
                maybe = at < len(first)
                wanted, at = wanted[maybe], at[maybe]
                maybe = first[at] == digests[wanted, 0]
                wanted, at = wanted[maybe], at[maybe]
                equal = second[at] == digests[wanted, 1]
                found[wanted[equal]] = True
                wanted, at = wanted[~equal], at[~equal] + 1
        return found
