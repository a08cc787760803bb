"""Publishing a set of files into a tree: made beside it, durable, then renamed one by one in a given order."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from edx_warehouse.domain.errors import Problem, Transient

_SYNCS = 8  # at a time


@contextmanager
def scratch_beside(out: Path, name: str) -> Iterator[Path]:
    """Give an empty directory beside ``out`` to one process at a time; what an earlier one left there is removed.

    :raises Transient: E-SPL-106 when another process is at work on the same.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.parent / f".{out.name}.{name}"
    lock = os.open(out.parent / f".{out.name}.{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Transient(
                Problem(
                    code="E-SPL-106",
                    unit=name,
                    expected="one process",
                    found="another at work on the same",
                    done="nothing was done",
                    next="wait for the other",
                )
            ) from error
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        yield path
    finally:
        # The lock file stays: removing it would let two processes lock two files of one name.
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def staged(scratch: Path, name: str) -> Path:
    """Return where a file waits that will be ``name`` in the tree: in one folder, as thousands would take seconds."""
    return scratch / name.replace("/", "%")


def publish(scratch: Path, out: Path, names: Sequence[str]) -> None:
    """Rename staged files into ``out`` in the order of ``names``; the last says that the others are whole.

    A last file that is there and differs is removed first: it would speak of files that are being replaced.
    """
    _sync([staged(scratch, name) for name in names])
    *first, last = names
    if (out / last).exists() and (out / last).read_bytes() != staged(scratch, last).read_bytes():
        (out / last).unlink()
        _sync([(out / last).parent])
    for folder in sorted({(out / name).parent for name in names}):
        folder.mkdir(parents=True, exist_ok=True)
    for some in (first, [last]):
        for name in some:
            staged(scratch, name).replace(out / name)
        _sync(sorted({out / folder for name in some for folder in Path(name).parents}))


def _sync(paths: Sequence[Path]) -> None:
    """Wait until files or folders are on the disk; several at a time, which disks take in one go."""
    with ThreadPoolExecutor(_SYNCS) as threads:
        for _ in threads.map(_sync_one, paths):
            pass


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
