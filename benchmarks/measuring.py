"""Measuring contenders: each in a process of its own, bound to its cores, in rounds that go through all of them in turn."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from isal import igzip, isal_zlib

PIECE = 256 * 1024

type Result = dict[str, float]


def pieces(path: Path) -> Iterator[bytes]:
    """Yield what a gzip file expands to, in pieces that stay in the processor's cache: large ones took half as long again."""
    with igzip.open(path, "rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def copy(path: Path, out: Path) -> None:
    """Decompress a file and compress it again with the fastest codec: the yardstick."""
    stream = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    with (out / "copy.gz").open("wb") as file:
        for piece in pieces(path):
            file.write(stream.compress(piece))
        file.write(stream.flush())


def measure(cores: int, work: Callable[[Path], None], folder: Path) -> Result:
    """Run some work once in this process; return its seconds of wall time and CPU, and its peak of memory in bytes.

    :param work: gets a directory in ``folder`` to write to.
    """
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    with tempfile.TemporaryDirectory(dir=folder) as out:
        begin, cpu = time.perf_counter(), time.process_time()
        work(Path(out))
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall": wall,
        "cpu": cpu + children.ru_utime + children.ru_stime,
        "memory": 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + children.ru_maxrss),
    }


def in_a_process(script: str, *arguments: object) -> Result:
    """Let a script measure in a new process, which prints its result as JSON."""
    done = subprocess.run([sys.executable, script, *map(str, arguments)], check=True, capture_output=True, text=True)
    result: Result = json.loads(done.stdout)
    return result


def in_rounds(rounds: Mapping[str, int], run: Callable[[str], Result]) -> dict[str, list[Result]]:
    """Run each contender as often as is said; what disturbs the machine disturbs all of them."""
    results: dict[str, list[Result]] = {name: [] for name in rounds}
    for turn in range(max(rounds.values())):
        for name, times in rounds.items():
            if turn < times:
                results[name].append(run(name))
    return results
