"""The files of a window of a course in the bucket, and the manifest that says what it was made from."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.secondary_files import export_table
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.windows import WindowInputs

_FOLDERS = ("raw/", "transformed/", "secondary/")


def manifest_of(tables: CourseTables) -> dict[str, Any] | None:
    """Return the manifest of a window; None while it was never finished."""
    content = tables.bucket.read(_folder(tables) + "MANIFEST.json")
    return json.loads(content) if content else None


def seal(tables: CourseTables, inputs: WindowInputs, derived: Sequence[Table]) -> int:
    """Bring a window's folder to its tables, and write the manifest last; return the number of files.

    :param derived: the tables that a window has; those that are not there yet have no file.
    """
    bucket, folder, labels = tables.bucket, _folder(tables), tables.warehouse.labels(tables.dataset)
    written = _copy_week(tables, inputs)
    for table in derived:
        if table.sql and table.name in labels:
            served = tables.warehouse.find(tables.target(table.name))
            assert served is not None
            name = f"secondary/{table.name}.csv.gz"
            export_table(tables.warehouse, bucket, served, folder + name, tables.course)
            written.add(name)
    files = [it for it in bucket.objects(folder) if it.name.removeprefix(folder).startswith(_FOLDERS)]
    bucket.delete(it.name for it in files if it.name.removeprefix(folder) not in written)
    manifest = {
        "course_id": str(tables.course),
        "window": tables.window.name,
        "start": str(tables.window.start),
        "end": str(tables.window.end),
        "week": str(inputs.week) if inputs.week else None,
        "week_days_after_end": (inputs.week - tables.window.end).days if inputs.week else None,
        "week_content": inputs.week_content,
        "log_days": {str(day): content for day, content in sorted(inputs.days.items())},
        "inputs": inputs.digest(tables.window, derived),
        "tables": _digests(derived, labels),
        "files": [
            {"name": name, "bytes": it.size, "sha256": it.sha256}
            for it in files
            if (name := it.name.removeprefix(folder)) in written
        ],
    }
    bucket.put(folder + "MANIFEST.json", json.dumps(manifest, indent=1).encode())
    return len(written)


def _copy_week(tables: CourseTables, inputs: WindowInputs) -> set[str]:
    """Copy a week's raw and transformed files into the window's folder; return their names there."""
    if inputs.week is None:
        return set()
    week = places.week_of_course(tables.course, inputs.week)
    copies = [it for it in tables.bucket.objects(week) if it.name.removeprefix(week).startswith(_FOLDERS[:2])]
    for it in copies:
        tables.bucket.copy(it, _folder(tables) + it.name.removeprefix(week))
    return {it.name.removeprefix(week) for it in copies}


def _digests(derived: Iterable[Table], labels: dict[str, dict[str, str]]) -> dict[str, str]:
    served = {it.name: labels.get(it.name, {}).get("digest") for it in derived}
    return {name: digest for name, digest in served.items() if digest}


def _folder(tables: CourseTables) -> str:
    return places.window_folder(tables.course, tables.window)
