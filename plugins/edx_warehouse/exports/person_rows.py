"""The parts of persons' rows, put together in the order of the persons: sorted runs on disk, a stretch of each at a time.

Memory holds one block of parts and three numbers for each part: about 120 bytes a person.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from edx_warehouse.exports.compiled.table_rows import join_parts
from edx_warehouse.exports.compiled.words import PAD

_RUN = 8 * 1024 * 1024  # bytes of parts that are sorted at once
_STRETCH = 8 * 1024  # parts of a run between two cuts
_PERSON, _RANK, _START, _STOP = range(4)
_LINE = 40  # bytes that a person's row has beside its parts, at most


@dataclass(frozen=True, slots=True)
class _Run:
    """Parts of one table in the order of their persons; ``ends`` are offsets in the file, the first one where it begins."""

    table: int
    persons: Any
    ranks: Any
    ends: Any


class PersonRows:
    """Collects parts by table, and gives each person's row.

    :param tables: names; of one person the part of an earlier one comes first.
    :param makers: the first so many tables make a person, a part of another one is dropped when no maker has it.
    :param folder: directory for the file of runs, which nobody sees.
    :param repeated: per table, parts of a person who had one already: the highest rank is taken, then the last in the
        order of bytes, without a rank the first. Complete after :meth:`rows`.
    """

    def __init__(
        self, tables: Sequence[str], makers: int, folder: Path, run: int = _RUN, stretch: int = _STRETCH
    ) -> None:
        self._tables = list(tables)
        self._makers = makers
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed at the end
        self._run = run
        self._stretch = stretch
        self._runs: list[_Run] = []
        self._table = 0
        self._waiting: list[Any] = []
        self._data = np.empty(0, np.uint8)
        self._filled = 0
        self._lines = np.empty(0, np.uint8)
        self.repeated: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, table: str, parts: Any, data: memoryview) -> None:
        """Add parts of one table.

        :param parts: (n, 4) int64: person, rank, start and end in ``data``.
        :param data: the parts' members of a JSON object, as ``"name":value,…``, maybe none.
        """
        if not len(parts):
            return
        number = self._tables.index(table)
        if self._waiting and (number != self._table or self._filled + len(data) > self._run):
            self._sort_out()
        end = self._filled + len(data)
        if end > len(self._data):
            larger = np.empty(max(end, min(self._run, 2 * end)), np.uint8)
            larger[: self._filled] = self._data[: self._filled]
            self._data = larger
        self._table = number
        shifted = parts.copy()
        shifted[:, _START:] += self._filled
        self._waiting.append(shifted)
        self._data[self._filled : end] = np.frombuffer(data, np.uint8)
        self._filled = end

    def _sort_out(self) -> None:
        parts = np.concatenate(self._waiting)
        order = np.argsort(parts[:, _PERSON], kind="stable")
        offset = self._file.seek(0, 2)
        data = self._data[: self._filled].data
        if bool(np.all(order[1:] > order[:-1])):
            self._file.write(data)
        else:
            parts = parts[order]
            self._file.writelines(data[start:stop] for start, stop in parts[:, _START:].tolist())
        ends = np.concatenate([[offset], offset + np.cumsum(parts[:, _STOP] - parts[:, _START])])
        self._runs.append(_Run(self._table, parts[:, _PERSON].copy(), parts[:, _RANK].copy(), ends))
        self._waiting.clear()
        self._filled = 0

    def rows(self) -> Iterator[tuple[memoryview, int]]:
        """Yield JSON lines in the order of the persons, and how many they are, good until the next; then nothing is left."""
        if self._waiting:
            self._sort_out()
        self._data = np.empty(0, np.uint8)
        if not self._runs:
            return
        cuts = np.unique(np.concatenate([run.persons[:: self._stretch] for run in self._runs]))
        positions = [0] * len(self._runs)
        for cut in [*cuts[1:].tolist(), None]:
            data, parts = bytearray(), []
            for number, run in enumerate(self._runs):
                begin = positions[number]
                stop = len(run.persons) if cut is None else int(np.searchsorted(run.persons, cut))
                if stop > begin:
                    positions[number] = stop
                    parts.append(self._stretch_of(run, begin, stop, data))
            yield self._joined(np.concatenate(parts), data)

    def _stretch_of(self, run: _Run, begin: int, stop: int, data: bytearray) -> Any:
        first = int(run.ends[begin])
        self._file.seek(first)
        shift = len(data) - first
        data += self._file.read(int(run.ends[stop]) - first)
        table = np.full(stop - begin, run.table)
        places = run.ends[begin : stop + 1] + shift
        return np.stack([run.persons[begin:stop], table, places[:-1], places[1:], run.ranks[begin:stop]], axis=1)

    def _joined(self, parts: Any, data: bytearray) -> tuple[memoryview, int]:
        parts = parts[np.lexsort((parts[:, 1], parts[:, 0]))]
        same = np.all(parts[1:, :2] == parts[:-1, :2], axis=1)
        if bool(same.any()):
            parts = self._without_repeated(parts, same, data)
        size = len(data)
        data += bytes(PAD)
        room = size + (_LINE + 1) * len(parts) + PAD
        if len(self._lines) < room:
            self._lines = np.empty(room, np.uint8)
        end, lines = join_parts(np.frombuffer(data, np.uint8), parts, self._makers, self._lines)
        return self._lines[:end].data, lines

    def _without_repeated(self, parts: Any, same: Any, data: bytearray) -> Any:
        keep = np.ones(len(parts), np.bool_)
        best = 0
        for k in (np.flatnonzero(same) + 1).tolist():
            best = k - 1 if keep[k - 1] else best
            a, b = ((int(parts[it, 4]), bytes(data[parts[it, 2] : parts[it, 3]])) for it in (best, k))
            self.repeated[self._tables[int(parts[k, 1])]] += 1
            later = b > a if max(a[0], b[0]) >= 0 else b < a
            keep[best if later else k] = False
            best = k if later else best
        return parts[keep]
