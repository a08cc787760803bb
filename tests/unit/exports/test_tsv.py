import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.contracts import Column, Contract
from edx_warehouse.exports.delivered_files import Delivered
from edx_warehouse.exports.tsv import Table, csv_line, halve, unescape
from fakes.weekly_delivery import doubled, mysql, table_bytes

TEXTS = st.text(alphabet=st.one_of(st.sampled_from("\t\n\r\\\"',;|NULntr\x85\u2028😀"), st.characters(codec="utf-8")))
WITHOUT_NUL = TEXTS.filter(lambda text: "\0" not in text and text != "NULL")
CELLS = st.one_of(st.none(), WITHOUT_NUL)


def contract(escaping: str = "mysql") -> Contract:
    columns = (
        Column("id", "INTEGER", "public", "Number.", required=True),
        Column("a", "STRING", "public", "Text."),
        Column("b", "STRING", "public", "Text."),
        Column("at", "TIMESTAMP", "public", "Time."),
        Column("grade", "FLOAT", "public", "Points."),
    )
    return Contract("t", "t", escaping, "A table.", columns)


def table(path: Path, content: bytes, escaping: str = "mysql") -> Table:
    path.write_bytes(content)
    return Table(Delivered("t", path, CourseKey("O", "C", "R"), date(2014, 11, 16)), contract(escaping))


def rows_of(read: Table) -> list[tuple[list[str | None], list[Any]]]:
    rows = []
    with read.body() as (stream, offset):
        for line, record in enumerate(stream, 2):
            rows.append(read.read(record, line, offset))
            offset += len(record)
    return rows


HEADER = b"id\ta\tb\tat\tgrade\n"


@given(TEXTS)
def test_mysql_escapes_come_back(text):
    assert unescape(mysql(text)) == text


@given(TEXTS)
def test_doubled_backslashes_come_back(text):
    assert halve(doubled(text)) == text


def test_a_backslash_before_another_letter_stays():
    assert unescape(r"\x \0 \N \'") == r"\x \0 \N \'"


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_csv_comes_back_with_null_and_empty_told_apart(rows):
    text = "".join(csv_line(row) for row in rows)
    assert list(csv.reader(io.StringIO(text, newline=""), quoting=csv.QUOTE_NOTNULL)) == rows


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_a_delivered_table_comes_back_cell_for_cell(tmp_path_factory, rows):
    delivered = [{"id": str(number), "a": a, "b": b} for number, (a, b) in enumerate(rows)]
    content = table_bytes(["b", "id", "at", "grade", "a"], delivered)
    read = table(tmp_path_factory.mktemp("t") / "t.sql", content)
    assert [texts for texts, _ in rows_of(read)] == [[row["id"], row["a"], row["b"], None, None] for row in delivered]


def test_values_have_their_types_and_texts_stay(tmp_path):
    read = table(tmp_path / "t.sql", HEADER + b"007\tNULL\t\t2014-01-31 10:00:00.120000\t.50\n")
    assert rows_of(read) == [
        (["007", None, "", "2014-01-31 10:00:00.120000", ".50"], [7, None, "", "2014-01-31T10:00:00.120000Z", 0.5])
    ]


def test_an_optional_value_of_another_type_is_null_and_counted(tmp_path):
    rows = b"1\tx\ty\t2014-02-31 00:00:00\tNaN\n2\tx\ty\t0000-00-00 00:00:00\t\n3\tx\ty\t2014-02-01\t1e999\n"
    read = table(tmp_path / "t.sql", HEADER + rows)
    assert [values[3:] for _, values in rows_of(read)] == [[None, None]] * 3
    assert read.unparsable == {"at": 2, "grade": 2}


def test_a_field_of_several_megabytes_is_read(tmp_path):
    large = "x\\n" * 2_000_000
    read = table(tmp_path / "t.sql", HEADER + f"1\t{large}\t\tNULL\tNULL\n".encode())
    assert [len(values[1]) for _, values in rows_of(read)] == [4_000_000]


def test_only_line_feeds_end_rows(tmp_path):
    text = "a\rb\u2028c\x85d\x0be\x0cf\x1c"
    read = table(tmp_path / "t.sql", HEADER + f"1\t{text}\t\tNULL\tNULL\n".encode())
    assert [values[1] for _, values in rows_of(read)] == [text]


def test_a_byte_order_mark_and_cr_lf_are_stripped_and_reported(tmp_path):
    read = table(tmp_path / "t.sql", b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + b"1\tx\ty\tNULL\t2\r\n")
    assert [values for _, values in rows_of(read)] == [[1, "x", "y", None, 2.0]]
    assert read.drift == ["byte order mark stripped", "lines end in CR LF"]


@pytest.mark.parametrize(
    ("row", "field", "found"),
    [
        (b"2\tx\ty\tNULL\n", None, "4"),
        (b"2\tx\ty\tNULL\t1\t1\n", None, "6"),
        (b"2\tx\xff\ty\tNULL\t1\n", "a", "other bytes"),
        (b"2\tx\xed\xa0\x80\ty\tNULL\t1\n", "a", "other bytes"),
        (b"2\tx\ty\0\tNULL\t1\n", "b", "a NUL character"),
        (b"SECRET\tx\ty\tNULL\t1\n", "id", "another text"),
        (b"9223372036854775808\tx\ty\tNULL\t1\n", "id", "another text"),
        (b"\tx\ty\tNULL\t1\n", "id", "an empty text"),
        (b"NULL\tx\ty\tNULL\t1\n", "id", "NULL"),
        (b"\n", None, "1"),
        (b"2\tx\ty\tNULL\t1", None, "none: the last row may be cut"),
    ],
)
def test_a_bad_row_is_placed_without_its_values(tmp_path, row, field, found):
    good = b"1\tx\ty\tNULL\t1\n"
    read = table(tmp_path / "t.sql", HEADER + good + row)
    with pytest.raises(Held) as caught:
        rows_of(read)
    problem = caught.value.problem
    assert (problem.code, problem.file, problem.line, problem.field) == ("E-EXP-102", "t.sql", 3, field)
    assert problem.found == found
    start = len(HEADER + good)
    assert problem.offset == (start + row.index(b"x") + 1 if found == "other bytes" else start)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        ("\ufeffid\ta".encode("utf-16-le"), "a file that looks like UTF-16"),
        (b"id\t\xff\n", "other bytes in the first line"),
        (b"x" * 70_000, "a first line of more than 65536 bytes"),
    ],
)
def test_a_file_without_a_readable_header_is_held(tmp_path, content, found):
    with pytest.raises(Held) as caught:
        table(tmp_path / "t.sql", content)
    assert (caught.value.problem.code, caught.value.problem.found) == ("E-EXP-101", found)
