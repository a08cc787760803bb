"""How many bad lines hold a day."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.tracking_log import split

DAY = date(2014, 11, 10)
PROD, EDGE, MITX = (f"{it}-events-{DAY}.log.gz" for it in ("harvardx-prod", "harvardx-edge", "mitx-prod"))
Counts = dict[str, tuple[int, int]]


def event(name: str, n: int, course: str = "A/B/C") -> bytes:
    return json.dumps(
        {"time": "2014-11-10T12:00:00Z", "name": f"{name} {n}", "context": {"course_id": course}}
    ).encode()


def delivered(folder: Path, counts: Counts, *more: bytes) -> list[Path]:
    """Write files, by name, of so many good and bad lines."""
    for name, (good, bad) in counts.items():
        lines = [*(event(name, n) for n in range(good)), *(b"%s junk %d" % (name.encode(), n) for n in range(bad))]
        (folder / name).write_bytes(gzip.compress(b"".join(it + b"\n" for it in (*lines, *more))))
    return [folder / name for name in counts]


@pytest.mark.parametrize(
    ("counts", "file"),
    [
        ({PROD: (900, 101)}, PROD),  # more than a hundred, and than 1 %
        ({PROD: (5, 11)}, PROD),  # a small day: most of it
        ({PROD: (0, 11)}, PROD),
        ({PROD: (40_000, 0), EDGE: (0, 80)}, EDGE),  # a bad file beside a large good one
        ({PROD: (40_000, 0), EDGE: (500, 101)}, EDGE),
        ({PROD: (1000, 40), EDGE: (1000, 40), MITX: (1000, 40)}, f"{EDGE}, {PROD}, {MITX}"),  # no file alone
    ],
)
def test_a_day_with_too_many_bad_lines_is_held_and_the_file_named(tmp_path: Path, counts: Counts, file: str) -> None:
    with pytest.raises(Held) as held:
        split(delivered(tmp_path, counts), [CourseKey("A", "B", "C")], tmp_path / "out", day=DAY)
    assert (held.value.problem.code, held.value.problem.file) == ("E-SPL-110", file)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "counts",
    [
        {PROD: (100, 100)},  # no more than a hundred, no more than half
        {PROD: (0, 10)},  # a handful
        {PROD: (10_100, 101)},  # no more than 1 %
        {PROD: (40_000, 0), EDGE: (0, 10)},
    ],
)
def test_a_few_bad_lines_hold_nothing(tmp_path: Path, counts: Counts) -> None:
    manifest = split(delivered(tmp_path, counts), [CourseKey("A", "B", "C")], tmp_path / "out", day=DAY)
    assert manifest.bad == sum(bad for _, bad in counts.values())


def test_blank_lines_do_not_hide_bad_ones(tmp_path: Path) -> None:
    with pytest.raises(Held, match="E-SPL-110"):
        split(
            delivered(tmp_path, {PROD: (0, 11)}, *[b" "] * 1000), [CourseKey("A", "B", "C")], tmp_path / "out", day=DAY
        )


def test_lines_of_other_courses_are_not_bad(tmp_path: Path) -> None:
    others = [event("other", n, "X/Y/Z") for n in range(500)]
    manifest = split(
        delivered(tmp_path, {PROD: (1, 0)}, *others), [CourseKey("A", "B", "C")], tmp_path / "out", day=DAY
    )
    assert (manifest.bad, manifest.aside) == (0, 500)


def test_an_institution_may_go_along_with_all_bad_lines(tmp_path: Path) -> None:
    limits = Limits(quarantine_share=1.0)
    manifest = split(
        delivered(tmp_path, {PROD: (0, 500)}), [CourseKey("A", "B", "C")], tmp_path / "out", day=DAY, limits=limits
    )
    assert manifest.bad == 500
