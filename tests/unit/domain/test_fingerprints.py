"""Fingerprints of rows."""

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.fingerprints import fingerprint, fingerprint_of_csv

rows = st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.none() | st.integers()}), max_size=6)


@given(st.data(), rows)
def test_the_order_of_rows_and_columns_does_not_count(data: st.DataObject, some: list[dict[str, Any]]) -> None:
    other = [dict(reversed(row.items())) for row in data.draw(st.permutations(some))]
    assert fingerprint(other) == fingerprint(some)


@given(rows, rows)
def test_rows_that_differ_have_other_fingerprints(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    def texts(some: list[dict[str, Any]]) -> list[list[str]]:
        return sorted([row["a"], "" if row["b"] is None else str(row["b"])] for row in some)

    assert (fingerprint(one) == fingerprint(other)) == (texts(one) == texts(other))


def test_a_row_that_is_there_twice_is_not_there_once_or_never() -> None:
    row = {"a": 1}
    assert len({fingerprint([row] * count) for count in (0, 1, 2, 3)}) == 4


def test_a_files_fingerprint_is_that_of_its_rows_in_any_order_of_columns() -> None:
    assert fingerprint_of_csv(["a,b\n", "1,2\n", "3,4\n"]) == fingerprint_of_csv(["b,a\r\n", "4,3\r\n", "2,1\r\n"])
    assert fingerprint_of_csv(["a,b\n"]) != fingerprint_of_csv(["a,c\n"])


def test_a_value_with_line_ends_and_quotes_is_one_value() -> None:
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([["a", "b"], ['x\r\n"y"', "2"]])
    lines = io.StringIO(sink.getvalue(), newline="")
    assert fingerprint_of_csv(lines).startswith(fingerprint([{"b": "2", "a": 'x\r\n"y"'}]))
