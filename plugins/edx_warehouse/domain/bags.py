"""BagIt bags (RFC 8493) of course weeks: their names, their tag files, and what can be wrong with one."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey

DECLARATION = "bagit.txt"
INFO = "bag-info.txt"
PAYLOAD = "manifest-sha256.txt"
TAGS = "tagmanifest-sha256.txt"
#: What the bucket knew of the week, beside the payload: enough to put the week back.
WEEK = "warehouse/MANIFEST.json"
CONVERTED = "warehouse/converted.json"
SURVEYS = "warehouse/surveys.json"

_DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_FOLDER = re.compile(r"(?P<slug>[A-Za-z0-9_]+?)(?:\.v(?P<version>[1-9][0-9]*))?")
_LINE = re.compile(r"(?P<sha256>[0-9A-Fa-f]{64})[ \t]+\*?(?P<name>[^\r\n]+)")
_PAYLOAD_NAME = re.compile(r"data/(?:raw|transformed|secondary)/[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, order=True)
class BagName:
    """One version of one course week's snapshot.

    :param slug: of the course.
    :param version: from 1.
    """

    week: date
    slug: str
    version: int = 1

    @classmethod
    def parse(cls, week: date, folder: str) -> "BagName | None":
        """Read the name of a folder in a week's folder; None when it is no bag's."""
        match = _FOLDER.fullmatch(folder)
        return cls(week, match["slug"], int(match["version"] or 1)) if match else None

    @property
    def folder(self) -> str:
        """The bag's path in the archive."""
        return places.snapshot_folder(self.week, self.slug, self.version)


@dataclass(frozen=True)
class Entry:
    """A file of the payload.

    :param name: path below ``data/``.
    :param size: in bytes.
    """

    name: str
    size: int
    sha256: str


class Kind(StrEnum):
    """What can be wrong with a file of a bag."""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    RENAMED = "renamed"
    UNREADABLE = "unreadable"
    UNSAFE = "unsafe"


@dataclass(frozen=True)
class Fault:
    """One fault of a bag.

    :param file: path in the bag.
    """

    kind: Kind
    file: str
    expected: str
    found: str


def tag_files(
    organization: str,
    course: CourseKey,
    name: BagName,
    reason: str,
    entries: Sequence[Entry],
    more: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return a bag's tag files by path, the declaration first.

    :param reason: why there is this version, in one line.
    :param more: further tag files.
    """
    info = {
        "Source-Organization": organization,
        "External-Identifier": f"{course} {name.week}",
        "Bagging-Date": str(name.week),  # of what is in it: the same week makes the same bag, whenever it is written
        "Payload-Oxum": f"{sum(it.size for it in entries)}.{len(entries)}",
        "Bag-Version": str(name.version),
        "Bag-Version-Reason": " ".join(reason.split()),
    }
    tags = {
        DECLARATION: _DECLARED,
        INFO: "".join(f"{label}: {value}\n" for label, value in info.items()).encode(),
        PAYLOAD: "".join(f"{it.sha256}  data/{it.name}\n" for it in sorted(entries, key=lambda it: it.name)).encode(),
        **more,
    }
    listed = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in tags.items())
    return {**tags, TAGS: "".join(listed).encode()}


def parse_manifest(content: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file of a manifest, by path in the bag.

    :raises ValueError: when a line is none of a manifest.
    """
    found = {}
    for line in content.decode().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError("a line is not a digest and a path")
        found[match["name"]] = match["sha256"].lower()
    return found


def unsafe(names: Iterable[str]) -> list[Fault]:
    """Return the payload paths that may lead out of a week's folders."""
    return [
        Fault(Kind.UNSAFE, PAYLOAD, "paths such as data/raw/name", f"{len(name)} characters that are none")
        for name in names
        if not _PAYLOAD_NAME.fullmatch(name)
    ]


def differences(listed: Mapping[str, str], found: Mapping[str, str]) -> list[Fault]:
    """Return how files differ from what a manifest lists, by path; both are SHA-256 by path in the bag."""
    missing = {name: digest for name, digest in listed.items() if name not in found}
    extra = {name: digest for name, digest in found.items() if name not in listed}
    faults = []
    for name, digest in sorted(missing.items()):
        twin = next((it for it in sorted(extra) if extra[it] == digest), None)
        if twin is None:
            faults.append(Fault(Kind.MISSING, name, "the file", "none"))
        else:
            del extra[twin]
            faults.append(Fault(Kind.RENAMED, name, "the file", f"its content as {twin}"))
    faults += [Fault(Kind.EXTRA, name, "no such file", "one that no manifest lists") for name in sorted(extra)]
    faults += [
        Fault(Kind.CHANGED, name, f"SHA-256 {digest[:12]}…", f"SHA-256 {found[name][:12]}…")
        for name, digest in sorted(listed.items())
        if name in found and found[name] != digest
    ]
    return sorted(faults, key=lambda it: (it.file, it.kind))


def reason_of(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what changed from one payload to the next, both SHA-256 by name, in one line."""
    kinds = {
        "changed": [name for name in now if name in before and before[name] != now[name]],
        "new": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
    }
    told = [f"{kind}: {', '.join(sorted(names))}" for kind, names in kinds.items() if names]
    return "; ".join(told) or "the same content again"
