"""Writing files whose bytes and dates depend on the data alone."""

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from isal import igzip

LEVEL = 2  # the fastest level of isal whose bytes repeat
_BLOCK = 1 << 20


def midnight(day: date) -> int:
    """Return the first second of a UTC day, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def stamp(seconds: int) -> str:
    """Return ``YYYY-MM-DD HH:MM:SS`` in UTC, as in the database exports."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ")[:19]  # strftime takes ten times as long


def iso(seconds: int, suffix: str = "+00:00") -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS`` in UTC and a suffix."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + suffix


def date_file(path: Path, day: date) -> Path:
    """Give a file the date of the morning after its data's day, as if delivered then; return the path."""
    seconds = midnight(day + timedelta(days=1)) + 6 * 3600
    os.utime(path, (seconds, seconds))
    return path


def write(path: Path, content: bytes, day: date) -> Path:
    """Write one file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return date_file(path, day)


def write_lines(path: Path, lines: Iterable[str], day: date) -> Path:
    """Write text lines, which carry no line end of their own, as UTF-8 with LF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(f"{line}\n".encode() for line in lines)
    return date_file(path, day)


def gzipped(content: bytes) -> bytes:
    """Compress with no name and no time inside."""
    return igzip.compress(content, LEVEL, mtime=0)


class LogFile:
    """A gzip file of lines, written in blocks: memory does not grow with the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines = 0
        self.bytes = 0
        self._block: list[str] = []
        self._waiting = 0
        self._raw = path.open("wb")
        self._gzip = igzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=self._raw, mtime=0)

    def write(self, line: str) -> None:
        """Add one line, which carries no line end of its own."""
        self._block.append(line)
        self._waiting += len(line)
        if self._waiting > _BLOCK:
            self._flush()

    def write_bytes(self, raw: bytes) -> None:
        """Add bytes as they are, line end included."""
        self._flush()
        self._gzip.write(raw)
        self.lines += raw.count(b"\n")
        self.bytes += len(raw)

    def close(self, day: date) -> Path:
        """Finish the file and date it."""
        self._flush()
        self._gzip.close()
        self._raw.close()
        return date_file(self.path, day)

    def _flush(self) -> None:
        if self._block:
            self._block.append("")
            raw = "\n".join(self._block).encode()
            self._gzip.write(raw)
            self.lines += len(self._block) - 1
            self.bytes += len(raw)
            self._block, self._waiting = [], 0
