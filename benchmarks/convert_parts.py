"""Where the time of converting a large weekly file goes: CPU of each part, for each delivered byte.

Everything runs in one thread, under Python's profiler; machine code counts for the function that calls it.
"""

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import convert_week

from edx_warehouse.exports.course_week import CourseWeek, compile_ahead
from edx_warehouse.exports.delivered_files import Delivered

PARTS = {
    "compress": {("~", "<method 'compress' of 'isal_zlib.Compress' objects>"), ("~", "<method 'flush' of 'isal_zlib.Compress' objects>")},
    "decompress": {("delivered_files.py", ""), ("~", "<method 'readinto' of '_io._BufferedIOBase' objects>"), ("~", "<method 'read' of '_io.BufferedReader' objects>")},
    "SHA-256": {("~", "<method 'update' of '_hashlib.HASH' objects>")},
    "CRC-32": {("~", "<built-in method isal.isal_zlib.crc32>")},
    "rows to CSV and JSON": {("table_scanner.py", "")},
    "answers": {("problem_analysis.py", "")},
    "rows of persons": {("person_rows.py", ""), ("~", "<method 'write' of '_io.BufferedRandom' objects>"), ("~", "<method 'read' of '_io.BufferedRandom' objects>")},
    "copies between": {("table_blocks.py", ""), ("output_files.py", ""), ("course_week.py", "")},
    "files written": {("~", "<method 'write' of '_io.BufferedWriter' objects>")},
}  # fmt: skip


class _Here(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def measure(table: str, megabytes: int) -> tuple[Counter[str], int, int]:
    """Convert once; return seconds by part, delivered bytes, and bytes written before they are compressed."""
    files, size = convert_week.prepare(table, megabytes)
    compile_ahead()
    delivered = [Delivered(name, path, convert_week.COURSE, convert_week.WEEK) for name, path in sorted(files.items())]
    with tempfile.TemporaryDirectory(dir=files[table].parent) as out, cProfile.Profile(time.process_time) as profile:
        week = CourseWeek(delivered, convert_week.COURSE, convert_week.CONTRACTS, Path(out), _Here())
        converted = week.convert(convert_week.WEEK)
    seconds: Counter[str] = Counter()
    stats: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (path, _, function), (_, _, own, _, _) in stats.items():
        name = path.rsplit("/", 1)[-1]
        part = next((part for part, those in PARTS.items() if {(name, function), (name, "")} & those), "all else")
        seconds[part] += own
    return seconds, size, sum(output.bytes for output in converted.outputs.values())


def main() -> None:
    """Print a table for each file: of some rounds, the least time of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    for table in ("studentmodule", "profiles"):
        rounds = [measure(table, args.megabytes) for _ in range(args.rounds)]
        _, size, written = rounds[0]
        least = {part: min(seconds[part] for seconds, _, _ in rounds) for part in [*PARTS, "all else"]}
        sys.stdout.write(f"{size / 1e6:.0f} MB of {table}, {written / size:.2f} bytes written for each\n")
        for part, took in [*least.items(), ("together", sum(least.values()))]:
            sys.stdout.write(f"  {part:<22} {took * 1e9 / size:>6.1f} ns/B\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
