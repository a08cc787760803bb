"""What was there before, judged by Python's own sets; a run is made short, so that files have several."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edx_warehouse.exports import seen_lines
from edx_warehouse.exports.seen_lines import EarlierLines, FileLines

# Of few words, so that lines repeat and first words are equal where second ones are not.
DIGESTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=60)


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_lines, "_RUN", 7)


def lines_of(spool: Path, digests: list[tuple[int, int]]) -> FileLines:
    lines = FileLines(spool)
    for begin in range(0, len(digests), 5):
        lines.add(words(digests[begin : begin + 5]))
    return lines


def words(digests: list[tuple[int, int]]) -> np.ndarray:
    return np.array(digests, np.uint64).reshape(-1, 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DIGESTS)
def test_each_line_but_the_first_of_equal_ones_is_repeated(tmp_path: Path, digests: list[tuple[int, int]]) -> None:
    lines = lines_of(tmp_path / "spool", digests)
    assert lines.repeated() == len(digests) - len(set(digests))
    lines.close()


def test_counting_takes_no_more_memory_when_all_lines_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_lines, "_RUN", 4096)
    count = 300_000
    lines = FileLines(tmp_path / "spool")
    lines.add(np.full((count, 2), 7, np.uint64))
    tracemalloc.start()
    try:
        assert lines.repeated() == count - 1
        assert tracemalloc.get_traced_memory()[1] < 16 * count / 2
    finally:
        tracemalloc.stop()
        lines.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DIGESTS, DIGESTS, DIGESTS)
def test_the_lines_of_all_earlier_files_are_known_and_no_others(
    tmp_path: Path, one: list[tuple[int, int]], other: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    earlier = EarlierLines()
    for digests in (one, other):
        lines = lines_of(tmp_path / "spool", digests)
        earlier.merge(lines)
        lines.close()
    assert earlier.has(words(asked)).tolist() == [it in {*one, *other} for it in asked]
