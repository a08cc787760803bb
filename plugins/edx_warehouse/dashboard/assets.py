"""Style sheet, scripts and pictures, with addresses that change when they do, so that browsers may keep them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


@dataclass(frozen=True)
class Asset:
    """One file that pages need."""

    content: bytes
    type: str

    @cached_property
    def zipped(self) -> bytes:
        """The content as most browsers ask for it."""
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def version(self) -> str:
        """Changes with the content."""
        return hashlib.sha256(self.content).hexdigest()[:12]


def read_assets(folder: Path) -> dict[str, Asset]:
    """Read all files of a folder that pages may ask for, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _TYPES
    }
