"""The HMDC archive: any file system that Airflow's object storage reaches (file, sftp, gs, s3)."""

import hashlib
import json
import posixpath
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import ObjectStoragePath

_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True)
class ArchiveFile:
    """A file of the archive.

    :param name: path below the folder that was listed.
    :param token: changes whenever the file may have changed: size, times and inode or etag, never its content.
    """

    name: str
    path: str
    size: int
    token: str


class Archive:
    """One institution's archive."""

    def __init__(self, url: str) -> None:
        root = ObjectStoragePath(url)
        self.fs: Any = root.fs
        self.root = root.path.rstrip("/")

    def path(self, *parts: str) -> str:
        """Return the path of something in the archive."""
        return posixpath.join(self.root, *parts)

    def files(self, *folder: str) -> list[ArchiveFile]:
        """List the files below a folder, by name; none when there is no such folder."""
        base = self.path(*folder)
        if not self.fs.exists(base):
            return []
        self.fs.invalidate_cache()
        found = self.fs.find(base, detail=True)
        return sorted(
            (
                ArchiveFile(posixpath.relpath(path, base), path, int(info.get("size") or 0), _token(info))
                for path, info in found.items()
            ),
            key=lambda file: file.name,
        )

    def folders(self, *folder: str) -> list[str]:
        """List the names of the folders directly in a folder."""
        base = self.path(*folder)
        if not self.fs.exists(base):
            return []
        self.fs.invalidate_cache()
        entries = self.fs.ls(base, detail=True)
        return sorted(posixpath.basename(it["name"].rstrip("/")) for it in entries if it["type"] == "directory")

    def unsettled(self, files: Iterable[ArchiveFile], pause: float) -> set[str]:
        """Look at files again after a pause; return the paths of those that changed or went: they are being written.

        :param pause: in seconds; there is none when there are no files.
        """
        files = list(files)
        if files:
            time.sleep(pause)
            self.fs.invalidate_cache()
        return {file.path for file in files if not self._is_as_listed(file)}

    def fetch(self, file: ArchiveFile, target: Path) -> str | None:
        """Copy a file out of the archive; return its SHA-256, or None when it changed while it was read."""
        digest = hashlib.sha256()
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.fs.open(file.path, "rb") as source, target.open("wb") as sink:
            for chunk in _chunks(source):
                digest.update(chunk)
                sink.write(chunk)
        self.fs.invalidate_cache()
        if not self._is_as_listed(file) or target.stat().st_size != file.size:
            return None
        return digest.hexdigest()

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file, read back from the archive."""
        digest = hashlib.sha256()
        with self.fs.open(path, "rb") as source:
            for chunk in _chunks(source):
                digest.update(chunk)
        return digest.hexdigest()

    def _is_as_listed(self, file: ArchiveFile) -> bool:
        try:
            return _token(self.fs.info(file.path)) == file.token
        except FileNotFoundError:
            return False


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _token(info: dict[str, Any]) -> str:
    # "created" is a local file's ctime, which nobody can set: a restored old mtime does not hide a change.
    fields = {
        key: str(info[key]) for key in ("size", "mtime", "created", "ino", "etag", "md5Hash", "ETag") if info.get(key)
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
