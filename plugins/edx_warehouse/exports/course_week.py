"""One course's week being converted: each delivered file to its outputs, all counted."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from datetime import date
from pathlib import Path

import numpy as np

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.content_blocks import Content, Unreadable
from edx_warehouse.exports.contracts import Column, Contract, Contracts
from edx_warehouse.exports.convert import ConvertedFile, ConvertedWeek, digest_of
from edx_warehouse.exports.course_axis import CourseAxis
from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.course_structure import read_structure
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.forum import Forum
from edx_warehouse.exports.grading_policy import GradingPolicy
from edx_warehouse.exports.olx import read_olx
from edx_warehouse.exports.output_files import Output, OutputFile
from edx_warehouse.exports.person_rows import PersonRows
from edx_warehouse.exports.problem_analysis import ProblemAnalysis
from edx_warehouse.exports.progress import Progress
from edx_warehouse.exports.raw_rows import RawRows
from edx_warehouse.exports.student_module import StudentModule
from edx_warehouse.exports.table_blocks import Block, blocks
from edx_warehouse.exports.table_scanner import Scanned, TableScanner
from edx_warehouse.exports.targets import Maker
from edx_warehouse.exports.tsv import ROW_LIMIT, Table, csv_line
from edx_warehouse.exports.user_info_combo import MAKERS, SOURCES, PersonPart
from edx_warehouse.exports.weekly_files import DOCUMENTS, MAY_BE_ABSENT

_PEOPLE = "transformed/user_info_combo.json.gz"
_MODULES = "transformed/studentmodule.json.gz"
_PROBLEMS = "transformed/problem_analysis.json.gz"
_FORUM = "transformed/forum.json.gz"


class CourseWeek:
    """One run of :func:`edx_warehouse.exports.convert.convert`.

    :param staging: directory that becomes the output.
    :param executor: reads ahead and compresses.
    """

    def __init__(
        self, delivered: list[Delivered], course: CourseKey, contracts: Contracts, staging: Path, executor: Executor
    ) -> None:
        self.course = course
        self.contracts = contracts
        self.staging = staging
        self.executor = executor
        self.delivered = delivered
        self.names = {it.name: it.path.name for it in delivered}
        self.rows = CourseRows(course)
        # What makes the rows of a table that holds one file's, and where they go.
        self.lines: dict[str, tuple[str, StudentModule | RawRows]] = {
            "studentmodule": (_MODULES, StudentModule(self.rows)),
            **{raw: (it.path, RawRows(raw, it, self.rows)) for raw, it in contracts.tables.items()},
        }
        self.problems = ProblemAnalysis()
        self.files: list[ConvertedFile] = []
        self.outputs: dict[str, Output] = {}
        self.drift: list[str] = []

    def convert(self, week: date) -> ConvertedWeek:
        """Convert all files; errors are those of :func:`edx_warehouse.exports.convert.convert`."""
        # Every header and the course's content first: they hold a week most often, and cost nothing to read.
        tables = self._tables()
        self._axis()
        sha256s = {delivered.name: delivered.sha256() for delivered in self.delivered}
        # Beside what is staged: nobody sees the file, and it is gone with this process.
        with PersonRows(list(SOURCES), MAKERS, self.staging) as people:
            for delivered in self.delivered:
                if delivered.name in DOCUMENTS:
                    self._document(delivered, sha256s[delivered.name])
                elif delivered.name in tables:
                    self._table(tables[delivered.name], sha256s[delivered.name], people)
                else:
                    self._unknown(delivered, sha256s[delivered.name])
            self._people(people)
        paths = {path: name for name, (path, _) in self.lines.items()}
        for path, name in (paths | {_PROBLEMS: "studentmodule", _FORUM: "forum"}).items():
            if name not in sha256s:
                self._write(path, ())
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

    def _unknown(self, delivered: Delivered, sha256: str) -> None:
        self.drift.append(f"{delivered.name}: no contract: not loaded until it has one")
        self.files.append(
            ConvertedFile(name=delivered.name, sha256=sha256, rows_in=None, rows_out=0, file=delivered.path.name)
        )

    def _table(self, table: Table, sha256: str, people: PersonRows) -> None:
        name = table.delivered.name
        if name == "studentmodule":
            count = self._modules(table)
        elif name in self.lines:
            path, maker = self.lines[name]
            with OutputFile(self.staging / path, self.executor) as lines:
                count, objects = self._scan(table, maker, lambda made: lines.write(made.json))
            self.outputs[path] = lines.output(objects)
        elif name in SOURCES:
            count, _ = self._scan(
                table, PersonPart(name, self.rows), lambda made: people.add(name, made.parts, made.json)
            )
        else:
            count, _ = self._scan(table, None, None)
        self._count(name, sha256, count, table.layout.names, table.unparsable)
        self.drift += [f"{name}: {text}" for text in table.drift]
        self._report(name)

    def _modules(self, table: Table) -> int:
        """Write the table, and what its problems' states hold; return its rows."""
        path, maker = self.lines["studentmodule"]
        answered = 0
        modules = OutputFile(self.staging / path, self.executor)
        problems = OutputFile(self.staging / _PROBLEMS, self.executor)

        def take(made: Scanned) -> None:
            nonlocal answered
            modules.write(made.json)
            for rows, count in self.problems.lines(made.json):
                problems.write(rows)
                answered += count

        with modules, problems:
            count, objects = self._scan(table, maker, take)
        self.outputs[path] = modules.output(objects)
        self.outputs[_PROBLEMS] = problems.output(answered)
        return count

    def _scan(self, table: Table, maker: Maker | None, take: Callable[[Scanned], object] | None) -> tuple[int, int]:
        """Write a table's CSV; return its rows, and the objects that were given to ``take``."""
        name = table.delivered.name
        path = f"raw/{name}.csv.gz"
        scanner = TableScanner(table, self.course, maker)
        progress = Progress(name)
        objects = 0
        with table.body() as (stream, offset), OutputFile(self.staging / path, self.executor) as output:
            output.write(csv_line(column.name for column in table.columns).encode())
            for block in blocks(stream, offset, ROW_LIMIT, self.executor):
                for made in scanner.scan(block):
                    output.write(made.csv)
                    if take and made.objects:
                        take(made)
                    progress.rows += made.rows
                    objects += made.objects
                progress.read(block.offset + len(block.data))
        self.outputs[path] = output.output(progress.rows)
        progress.end()
        return progress.rows, objects

    def _count(
        self, name: str, sha256: str, rows: int | None, columns: tuple[str, ...], unparsable: Mapping[str, int]
    ) -> None:
        self.files.append(
            ConvertedFile(
                name=name,
                sha256=sha256,
                rows_in=rows,
                rows_out=rows,
                rows_of_others=self.rows.others[name],
                columns=columns,
                odd_values={column: count for column, count in sorted(unparsable.items()) if count},
                file=self.names[name],
            )
        )

    def _report(self, name: str) -> None:
        if others := self.rows.others[name]:
            self.drift.append(f"{name}: {others} rows of another course are not in the transformed table")
        if name in self.lines and (other_ids := self.lines[name][1].other_ids):
            self.drift.append(f"{name}: {other_ids} block ids of no known form: kept as they are")
        if name == "studentmodule" and self.problems.unreadable:
            self.drift.append(
                f"{name}: {self.problems.unreadable} states of problems cannot be read: no answers of them"
            )

    def _document(self, delivered: Delivered, sha256: str) -> None:
        path = f"raw/{DOCUMENTS[delivered.name]}"
        with delivered.open() as stream, OutputFile(self.staging / path, self.executor) as output:
            lines = output.copy(stream)
        rows = lines if delivered.name == "forum" else None
        self.outputs[path] = output.output(rows)
        unparsable: Mapping[str, int] = {}
        if delivered.name == "forum":
            forum = Forum(delivered, self.rows)
            self._write(_FORUM, forum.lines())
            self._report("forum")
            unparsable = forum.unparsable
        self._count(delivered.name, sha256, rows, (), unparsable)

    def _people(self, people: PersonRows) -> None:
        count = 0
        with OutputFile(self.staging / _PEOPLE, self.executor) as output:
            for lines, persons in people.rows():
                output.write(lines)
                count += persons
        self.outputs[_PEOPLE] = output.output(count)
        self.drift += [
            f"{name}: {repeated} rows of people who have another one: the highest id is taken"
            for name, repeated in people.repeated.items()
            if name != "user_id_map"
        ]

    def _axis(self) -> None:
        content = self._content()
        axis, grading = CourseAxis(self.course, content), GradingPolicy(self.course, content.grading)
        self._write("transformed/course_axis.json.gz", axis.rows())
        self._write("transformed/grading_policy.json.gz", grading.types())
        self._write("transformed/grade_cutoffs.json.gz", grading.cutoffs())
        for name, notes in (("course_axis", axis.notes), ("grading_policy", grading.notes)):
            self.drift += [f"{name}: {count} {what}" for what, count in notes.items() if count]

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
        with OutputFile(self.staging / path, self.executor) as output:
            for line in lines:
                output.write(line)
                count += 1
        self.outputs[path] = output.output(count)


def compile_ahead() -> None:
    """Compile all that a conversion needs, unless it is compiled."""
    course = CourseKey("O", "C", "R")
    contract = Contract("users", "users", "mysql", "Users.", (Column("id", "INTEGER", "public", "Number."),))
    with tempfile.TemporaryDirectory() as folder, PersonRows(["users"], 1, Path(folder)) as people:
        path = Path(folder, "users")
        path.write_bytes(b"id\n")
        table = Table(Delivered("users", path, course, date(2020, 1, 1)), contract)
        for made in TableScanner(table, course, None).scan(Block(3, b"1\n")):
            people.add("users", np.array([[1, 1, 0, 0]], np.int64), made.json)
        list(people.rows())
        list(ProblemAnalysis().lines(b"{}\n"))


if __name__ == "__main__":
    compile_ahead()
