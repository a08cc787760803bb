"""The HMDC archive: any file system that Airflow's object storage reaches (file, sftp, gs, s3)."""

import hashlib
import json
import os
import posixpath
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import Connection, ObjectStoragePath
from airflow.sdk.io import attach, get_fs

from edx_warehouse.domain import places
from edx_warehouse.hooks.archive_placing import placing_of

# Else it asks a second service, by another protocol, for the kind of each bucket; what it would gain is not used here.
os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")

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
    """One institution's archive.

    :param url: of any file system, with the id of an Airflow connection where it has credentials, as in
        ``sftp://hmdc@/srv/hmdc/harvardx`` and ``gs://google_cloud_default@bucket/harvardx``.
    """

    def __init__(self, url: str) -> None:
        _attach_sftp(url)
        root = ObjectStoragePath(url)
        self.fs: Any = root.fs
        self.root = root.path.rstrip("/")
        self.placing = placing_of(urlsplit(url).scheme, self.fs)

    def path(self, *parts: str) -> str:
        """Return the path of something in the archive."""
        return posixpath.join(self.root, *parts)

    def files(self, *folder: str) -> list[ArchiveFile]:
        """List the files below a folder, by name; none when there is no such folder."""
        return self.files_at(self.path(*folder))

    def files_at(self, base: str) -> list[ArchiveFile]:
        """List the files below a path, by name; none when there is no such folder."""
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

    def file(self) -> ArchiveFile:
        """Return the file that the URL itself names.

        :raises FileNotFoundError: when there is none.
        """
        self.fs.invalidate_cache()
        info = self.fs.info(self.root)
        return ArchiveFile(posixpath.basename(self.root), self.root, int(info.get("size") or 0), _token(info))

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
        self.fs.invalidate_cache()
        with self.fs.open(path, "rb") as source:
            for chunk in _chunks(source):
                digest.update(chunk)
        return digest.hexdigest()

    def exists(self, *parts: str) -> bool:
        """Tell whether there is a file or a folder."""
        self.fs.invalidate_cache()
        return bool(self.fs.exists(self.path(*parts)))

    def read(self, path: str) -> bytes:
        """Return the bytes of a small file."""
        return bytes(self.fs.cat_file(path))

    def write(self, path: str, content: Path | bytes) -> None:
        """Write a file where no reader looks yet, over whatever an earlier try left there."""
        self.placing.folder(posixpath.dirname(path))
        if isinstance(content, bytes):
            self.fs.pipe_file(path, content)
        else:
            self.fs.put_file(str(content), path)

    def add(self, local: Path, path: str, sha256: str) -> bool:
        """Add a file whole; return False when what was written reads back as something else, and is not added.

        :raises FileExistsError: when there is one of that name.
        """
        draft = self.draft()
        try:
            self.write(draft, local)
            if self.sha256(draft) != sha256:
                return False
            self.placing.place(draft, path)
        finally:
            self.discard(draft)
        return True

    def draft(self) -> str:
        """Return a path beside the weeks, under a name that no reader takes for one."""
        return self.path(places.SNAPSHOTS, f".draft-{uuid.uuid4().hex}")

    def discard(self, path: str) -> None:
        """Remove a draft, if it is there."""
        self.fs.invalidate_cache()
        if self.fs.exists(path):
            self.fs.rm(path, recursive=True)

    def _is_as_listed(self, file: ArchiveFile) -> bool:
        try:
            return _token(self.fs.info(file.path)) == file.token
        except FileNotFoundError:
            return False


def _attach_sftp(url: str) -> None:
    """Let Airflow use a connection that knows its server: on its own it asks nobody for a host key."""
    parts = urlsplit(url)
    if parts.scheme in ("sftp", "ssh"):
        conn_id = parts.username
        options = {"known_hosts": _host_keys(Connection.get(conn_id).extra_dejson if conn_id else {})}
        attach(parts.scheme, conn_id, fs=get_fs(parts.scheme, conn_id, options))


def _host_keys(extra: dict[str, Any]) -> bytes | tuple[()] | None:
    if str(extra.get("no_host_key_check", "")).lower() == "true":
        return None
    key = str(extra.get("host_key") or "")
    if not key:
        return ()  # those of ~/.ssh/known_hosts
    return f"* {key if ' ' in key else f'ssh-rsa {key}'}\n".encode()


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _token(info: dict[str, Any]) -> str:
    # "created" is a local file's ctime, which nobody can set: a restored old mtime does not hide a change.
    fields = {
        key: str(info[key])
        for key in ("size", "mtime", "created", "ino", "etag", "md5Hash", "ETag", "generation")
        if info.get(key)
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
