"""The scanner against the complete reader: whatever the bytes and wherever a block ends, both say the same."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.contracts import Column
from edx_warehouse.exports.course_rows import CourseRows
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.raw_rows import RawRows
from edx_warehouse.exports.student_module import StudentModule
from edx_warehouse.exports.table_blocks import Block, blocks
from edx_warehouse.exports.table_scanner import TableScanner
from edx_warehouse.exports.tsv import Table, csv_line
from edx_warehouse.exports.user_info_combo import SOURCES, PersonPart
from fakes.weekly_delivery import CONTRACTS, COURSE, WEEK, columns_of, doubled, mysql

TABLES = ["studentmodule", "certificates", "profiles", "user_id_map", "grades_persistentsubsectiongrade"]
SIZES = st.sampled_from([1, 2, 3, 7, 16, 61, 64, 65, 127, 1000, 100_000])
TEXTS = st.one_of(
    st.text(st.one_of(st.sampled_from("\t\n\r\\\"',NULntr\x01\x7f\x85é\u2028😀x"), st.characters(codec="utf-8")), max_size=80),
    st.integers(50, 70).map(lambda n: "x" * n + '"'),
    st.integers(60, 66).map(lambda n: "x" * n + "\\\\n"),
).filter(lambda text: "\0" not in text and text != "NULL")  # fmt: skip
NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "007", "-12", "+1", "-", "1.", ".5", "0.50", "00.5", "1.0", "0.0001", "0.00001", "1e5", "1e999",
                     "NaN", "100", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "999999999999999999",
                     "0.1234567890123456789", "123456789.125000", "1234567890123.50", "12345678901234.5", "\u0661", "1 "]),
    st.integers(-(2**64), 2**64).map(str),
    st.floats(allow_nan=False).map(repr),
    st.decimals(0, 10**6, places=3).map(str),
)  # fmt: skip
TIMES = st.one_of(
    st.sampled_from(["0000-00-00 00:00:00", "0000-00-00", "0000-01-01 00:00:00", "2014-02-29 00:00:00", "2000-02-29 00:00:00",
                     "1900-02-29 00:00:00", "2014-04-31 00:00:00", "2014-01-01 24:00:00", "2014-01-01 00:60:00", "2014-01-01 00:00:60",
                     "2014-01-01 00:00:00.", "2014-01-01 00:00:00.1234567", "2014-01-01T00:00:00Z", "2014-01-01 00:00:00+00:00",
                     "2014-1-1 00:00:00", "2014-01-01", "2014/01/01 00:00:00", "2014-01-01 00:00:0x", "2014-01-01 00:00:00.12345x"]),
    st.datetimes().map(lambda at: at.isoformat(" ")),
)  # fmt: skip
BLOCKS = st.one_of(
    st.sampled_from(["i4x://A/B/problem/p1", "i4x://A/B/problem/p1@draft", "i4x://A/B/problem/p 1", "i4x://A/B/problem", "i4x://A/B//p",
                     "i4x://A/B/problem/p/1", "i4x:;_;_A;_B;_problem;_p", "block-v1:A+B+C+type@video+block@abc", "library-v1:x+y",
                     "block-v1:A+B+C+type@video+block@", "block-v1:A+B+C+type@+block@x", "block-v1:A+B+C+kind@video+block@x",
                     "block-v1:A+B++type@video+block@x", "block-v1:A+B+C+type@video+block@x+y@z/é", 'i4x://A/B/problem/p"1',
                     " i4x://A/B/problem/p1 ", "i4x://A/B/problem/\u00a0", "block-v1:A@/+B+C+type@v@+block@n", "i4x://", "block-v1:"]),
    st.text("ABi4x:/+@ \\\"é", max_size=12).map("i4x://A/".__add__),
    st.text("ABtype@block+/ é", max_size=20).map("block-v1:A+B+C+type@".__add__),
)  # fmt: skip
COURSES = st.sampled_from([str(COURSE), COURSE.opaque, "", f" {COURSE}", "HarvardX/CS50x/2015", "course-v1:A+B+C", "x"])
WHOLE = st.integers(1, 10**9).map(str)


def usual(column: Column, *, odd: bool) -> st.SearchStrategy[str | None]:
    """Values as they come, and when ``odd`` those that no column of the type should have."""
    of_type = {"STRING": TEXTS, "INTEGER": WHOLE, "FLOAT": st.decimals(0, 100, places=2).map(str), "TIMESTAMP": TIMES}[
        column.type
    ]
    if column.name == "course_id":
        of_type = COURSES
    elif column.name in ("module_id", "usage_key"):
        of_type = BLOCKS
    if odd:
        of_type = st.one_of(of_type, NUMBERS, TIMES, TEXTS)
    elif column.required:
        return of_type.filter(bool)
    return st.one_of(st.none(), st.just(""), of_type, of_type)


@st.composite
def lines(draw: st.DrawFn, name: str, most: int = 5) -> bytes:
    contract = CONTRACTS.by_name[name]
    escape = mysql if contract.escaping == "mysql" else lambda text: doubled(text).replace("\t", " ").replace("\n", " ")
    rows = []
    for _ in range(draw(st.integers(0, most))):
        odd = draw(st.integers(0, 5)) == 0
        cells = [draw(usual(column, odd=odd and draw(st.booleans()))) for column in contract.columns]
        rows.append("\t".join("NULL" if cell is None else escape(cell) for cell in cells).encode() + b"\n")
    content = b"".join(rows)
    if draw(st.integers(0, 9)) == 0:  # damaged
        at = draw(st.integers(0, len(content)))
        content = (
            content[:at]
            + draw(st.sampled_from([b"\xff", b"\0", b"\t", b"\n", b"\\", b'"', b"\xc3", b"\xed\xa0\x80"]))
            + content[at:]
        )
    return content


def makers(name: str):
    rows = CourseRows(COURSE)
    if name == "studentmodule":
        return rows, StudentModule(rows)
    if name in CONTRACTS.tables:
        return rows, RawRows(name, CONTRACTS.tables[name], rows)
    return rows, PersonPart(name, rows) if name in SOURCES else None


def table_of(path, name: str, body: bytes, end: bytes = b"\n") -> Table:
    path.write_bytes("\t".join(columns_of(name)).encode() + end + body.replace(b"\n", end))
    return Table(Delivered(name, path, COURSE, WEEK), CONTRACTS.by_name[name])


def completely(table: Table, name: str):
    rows, maker = makers(name)
    places = {column.name: place for place, column in enumerate(table.columns)}
    records, objects = b"", []
    try:
        with table.body() as (stream, offset):
            for line, record in enumerate(stream, 2):
                texts, values = table.read(record, line, offset)
                offset += len(record)
                records += csv_line(texts).encode()
                made = maker.make(places, values) if maker else None
                if made:
                    objects.append((made.person, made.rank, made.json))
    except Held as held:
        return held.problem
    return records, objects, table.unparsable, rows.others, getattr(maker, "other_ids", 0)


def by_scanner(table: Table, name: str, size: int):
    rows, maker = makers(name)
    scanner = TableScanner(table, COURSE, maker)
    records, objects = b"", []
    try:
        with table.body() as (stream, offset), ThreadPoolExecutor(1) as executor:
            for block in blocks(stream, offset, 1 << 26, executor, size):
                for made in scanner.scan(block):
                    records += made.csv
                    if maker and maker.target.person:
                        objects += [(person, rank, bytes(made.json[a:b])) for person, rank, a, b in made.parts.tolist()]
                    else:
                        objects += [(0, 0, line) for line in bytes(made.json).splitlines(keepends=True)]
    except Held as held:
        return held.problem
    if maker and not maker.target.person:
        objects = [(0, 0, line + b"\n") for line in b"".join(it for _, _, it in objects).split(b"\n")[:-1]]
    return records, objects, table.unparsable, rows.others, getattr(maker, "other_ids", 0)


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), size=SIZES, end=st.sampled_from([b"\n", b"\n", b"\r\n"]))
def test_scanner_and_complete_reader_say_the_same(tmp_path_factory, name, data, size, end):
    path = tmp_path_factory.mktemp("t") / "t.sql"
    body = data.draw(lines(name))
    assert by_scanner(table_of(path, name, body, end), name, size) == completely(table_of(path, name, body, end), name)


@settings(max_examples=60, deadline=None)
@given(states=st.lists(st.one_of(st.none(), TEXTS), max_size=6), size=SIZES)
def test_states_come_back_from_csv_and_json(tmp_path_factory, states, size):
    states = [text and text.replace("\t", " ").replace("\n", "") for text in states]
    body = "".join(
        f"{n}\tproblem\ti4x://A/B/problem/p{n}\t7\t{'NULL' if text is None else doubled(text)}"
        + "\tNULL" * 5
        + f"\t{COURSE}\n"
        for n, text in enumerate(states)
    )
    table = table_of(tmp_path_factory.mktemp("t") / "t.sql", "studentmodule", body.encode())
    records, objects, *_ = by_scanner(table, "studentmodule", size)
    place = [column.name for column in table.columns].index("state")
    assert [row[place] for row in csv_cells(records)] == states
    assert [json.loads(line).get("state") for _, _, line in objects] == states


@settings(max_examples=60, deadline=None)
@given(cities=st.lists(st.one_of(st.none(), TEXTS), max_size=6), size=SIZES)
def test_free_texts_come_back_from_csv_and_json(tmp_path_factory, cities, size):
    names = columns_of("profiles")
    body = "".join(
        "\t".join(str(n + 1) if name in ("id", "user_id") else mysql(city) if city is not None and name == "city" else "NULL" for name in names)
        + "\n"
        for n, city in enumerate(cities)
    )  # fmt: skip
    table = table_of(tmp_path_factory.mktemp("t") / "t.sql", "profiles", body.encode())
    records, objects, *_ = by_scanner(table, "profiles", size)
    place = [column.name for column in table.columns].index("city")
    assert [row[place] for row in csv_cells(records)] == cities
    assert [json.loads(b"{" + part + b"}").get("profile_city") for _, _, part in objects] == cities


def csv_cells(records: bytes) -> list[list[str | None]]:
    return list(csv.reader(io.StringIO(records.decode(), newline=""), quoting=csv.QUOTE_NOTNULL))


def test_ordinary_rows_come_in_one_piece(tmp_path):
    row = f'1\tproblem\ti4x://A/B/problem/p\t7\t{{"é": "\\\\n"}}\t0.5\t2014-01-01 10:00:00\tNULL\t1\tna\t{COURSE}\n'
    table = table_of(tmp_path / "t.sql", "studentmodule", row.encode() * 1000)
    scanner = TableScanner(table, COURSE, makers("studentmodule")[1])
    assert [it.rows for it in scanner.scan(Block(0, bytearray(row.encode() * 1000)))] == [1000]


def test_a_row_of_ten_megabytes_is_read_across_blocks(tmp_path):
    state = '{"a": "' + 'x\\\\n"' * 2_000_000
    body = f"1\tproblem\ti4x://A/B/problem/p\t7\t{state}" + "\tNULL" * 5 + f"\t{COURSE}\n"
    table = table_of(tmp_path / "t.sql", "studentmodule", body.encode() * 2)
    _, objects, *_ = by_scanner(table, "studentmodule", 1 << 20)
    assert [json.loads(line)["state"] for _, _, line in objects] == [state.replace("\\\\", "\\")] * 2
