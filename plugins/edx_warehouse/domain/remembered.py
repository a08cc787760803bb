"""Remembering what was read from files until one of them changes.

A task's process is forked from one that has read the declarations: it compares dates of files instead of reading all.
"""

import os
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path

type Files = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of the last change (nanoseconds) of each file, by path."""

_KEPT = 4  # places of which one reader remembers the last reading
_UNSETTLED_NS = (
    50_000_000  # a file that was written a moment ago may be written again within the same tick of its clock
)


def remembered[T](*folders: str) -> Callable[[Callable[[Path], T]], Callable[[Path], T]]:
    """Let a function that reads files below a path return what it returned before, if no file is another since.

    What is remembered is shared by all who ask, so it must not be changed by them. Errors are not remembered.

    :param folders: folders below the path whose files, and those of their folders, are read; none when the path is itself
        the one file.
    """

    def decorate(read: Callable[[Path], T]) -> Callable[[Path], T]:
        kept: dict[Path, tuple[Files, T]] = {}

        @wraps(read)
        def reading(path: Path) -> T:
            before = files_of(path, folders)
            found = kept.pop(path, None)
            if found is None or found[0] != before:
                found = before, read(path)
            if time.time_ns() - max((changed for *_, changed in before), default=0) > _UNSETTLED_NS:
                kept[path] = found  # at the end: whoever was not asked for longest is forgotten first
                while len(kept) > _KEPT:
                    kept.pop(next(iter(kept)), None)
            return found[1]

        return reading

    return decorate


def files_of(path: Path, folders: tuple[str, ...]) -> Files:
    """Return how the files look now; those that are not there are left out."""
    found: list[tuple[str, int, int, int]] = []
    for start in [path / folder for folder in folders] or [path]:
        _look(str(start), found)
    return tuple(sorted(found))


def _look(path: str, found: list[tuple[str, int, int, int]]) -> None:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir():
                    _look(entry.path, found)
                else:
                    found.append(_file(entry.path, entry.stat()))
    except NotADirectoryError:
        found.append(_file(path, os.stat(path)))  # noqa: PTH116
    except FileNotFoundError:
        pass


def _file(path: str, stat: os.stat_result) -> tuple[str, int, int, int]:
    return path, stat.st_ino, stat.st_size, stat.st_mtime_ns
