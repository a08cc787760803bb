"""Opening what was delivered, gzipped or not, and saying it well when it is damaged."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

from isal import igzip, isal_zlib

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.domain.limits import Limits

_GZIP = b"\x1f\x8b"
_BUFFER = 1 << 20
# Not every OSError: what reads may also write, and a full disk is no fault of the delivered file.
_DAMAGE: tuple[type[Exception], ...] = (
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),
)


class _ExpandsTooFar(Exception):
    """More comes out of a file than any export has."""


class _Bounded(io.RawIOBase):
    """What is decompressed, up to a number of bytes."""

    def __init__(self, source: igzip.IGzipFile, most: int) -> None:
        self._source = source
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = int(self._source.readinto(buffer))
        self._left -= count
        if self._left < 0:
            raise _ExpandsTooFar
        return count


@dataclass(frozen=True)
class Delivered:
    """One delivered file of a course and week.

    :param name: canonical table name.
    """

    name: str
    path: Path
    course: CourseKey
    week: date

    def held(
        self,
        code: str,
        *,
        expected: str,
        found: str,
        next: str,  # noqa: A002 - the problem's own word
        line: int | None = None,
        offset: int | None = None,
        field: str | None = None,
    ) -> Held:
        """Return the error that holds this course's week because of this file."""
        return Held(
            Problem(
                code=code,
                unit=f"{self.course} week {self.week}",
                file=self.path.name,
                line=line,
                offset=offset,
                field=field,
                expected=expected,
                found=found,
                done="the week is held, what was good before stays served",
                next=next,
            )
        )

    def sha256(self) -> str:
        """Return the digest of the file as it was delivered."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Read the content, decompressed when the file is gzip, whatever its name says.

        :raises Held: ``E-EXP-104`` when the file is cut or damaged, or expands further than any export does.
        """
        limits = Limits()
        most = max(limits.expansion_free_bytes, limits.expansion_ratio * self.path.stat().st_size)
        try:
            with self.path.open("rb") as raw:
                zipped = raw.read(2) == _GZIP
                raw.seek(0)
                if zipped:
                    with io.BufferedReader(_Bounded(igzip.IGzipFile(fileobj=raw), most), _BUFFER) as stream:
                        yield stream
                else:
                    yield raw
        except _DAMAGE as error:
            raise self.held(
                "E-EXP-104",
                expected="a whole, readable file",
                found=f"{type(error).__name__} while reading",
                next="ask edX to deliver the file again",
            ) from error
        except _ExpandsTooFar as error:
            raise self.held(
                "E-EXP-104",
                expected=f"at most {most} bytes when decompressed",
                found="more",
                next="look at the file before anything else is done with it",
            ) from error
