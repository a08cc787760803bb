"""Fingerprints of content: of a table's rows, whatever the order of rows and columns and the bytes they travel in."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

_SIZE = 32


def fingerprint(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the fingerprint of rows, each a mapping of columns to values that have a text.

    Equal rows count each time: two copies of a row are not one, nor none.
    """
    total, count = 0, 0
    for row in rows:
        parts = sorted((name, "" if value is None else str(value)) for name, value in row.items())
        total += int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest())
        count += 1
    return f"{count}-{total % 2 ** (8 * _SIZE):0{2 * _SIZE}x}"


def fingerprint_of_csv(lines: Iterable[str]) -> str:
    """Return the fingerprint of a CSV file with a header; a file without rows has one too."""
    reader = csv.DictReader(lines, strict=True)
    found = fingerprint(reader)
    columns = json.dumps(sorted(reader.fieldnames or ()))
    return f"{found}-{hashlib.sha256(columns.encode()).hexdigest()[:16]}"
