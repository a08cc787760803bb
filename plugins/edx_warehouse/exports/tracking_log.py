"""Splitting a day's tracking logs by course: every line accounted for, all of it published or nothing."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.day_manifest import DayManifest
from edx_warehouse.exports.publishing import scratch_beside

_LIMITS = Limits()


def split(
    sources: Sequence[Path],
    courses: Collection[CourseKey],
    out: Path,
    *,
    day: date,
    limits: Limits = _LIMITS,
    workers: int | None = None,
) -> DayManifest:
    """Split all files of one institution and one delivered day by course.

    Writes into ``out``, which mirrors the bucket: a part and a manifest for each course given, quarantine files, and
    the day manifest last. The same input gives the same bytes. Nothing is visible in ``out`` before every source was
    read to its clean end.

    :param workers: threads; as many as there are processors, at most four, when left out.
    :raises Held: E-SPL-101 broken gzip, E-SPL-102 empty file, E-SPL-103 expands too far, E-SPL-110 too many bad lines.
    :raises Terminal: E-SPL-104 for two sources of one name, E-SPL-109 when a sum does not hold (a defect of ours).
    :raises Transient: E-SPL-105 when a source changed, E-SPL-106 when another process splits the same day.
    """
    # Here, as machine code comes with it: a Dag file that names an operator is read without.
    from edx_warehouse.exports.course_parts import CourseParts
    from edx_warehouse.exports.split_day import SplitDay

    ordered = sorted(sources, key=lambda path: path.name)
    _refuse_twins(ordered, day)
    workers = workers or min(4, os.process_cpu_count() or 1)
    with (
        scratch_beside(out, f"split-{day}") as scratch,
        _executor(workers) as executor,
        CourseParts(scratch / "spool", executor) as parts,
    ):
        return SplitDay(courses, day, limits, scratch, parts, workers, executor).split(ordered, out)


def _refuse_twins(sources: Sequence[Path], day: date) -> None:
    names = Counter(path.name for path in sources)
    for name, times in names.items():
        if times > 1:
            raise Terminal(
                Problem(
                    code="E-SPL-104",
                    unit=str(day),
                    file=name,
                    expected="each base name once",
                    found=f"{times} files of one",
                    done="nothing of this day was published",
                    next="rename one of them",
                )
            )


class _Here(Executor):
    """Does the work at once, in the thread that asks for it."""

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _executor(workers: int) -> Executor:
    return ThreadPoolExecutor(workers) if workers > 1 else _Here()
