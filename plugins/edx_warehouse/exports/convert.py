"""One course's weekly export, converted: everything or nothing.

``out`` gets ``raw/`` (the tables as CSV without what is never loaded, the documents as they came) and
``transformed/`` (the tables that BigQuery loads). It appears whole, by one rename, or not at all.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.output_files import Output
from edx_warehouse.exports.user_info_combo import SOURCES
from edx_warehouse.exports.weekly_files import REQUIRED

#: Raised whenever the same files give other output.
VERSION = "5"

_CONTENT = ("course_structure", "course_xml")
_MADE_FROM: Mapping[str, tuple[str, ...]] = {
    "course_axis": _CONTENT,
    "grade_cutoffs": _CONTENT,
    "grading_policy": _CONTENT,
    "problem_analysis": ("studentmodule",),
    "user_info_combo": tuple(SOURCES),
}


@dataclass(frozen=True, kw_only=True)
class ConvertedFile:
    """What became of one delivered file.

    :param name: canonical name.
    :param sha256: of the file as delivered.
    :param rows_in: rows read, for a forum dump its documents; None where there are no rows, or no contract to read by.
    :param rows_out: rows written to ``raw/``; 0 for a table without a contract.
    :param rows_of_others: of these, rows of another course, left out of the transformed table.
    :param columns: of a table: those of its contract that the file has, in order, without those that are never loaded;
        then those that the contract lacks.
    :param odd_values: by field, values that are not of its type: NULL in the transformed table, kept in ``raw/``. Fields
        without any are left out.
    :param file: base name of the file as delivered.
    """

    name: str
    sha256: str
    rows_in: int | None
    rows_out: int | None
    rows_of_others: int = 0
    columns: tuple[str, ...] = ()
    odd_values: Mapping[str, int] = field(default_factory=dict)
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class ConvertedWeek:
    """What a conversion made.

    :param course_id: ``Org/Course/Run``.
    :param week: date of the weekly export.
    :param files: the delivered files, by name.
    :param outputs: by path below ``out``; digests and sizes of the uncompressed content.
    :param drift: what differs from the contracts and was accepted; for people, without learners' data.
    :param digest: of converter, contracts, course and delivered files: equal digests, equal outputs.
    """

    course_id: str
    week: date
    files: tuple[ConvertedFile, ...]
    outputs: Mapping[str, Output]
    drift: tuple[str, ...]
    digest: str

    def to_json(self) -> str:
        """Return the manifest of the course's week; the same text for the same week."""
        document = {
            "course_id": self.course_id,
            "week": str(self.week),
            "files": [asdict(file) for file in self.files],
            "outputs": {path: asdict(output) for path, output in sorted(self.outputs.items())},
            "drift": list(self.drift),
            "digest": self.digest,
        }
        return json.dumps(document, indent=2)


def delivered_for(table: str, raw: str | None) -> tuple[str, ...]:
    """Return the canonical names of the delivered files that a transformed table is made from; some may be absent.

    :param raw: the file whose rows the table's are, where its declaration names one.
    """
    return _MADE_FROM.get(table, (raw or table,))


def digest_of(course: CourseKey, contracts: Contracts, sha256s: Mapping[str, str]) -> str:
    """Return the digest a conversion of these files will have.

    :param sha256s: canonical name to SHA-256 of the file as delivered.
    """
    inputs = [VERSION, contracts.fingerprint, str(course), sorted(sha256s.items())]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def convert(
    files: Mapping[str, Path],
    course: CourseKey,
    week: date,
    contracts: Contracts,
    out: Path,
    *,
    workers: int | None = None,
) -> ConvertedWeek:
    """Validate and convert one course's files of one weekly export.

    :param files: canonical name to local path of the delivered file, gzipped or not.
    :param out: directory that is absent or empty; its parent is on the disk that is written to.
    :param workers: threads that read and compress; as many as there are processors, at most four, when left out. The
        bytes do not depend on it.
    :raises Held: ``E-EXP-101`` a header breaks its contract, ``E-EXP-102`` a row cannot be taken, ``E-EXP-103`` a
        required file is missing, ``E-EXP-104`` a file is damaged, ``E-EXP-105`` course content is hostile,
        ``E-EXP-106`` course content cannot be read. Nothing is written then.
    :raises FileExistsError: when ``out`` has something in it.
    """
    # Here, as machine code comes with it: a Dag file that names an operator is read without.
    from edx_warehouse.exports.course_week import CourseWeek

    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    missing = [name for name in REQUIRED if name not in files]
    if missing:
        raise _missing(course, week, missing)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        delivered = [Delivered(name, path, course, week) for name, path in sorted(files.items())]
        with ThreadPoolExecutor(workers or min(4, os.process_cpu_count() or 1)) as executor:
            converted = CourseWeek(delivered, course, contracts, staging, executor).convert(week)
        staging.chmod(0o755)
        staging.replace(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return converted


def _missing(course: CourseKey, week: date, names: Iterable[str]) -> Held:
    return Held(
        Problem(
            code="E-EXP-103",
            unit=f"{course} week {week}",
            expected=f"files for {', '.join(REQUIRED)}",
            found=f"none for {', '.join(names)}",
            done="the week is held, what was good before stays served",
            next="ask edX to deliver the week again, or wait for the rest of it",
        )
    )
