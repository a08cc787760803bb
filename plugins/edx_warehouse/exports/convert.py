"""One course's weekly export, converted: everything or nothing.

``out`` gets ``raw/`` (the tables as CSV without what is never loaded, the documents as they came) and
``transformed/`` (the tables that BigQuery loads). It appears whole, by one rename, or not at all.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.exports.content_blocks import Content, Unreadable
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.course_axis import CourseAxis
from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.course_structure import read_structure
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.olx import read_olx
from edx_warehouse.exports.output_files import Output, OutputFile
from edx_warehouse.exports.student_module import StudentModule
from edx_warehouse.exports.tsv import Table, Values, csv_line
from edx_warehouse.exports.user_info_combo import SOURCES, UserInfoCombo
from edx_warehouse.exports.weekly_files import DOCUMENTS, MAY_BE_ABSENT, REQUIRED

#: Raised whenever the same files give other output.
VERSION = "1"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ConvertedFile:
    """What became of one delivered file.

    :param name: canonical name.
    :param sha256: of the file as delivered.
    :param rows_in: rows read, for a forum dump its documents; None where there are no rows, or no contract to read by.
    :param rows_out: rows written to ``raw/``; 0 for a table without a contract.
    :param rows_of_others: of these, rows of another course, left out of the transformed table.
    """

    name: str
    sha256: str
    rows_in: int | None
    rows_out: int | None
    rows_of_others: int = 0


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


def digest_of(course: CourseKey, contracts: Contracts, sha256s: Mapping[str, str]) -> str:
    """Return the digest a conversion of these files will have.

    :param sha256s: canonical name to SHA-256 of the file as delivered.
    """
    inputs = [VERSION, contracts.fingerprint, str(course), sorted(sha256s.items())]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def convert(files: Mapping[str, Path], course: CourseKey, week: date, contracts: Contracts, out: Path) -> ConvertedWeek:
    """Validate and convert one course's files of one weekly export.

    :param files: canonical name to local path of the delivered file, gzipped or not.
    :param out: directory that is absent or empty; its parent is on the disk that is written to.
    :raises Held: ``E-EXP-101`` a header breaks its contract, ``E-EXP-102`` a row cannot be taken, ``E-EXP-103`` a
        required file is missing, ``E-EXP-104`` a file is damaged, ``E-EXP-105`` course content is hostile,
        ``E-EXP-106`` course content cannot be read. Nothing is written then.
    :raises FileExistsError: when ``out`` has something in it.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    missing = [name for name in REQUIRED if name not in files]
    if missing:
        raise _missing(course, week, missing)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        delivered = [Delivered(name, path, course, week) for name, path in sorted(files.items())]
        converted = _Conversion(delivered, course, contracts, staging).run(week)
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


class _Conversion:
    """One run of :func:`convert`."""

    def __init__(self, delivered: list[Delivered], course: CourseKey, contracts: Contracts, staging: Path) -> None:
        self.course = course
        self.contracts = contracts
        self.staging = staging
        self.delivered = delivered
        self.rows = CourseRows(course)
        self.people = UserInfoCombo(self.rows)
        self.modules = StudentModule(course)
        self.files: list[ConvertedFile] = []
        self.outputs: dict[str, Output] = {}
        self.drift: list[str] = []

    def run(self, week: date) -> ConvertedWeek:
        # Every header and the course's content first: they hold a week most often, and cost nothing to read.
        tables = self._tables()
        self._axis()
        sha256s = {delivered.name: delivered.sha256() for delivered in self.delivered}
        for delivered in self.delivered:
            if delivered.name in DOCUMENTS:
                self._document(delivered, sha256s[delivered.name])
            elif delivered.name in tables:
                self._table(tables[delivered.name], sha256s[delivered.name])
            else:
                self.drift.append(f"{delivered.name}: no contract: not loaded until it has one")
                self.files.append(
                    ConvertedFile(name=delivered.name, sha256=sha256s[delivered.name], rows_in=None, rows_out=0)
                )
        self._user_info_combo()
        if "studentmodule" not in sha256s:
            self._write("transformed/studentmodule.json.gz", ())
        absent = [name for name in MAY_BE_ABSENT if name not in sha256s]
        self.drift += [f"{name}: not delivered: taken as no rows" for name in absent]
        return ConvertedWeek(
            course_id=str(self.course),
            week=week,
            files=tuple(self.files),
            outputs=dict(sorted(self.outputs.items())),
            drift=tuple(sorted(self.drift)),
            digest=digest_of(self.course, self.contracts, sha256s),
        )

    def _tables(self) -> dict[str, Table]:
        tables: dict[str, Table] = {}
        for delivered in self.delivered:
            contract = self.contracts.get(delivered.name)
            if contract is not None and delivered.name not in DOCUMENTS:
                tables[delivered.name] = Table(delivered, contract)
        return tables

    def _table(self, table: Table, sha256: str) -> None:
        name = table.delivered.name
        places = {column.name: place for place, column in enumerate(table.columns)}
        rows = self._raw(table)
        if name == "studentmodule":
            self._write("transformed/studentmodule.json.gz", self._modules(places, rows))
        elif name in SOURCES:
            for values in rows:
                self.people.add(name, places, values)
        else:
            deque(rows, maxlen=0)
        count = self.outputs[f"raw/{name}.csv.gz"].rows
        others = self.rows.others[name]
        self.files.append(ConvertedFile(name=name, sha256=sha256, rows_in=count, rows_out=count, rows_of_others=others))
        self._report(table, others)
        _log.info("%s: %s rows", name, count)

    def _raw(self, table: Table) -> Iterator[Values]:
        """Write a table's CSV, giving the typed values of each row on the way."""
        path = f"raw/{table.delivered.name}.csv.gz"
        count = 0
        with OutputFile(self.staging / path) as output:
            output.write(csv_line(column.name for column in table.columns).encode())
            for texts, values in table.rows():
                output.write(csv_line(texts).encode())
                count += 1
                yield values
        self.outputs[path] = output.output(count)

    def _modules(self, places: dict[str, int], rows: Iterable[Values]) -> Iterator[bytes]:
        for values in rows:
            if self.rows.own("studentmodule", values[places["course_id"]]):
                yield self.modules.row(places, values)

    def _report(self, table: Table, others: int) -> None:
        name = table.delivered.name
        self.drift += [f"{name}: {text}" for text in table.drift]
        self.drift += [
            f"{name}: {count} values of {column} are not of its type: NULL in the transformed table, kept in raw"
            for column, count in sorted(table.unparsable.items())
        ]
        if others:
            self.drift.append(f"{name}: {others} rows of another course are not in the transformed table")
        if repeated := self.people.repeated[name]:
            self.drift.append(f"{name}: {repeated} rows of people who have another one: the highest id is taken")
        if name == "studentmodule" and self.modules.other_ids:
            self.drift.append(f"{name}: {self.modules.other_ids} block ids of no known form: kept as they are")

    def _document(self, delivered: Delivered, sha256: str) -> None:
        path = f"raw/{DOCUMENTS[delivered.name]}"
        with delivered.open() as stream, OutputFile(self.staging / path) as output:
            lines = output.copy(stream)
        rows = lines if delivered.name == "forum" else None
        self.outputs[path] = output.output(rows)
        self.files.append(ConvertedFile(name=delivered.name, sha256=sha256, rows_in=rows, rows_out=rows))

    def _user_info_combo(self) -> None:
        self._write("transformed/user_info_combo.json.gz", self.people.rows())

    def _axis(self) -> None:
        axis = CourseAxis(self.course, self._content())
        self._write("transformed/course_axis.json.gz", axis.rows())
        self.drift += [f"course_axis: {count} {what}" for what, count in axis.notes.items() if count]

    def _content(self) -> Content:
        sources = {delivered.name: delivered for delivered in self.delivered if delivered.name in DOCUMENTS}
        delivered = sources["course_structure"]
        try:
            with delivered.open() as stream:
                content = read_structure(stream)
            if "course_xml" in sources:
                delivered = sources["course_xml"]
                with delivered.open() as stream:
                    content = read_olx(stream)
        except Unreadable as error:
            raise delivered.held(
                "E-EXP-105" if error.hostile else "E-EXP-106",
                expected=error.expected,
                found=error.found,
                next="look at the file before anything else is done with it"
                if error.hostile
                else "ask edX to deliver the file again",
            ) from error
        return content

    def _write(self, path: str, lines: Iterable[bytes]) -> None:
        count = 0
        with OutputFile(self.staging / path) as output:
            for line in lines:
                output.write(line)
                count += 1
        self.outputs[path] = output.output(count)
