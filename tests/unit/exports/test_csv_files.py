"""CSV files as people and survey tools make them."""

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.exports.csv_files import BadRow, NotCsv, read_records

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def read(tmp_path, content):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return list(read_records(path))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_with_a_mark_and_every_sign_gives_the_same_cells(tmp_path, encoding, sign):
    text = sign.join(["id", "é", "学ぶ"]) + "\r\n" + sign.join(["1", '"two\nlines"', '"a ""b"""']) + "\r\n"
    assert [it.cells for it in read(tmp_path, text.encode(encoding))] == [
        ["id", "é", "学ぶ"],
        ["1", "two\nlines", 'a "b"'],
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8))
def test_rows_come_back_as_they_were_written_with_their_lines(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "c"], *rows])
    records = read(tmp_path_factory.mktemp("csv"), text.getvalue().encode())
    assert [it.cells for it in records] == [["a", "b", "c"], *(row for row in rows if any(row))]
    assert all(it.text.removesuffix("\r\n") in text.getvalue() for it in records)
    assert [it.line for it in records] == sorted({it.line for it in records})


def test_a_gzipped_file_is_read_as_well(tmp_path):
    assert [it.cells for it in read(tmp_path, gzip.compress(b"a,b\n1,2\n"))] == [["a", "b"], ["1", "2"]]


def test_a_record_that_cannot_be_taken_is_told_by_line_and_reason_and_the_next_is_read(tmp_path):
    content = b'a,b\n"x"y,1\n\xff\xfe,2\n\0,3\n"two\nlines",4\n5,6\n'
    records = read(tmp_path, content)
    assert [(it.line, it.reason) for it in records] == [
        (1, ""),
        (2, "csv"),
        (3, "encoding"),
        (4, "nul"),
        (5, ""),
        (7, ""),
    ]
    assert records[2].raw == b"\xff\xfe,2\n"
    assert BadRow.of(records[2], "f", "encoding").raw == "//4sMgo="


@pytest.mark.parametrize(
    "content", [b'a,b\n1,"never closed\n', gzip.compress(b"a,b\n" * 99)[:-9], "a,b\n1".encode("utf-16")[:-1]]
)
def test_a_file_that_is_cut_is_refused(tmp_path, content):
    with pytest.raises(NotCsv):
        read(tmp_path, content)


def test_a_line_without_an_end_is_refused_rather_than_kept_in_memory(tmp_path):
    with pytest.raises(NotCsv, match="a longer one"):
        read(tmp_path, gzip.compress(b"a,b\n" + b"x" * (65 * 1024 * 1024), 1))
