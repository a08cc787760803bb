"""A small weekly export of one course, to be delivered whole or with one fault."""

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import ConvertedWeek, convert

COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
WEEK = date(2014, 11, 16)
CONTRACTS = Contracts.read(Path(__file__).resolve().parents[2] / "include")
CANARY = "CANARY-never-loaded"

type Row = dict[str, str | None]


def mysql(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def doubled(text: str) -> str:
    return text.replace("\\", "\\\\")


def table_bytes(
    columns: Sequence[str], rows: Sequence[Mapping[str, str | None]], escape: Callable[[str], str] = mysql
) -> bytes:
    lines = ["\t".join(columns)]
    lines += [
        "\t".join("NULL" if row.get(name) is None else escape(row[name] or "") for name in columns) for row in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def default_rows(opaque: bool) -> dict[str, list[Row]]:
    course_id = COURSE.opaque if opaque else str(COURSE)

    def block(kind: str, name: str) -> str:
        old = f"i4x://HarvardX/CS50x/{kind}/{name}"
        return f"block-v1:HarvardX+CS50x+2014_T1+type@{kind}+block@{name}" if opaque else old

    at = "2014-09-01 08:00:00"
    return {
        "users": [
            {"id": "12", "username": "zoe", "email": "zoe@example.org", "is_staff": "0", "last_login": at},
            {"id": "5", "username": "ada", "email": "ada@example.com", "is_staff": "1", "date_joined": at},
        ],
        "profiles": [
            {"id": "1", "user_id": "5", "name": "Ada L.", "gender": "f", "year_of_birth": "1990", "city": "Łódź\t2"},
            {"id": "2", "user_id": "12", "name": "Zoë", "gender": "", "level_of_education": "b"},
        ],
        "enrollment": [
            {"id": "1", "user_id": "5", "course_id": course_id, "created": at, "is_active": "1", "mode": "honor"},
            {"id": "2", "user_id": "12", "course_id": course_id, "created": at, "is_active": "0", "mode": "audit"},
            {"id": "3", "user_id": "99", "course_id": None, "created": None, "is_active": "1", "mode": "audit"},
        ],
        "certificates": [
            {"id": "7", "user_id": "5", "course_id": course_id, "grade": "0.93", "status": "downloadable"},
            {"id": "8", "user_id": "12", "course_id": course_id, "grade": "", "status": "notpassing"},
        ],
        "studentmodule": [
            {
                "id": "1",
                "module_type": "chapter",
                "module_id": block("chapter", "week_1"),
                "student_id": "5",
                "state": '{"position": 1}',
                "created": at,
                "modified": at,
                "done": "na",
                "course_id": course_id,
            },
            {
                "id": "2",
                "module_type": "problem",
                "module_id": block("problem", "p1"),
                "student_id": "5",
                "state": '{"student_answers": {"a": "x\\ny \\\\ \\"q\\""}}',
                "grade": "1",
                "max_grade": "2.5",
                "created": at,
                "modified": "2014-09-02 08:00:00",
                "done": "na",
                "course_id": course_id,
            },
        ],
    }


STRUCTURE: dict[str, Any] = {
    "i4x://HarvardX/CS50x/course/2014_T1": {
        "category": "course",
        "children": ["i4x://HarvardX/CS50x/chapter/week_1"],
        "metadata": {"start": "2014-01-01T00:00:00Z"},
    },
    "i4x://HarvardX/CS50x/chapter/week_1": {
        "category": "chapter",
        "children": ["i4x://HarvardX/CS50x/sequential/lecture"],
        "metadata": {"display_name": "Week 1"},
    },
    "i4x://HarvardX/CS50x/sequential/lecture": {
        "category": "sequential",
        "children": [],
        "metadata": {"display_name": "Lecture", "format": "Homework", "graded": True, "due": "2014-02-01T00:00:00Z"},
    },
}


def columns_of(name: str) -> list[str]:
    return [column.name for column in CONTRACTS.by_name[name].columns]


@dataclass
class Delivery:
    """Files below ``folder``; change ``rows``, ``columns`` or ``contents`` before converting."""

    folder: Path
    opaque: bool = False
    rows: dict[str, list[Row]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = default_rows(self.opaque)
        self.columns = {name: columns_of(name) for name in CONTRACTS.by_name}
        self.contents["course_structure"] = json.dumps(STRUCTURE).encode()

    def bytes_of(self, name: str) -> bytes:
        rows = [dict.fromkeys(never(name), CANARY) | row for row in self.rows[name]]
        return table_bytes(self.columns[name], rows, doubled if name == "studentmodule" else mysql)

    def write(self, *, zipped: bool = False) -> dict[str, Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for name in sorted({*self.rows, *self.contents}):
            content = self.contents.get(name)
            content = self.bytes_of(name) if content is None else content
            path = self.folder / (f"{name}.sql.gz" if zipped else f"{name}.sql")
            path.write_bytes(gzip.compress(content) if zipped else content)
            files[name] = path
        return files

    def convert(self, out: Path, *, zipped: bool = False) -> ConvertedWeek:
        return convert(self.write(zipped=zipped), COURSE, WEEK, CONTRACTS, out)


def never(name: str) -> list[str]:
    return [column.name for column in CONTRACTS.by_name[name].columns if column.privacy == "never"]


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().split("\n")[:-1]]


def csv_rows(path: Path) -> list[dict[str, str | None]]:
    text = gzip.decompress(path.read_bytes()).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_NOTNULL)
    return [dict(zip(header, row, strict=True)) for row in rows]


def tar_gz(files: Mapping[str, str | bytes], *extra: tarfile.TarInfo) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in extra:
            tar.addfile(info)
    return raw.getvalue()
