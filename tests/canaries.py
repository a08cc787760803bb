"""Canaries in what never leaves the landing prefix, and whether one is found elsewhere."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from edx_warehouse.exports.contracts import Contracts


def canaries(contracts: Contracts) -> dict[tuple[str, str], str]:
    """Return a text of its own for each column of the class never, by edX's name of the table and the column."""
    return {
        (contract.source, column.name): f"canary{contract.source}{column.name}value".replace("_", "")
        for contract in contracts.by_name.values()
        for column in contract.columns
        if column.privacy == "never"
    }


def plant(archive: Path, contracts: Contracts) -> set[str]:
    """Write the canaries into every row of the weekly exports in an archive; return those that have a place there.

    Some rows are no UTF-8 on purpose, so bytes are taken as they are.
    """
    planted: set[str] = set()
    for (source, column), canary in canaries(contracts).items():
        for path in sorted(archive.rglob(f"incoming/weekly/**/*-{source}-*.sql")):
            header, *rows = path.read_bytes().decode("latin-1").split("\n")
            names = header.split("\t")
            if column not in names:
                continue
            place = names.index(column)
            changed = [
                _with(row.split("\t"), place, canary) if row.count("\t") == len(names) - 1 else row for row in rows
            ]
            path.write_bytes("\n".join([header, *changed]).encode("latin-1"))
            planted |= {canary} if rows != changed else set()
    return planted


def _with(fields: list[str], place: int, value: str) -> str:
    return "\t".join([*fields[:place], value, *fields[place + 1 :]])


def escaped(wanted: Iterable[str], places: Iterable[tuple[str, bytes]]) -> set[tuple[str, str]]:
    """Return which texts are in which places; gzipped content is looked into."""
    return {
        (name, it) for name, content in places for text in [unzipped(content)] for it in wanted if it.encode() in text
    }


def unzipped(content: bytes) -> bytes:
    """Return the content of a gzip file, and what is none as it is."""
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        return content  # a damaged delivery


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a folder, each with its path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
