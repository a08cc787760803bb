"""The package ``{org}-{YYYY-MM-DD}.zip`` that a weekly export may come in.

A zip comes from outside: everything that its directory says is judged before anything is unpacked, and what is unpacked
is one member at a time, in blocks, into files whose names we choose.
"""

import hashlib
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from edx_warehouse.domain.limits import Limits

MEMBER_LIMIT = 500_000
_NAME = re.compile(r"(?P<org>[A-Za-z0-9_.]+)-(?P<week>\d{4}-\d\d-\d\d)\.zip")
_MEMBER = re.compile(r"[\w .()+@,=~-]+(?:/[\w .()+@,=~-]+)*", re.ASCII)
_NAME_LIMIT = 700  # bytes; an object's name may have 1,024 with its prefix
_ENCRYPTED = 0x1
_BLOCK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError)


class RefusedPackage(Exception):
    """A package that is damaged or tries to do harm; nothing of it may be used."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


@dataclass(frozen=True)
class Member:
    """An unpacked file.

    :param name: its path in the export, as a loose file would have it.
    :param path: where its content is; only until the next member is asked for.
    """

    name: str
    path: Path
    sha256: str
    size: int


def package_week(name: str) -> date | None:
    """Return the date in a package's base name, or None when the name is not a package's."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match["week"])
    except ValueError:
        return None


def unpack(package: Path, name: str, folder: Path, limits: Limits) -> Iterator[Member]:
    """Unpack one member after the other; a folder named like the package, around everything, is left out.

    :param name: base name of the package as it was delivered.
    :param folder: where a member's content is put; empty again afterwards.
    :raises RefusedPackage: before anything is unpacked when a member's name leads elsewhere or comes twice, or it is
        encrypted, no file, or expands too far; while unpacking when the content is damaged.
    """
    target = folder / "member"
    with _reading(), zipfile.ZipFile(package) as archive:
        members = _judged(archive, package.stat().st_size, limits)
        around = PurePosixPath(name).stem.lower()
        inside = all(info.filename.lower().startswith(f"{around}/") for info in members)
        for info in members:
            yield _unpacked(archive, info, info.filename[len(around) + 1 :] if inside else info.filename, target)
    target.unlink(missing_ok=True)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, target: Path) -> Member:
    digest = hashlib.sha256()
    with archive.open(info) as source, target.open("wb") as sink:
        while block := source.read(_BLOCK):
            digest.update(block)
            sink.write(block)
    return Member(name, target, digest.hexdigest(), target.stat().st_size)


def _judged(archive: zipfile.ZipFile, size: int, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return the files of a package in the order of their names, if all of its directory can be trusted."""
    infos = archive.infolist()
    if len(infos) > MEMBER_LIMIT:
        raise RefusedPackage(f"at most {MEMBER_LIMIT} members", str(len(infos)))
    names = Counter(info.filename.rstrip("/") for info in infos)
    if twice := sum(count > 1 for count in names.values()):
        raise RefusedPackage("each member once", f"{twice} names more than once")
    for place, info in enumerate(infos, start=1):
        if fault := _fault(info):
            raise RefusedPackage("files with plain names inside the package", f"member {place}: {fault}")
    # What is read of a member is never more than its directory entry says.
    total = sum(info.file_size for info in infos)
    far = total > limits.expansion_free_bytes and total > limits.expansion_ratio * size
    if far or any(info.file_size > limits.content_bytes for info in infos):
        raise RefusedPackage("members of a reasonable size", f"{total} bytes in a package of {size}")
    return sorted((info for info in infos if not info.is_dir()), key=lambda info: info.filename)


def _fault(info: zipfile.ZipInfo) -> str | None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    # Python cuts a name at a NUL and turns a system's own separators round: the name as written is what is judged.
    path = PurePosixPath(info.orig_filename)
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if kind and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "a link or a device"
    if path.is_absolute() or {"..", "."} & set(info.orig_filename.split("/")) or "\\" in info.orig_filename:
        return "a path that leads elsewhere"
    plain = info.orig_filename.removesuffix("/") if info.is_dir() else info.orig_filename
    if not _MEMBER.fullmatch(plain) or len(plain) > _NAME_LIMIT or any(part.endswith(" ") for part in path.parts):
        return "a name with odd characters"
    return None


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise RefusedPackage("a whole, readable package", f"{type(error).__name__} while reading") from error
