"""How a finished file or folder appears in an archive: whole, and never over another. It depends on the file system."""

import errno
import os
import posixpath
from pathlib import Path
from typing import Any, Protocol

import asyncssh
from fsspec.asyn import sync

asyncssh.set_log_level("WARNING")  # below that it tells of each channel that opens and closes


class Placing(Protocol):
    """What differs between file systems.

    :param renames: whether a folder can be renamed in one step; where it cannot, what is written last vouches for it.
    """

    renames: bool

    def folder(self, path: str) -> None:
        """Make a folder and those above it, unless it is there."""

    def place(self, draft: str, target: str) -> None:
        """Give a finished file or folder its name.

        :raises FileExistsError: when the name is taken; nothing is changed then.
        """

    def share(self, source: str, target: str) -> bool:
        """Put a file of the archive at a second place without moving its bytes through here; False when that cannot be."""


def placing_of(scheme: str, fs: Any) -> Placing:
    """Return how it is done on a file system, by the scheme of its URL."""
    if scheme in ("file", "local"):
        return _Local()
    return _Sftp(fs) if scheme in ("sftp", "ssh") else _Objects(fs)


class _Local:
    renames = True

    def folder(self, path: str) -> None:
        Path(path).mkdir(parents=True, exist_ok=True)

    def place(self, draft: str, target: str) -> None:
        source, parent = Path(draft), Path(target).parent
        parent.mkdir(parents=True, exist_ok=True)
        for path in [*source.rglob("*"), source]:
            _sync(path)
        if source.is_dir():
            try:
                source.rename(target)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise FileExistsError(target) from None
                raise
        else:
            Path(target).hardlink_to(source)  # which, unlike a rename, is refused when the name is taken
            source.unlink()
        _sync(parent)

    def share(self, source: str, target: str) -> bool:
        try:
            Path(target).hardlink_to(source)
        except FileExistsError:
            raise
        except OSError:
            return False
        return True


class _Sftp:
    renames = True

    def __init__(self, fs: Any) -> None:
        self.fs = fs

    def folder(self, path: str) -> None:
        self.fs.makedirs(path, exist_ok=True)

    def place(self, draft: str, target: str) -> None:
        self.folder(posixpath.dirname(target))
        # SFTP's own rename is refused when the name is taken; the file system's mv would be OpenSSH's other one.
        if not self._ask("rename", draft, target):
            if self.fs.exists(target):
                raise FileExistsError(target)
            raise OSError(f"the archive's server did not rename {draft} to {target}")

    def share(self, source: str, target: str) -> bool:
        return self._ask("link", source, target)

    def _ask(self, verb: str, *paths: str) -> bool:
        async def ask() -> bool:
            async with self.fs.client.start_sftp_client() as client:
                try:
                    await getattr(client, verb)(*paths)
                except asyncssh.SFTPError:
                    return False
                return True

        return bool(sync(self.fs.loop, ask))


class _Objects:
    """Stores such as gs:// and s3://: an object appears whole, and folders are no more than names."""

    renames = False

    def __init__(self, fs: Any) -> None:
        self.fs = fs

    def folder(self, path: str) -> None:
        pass

    def place(self, draft: str, target: str) -> None:
        if self.fs.exists(target):
            raise FileExistsError(target)
        self.fs.cp_file(draft, target)  # and whoever made the draft removes it

    def share(self, source: str, target: str) -> bool:
        self.fs.cp_file(source, target)
        return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
