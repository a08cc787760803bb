"""Reference tables that are part of this package: a CSV file each, in ``include/reference/``."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.tables.declarations import Field

_READ: dict[str, Callable[[str], Any]] = {"STRING": str, "DATE": str, "INTEGER": int, "FLOAT": float}


def seed_rows(path: Path, fields: Sequence[Field]) -> Iterator[bytes]:
    """Yield the rows of a seed as JSON lines, each with its line end; a blank value is NULL and left out.

    :raises Terminal: ``E-CFG-102`` when the columns are not those of the schema, or a value is not of its type.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        names = [field.name for field in fields]
        if rows.fieldnames != names:
            raise _refuse(path, 1, ", ".join(names), "other columns")
        for row in rows:
            values: dict[str, Any] = {}
            for field in fields:
                text = row[field.name]
                if text is None or (field.mode == "REQUIRED" and not text) or None in row:
                    raise _refuse(
                        path, rows.line_num, f"a value of {field.name}, and no more than it has columns", "none"
                    )
                try:
                    values |= {field.name: _READ[field.type](text)} if text else {}
                except (KeyError, ValueError) as error:
                    raise _refuse(path, rows.line_num, f"{field.name} of type {field.type}", "another") from error
            yield json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _refuse(path: Path, line: int, expected: str, found: str) -> Terminal:
    return Terminal(
        Problem(
            code="E-CFG-102",
            unit=f"reference.{path.stem}",
            file=str(path),
            line=line,
            expected=expected,
            found=found,
            done="the table is as it was before",
            next="make the CSV file and the schema file agree",
        )
    )
