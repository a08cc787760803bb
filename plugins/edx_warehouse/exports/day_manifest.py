"""The manifests of a split day: what came in, what became of it, and where it is."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

import msgspec

from edx_warehouse.domain.courses import CourseKey

SPLITTER = "2"  # raised whenever the same input would give other bytes


def courses_digest(courses: Collection[CourseKey]) -> str:
    """Return a digest of the courses among which lines are shared out."""
    return hashlib.sha256("".join(f"{key}\n" for key in sorted(courses)).encode()).hexdigest()


def fingerprint(courses: Collection[CourseKey], contents: Iterable[str]) -> str:
    """Return what names a split: equal fingerprints mean that nothing is to be done.

    :param contents: SHA-256 of the expanded sources, in the order of their base names.
    """
    return _fingerprint(SPLITTER, courses_digest(courses), contents)


def _fingerprint(splitter: str, courses: str, contents: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([splitter, courses, *contents]).encode()).hexdigest()


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


@dataclass(frozen=True)
class SourceCount:
    """A delivered file: ``lines == rows + quarantined + duplicates + blank``.

    :param sha256: of the file as delivered, ``bytes`` long.
    :param repeated: lines equal to an earlier one of the same file; they are kept, so they are in ``rows`` too.
    """

    name: str
    sha256: str
    bytes: int
    content_sha256: str
    content_bytes: int
    lines: int
    rows: int
    quarantined: int
    duplicates: int
    blank: int
    repeated: int
    bom: bool


@dataclass(frozen=True)
class Totals:
    """Sums over the day's files: ``lines == rows + quarantined + duplicates + blank``."""

    lines: int
    rows: int
    quarantined: int
    duplicates: int
    blank: int
    repeated: int


@dataclass(frozen=True)
class CourseCount:
    """A course's part of the day."""

    course_id: str
    rows: int
    event_dates: dict[str, int]
    content_sha256: str
    content_bytes: int
    sha256: str
    bytes: int


@dataclass(frozen=True)
class QuarantineCount:
    """A quarantine file."""

    name: str
    entries: int
    sha256: str
    bytes: int


@dataclass(frozen=True)
class DayManifest:
    """A split day of an institution.

    :param quarantined: lines by reason; ``bad`` and ``aside`` are its two sums.
    """

    day: date
    splitter: str
    courses_digest: str
    sources: tuple[SourceCount, ...]
    totals: Totals
    quarantined: dict[str, int]
    bad: int
    aside: int
    quarantine: tuple[QuarantineCount, ...]
    courses: tuple[CourseCount, ...]

    @property
    def fingerprint(self) -> str:
        """What names this split; see :func:`fingerprint`."""
        return _fingerprint(self.splitter, self.courses_digest, [source.content_sha256 for source in self.sources])

    def to_json(self) -> str:
        """Return the manifest as text; the same manifest gives the same text."""
        return _json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a manifest.

        :raises ValueError: when it is none.
        """
        return msgspec.json.decode(text, type=cls)

    def imbalances(self) -> list[str]:
        """Return which sums do not hold; empty when every line is accounted for."""
        counts: list[tuple[str, Totals | SourceCount]] = [("totals", self.totals)]
        counts += [(source.name, source) for source in self.sources]
        wrong = [
            f"{name}: {count.lines} lines"
            for name, count in counts
            if count.lines != count.rows + count.quarantined + count.duplicates + count.blank
        ]
        for name, expected, parts in (
            ("rows", self.totals.rows, [course.rows for course in self.courses]),
            ("event dates", self.totals.rows, [n for course in self.courses for n in course.event_dates.values()]),
            ("reasons", self.totals.quarantined, list(self.quarantined.values())),
            ("classes", self.totals.quarantined, [self.bad, self.aside]),
            ("entries", self.totals.quarantined, [file.entries for file in self.quarantine]),
        ):
            if sum(parts) != expected:
                wrong.append(f"{name}: {sum(parts)} of {expected}")
        return wrong


@dataclass(frozen=True)
class CourseSource:
    """What a course took from a delivered file."""

    name: str
    content_sha256: str
    rows: int


@dataclass(frozen=True)
class PartName:
    """The object of a course's part."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class CourseManifest:
    """A course's part of one delivered day; ``day_manifest`` is where the day's totals are."""

    course_id: str
    day: date
    splitter: str
    sources: tuple[CourseSource, ...]
    rows: int
    event_dates: dict[str, int]
    content_sha256: str
    content_bytes: int
    part: PartName
    day_manifest: str

    def to_json(self) -> str:
        """Return the manifest as text; the same manifest gives the same text."""
        return _json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a manifest.

        :raises ValueError: when it is none.
        """
        return msgspec.json.decode(text, type=cls)
