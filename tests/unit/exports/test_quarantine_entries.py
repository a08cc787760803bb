"""Reading quarantine files as the splitter writes them, and what people make of their entries."""

import base64
import gzip
import hashlib
import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.quarantine_entries import Entry, editable, read_corrections, read_entries, reasons_of
from edx_warehouse.exports.refusals import Reason
from edx_warehouse.exports.tracking_log import split

DAY = date(2014, 11, 10)
LOG = f"harvardx-prod-events-{DAY}.log.gz"
LONG = b"x" * 300_000
GOOD = json.dumps({"time": "2014-11-10T12:00:00+00:00", "context": {"course_id": "A/B/C"}}).encode()


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    """Return the quarantine file of a day with a bad line, a long one and one above the splitter's limit."""
    lines = [GOOD.replace(b"12:", b"%02d:" % hour) for hour in range(24)] * 20
    lines[1:1] = [b"junk", LONG, b"y" * 3_000_000]
    (tmp_path / LOG).write_bytes(gzip.compress(b"\n".join(lines), mtime=0))
    out = tmp_path / "out"
    split([tmp_path / LOG], [CourseKey("A", "B", "C")], out, day=DAY, limits=Limits(line_bytes=1_000_000))
    return out / "quarantine/logs" / str(DAY) / f"{LOG}.jsonl.gz"


def test_places_are_read_without_the_lines_however_long_these_are(quarantine: Path) -> None:
    found = list(read_entries(quarantine))
    assert [(it.line, it.length, it.reason, it.raw) for it in found] == [
        (2, 4, Reason.NOT_JSON, ""),
        (3, 300_000, Reason.NOT_JSON, ""),
        (4, 3_000_000, Reason.TOO_LONG, ""),
    ]
    assert reasons_of(quarantine) == {Reason.NOT_JSON: 2, Reason.TOO_LONG: 1}


def test_lines_are_read_whole_when_they_are_asked_for(quarantine: Path) -> None:
    contents = [base64.b64decode(it.raw) for it in read_entries(quarantine, raw=True)]
    assert contents == [b"junk", LONG, b"y" * 3_000_000]


@given(st.binary(max_size=50))
def test_an_entry_that_is_shown_and_left_alone_is_read_back_as_it_was(tmp_path_factory, content: bytes) -> None:
    sha = hashlib.sha256(content).hexdigest()
    entry = Entry("f", 1, 0, len(content), Reason.NOT_JSON, sha, raw=base64.b64encode(content).decode())
    path = tmp_path_factory.mktemp("entries") / "entries.jsonl"
    path.write_bytes(editable(entry))
    assert [(it.content, it.changed) for it in read_corrections(path)] == [(content, False)]


@pytest.mark.parametrize(
    ("raw", "content"),
    [("{}", b"{}"), (" {}\r\n", b"{}"), ("\ufeff {}", b"{}"), ("{}\n{}", None), ("\ufeff\r", None)],
)
def test_a_changed_entry_is_one_line_without_what_is_around_it(tmp_path: Path, raw: str, content: bytes | None) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_bytes(msgspec.json.encode(Entry("f", 1, 0, 1, Reason.NOT_JSON, "a" * 64, "text", raw)))
    if content is None:
        with pytest.raises(Terminal, match="E-QUA-101"):
            read_corrections(path)
    else:
        assert [(it.content, it.changed) for it in read_corrections(path)] == [(content, True)]


def test_an_entry_straight_from_the_quarantine_is_a_correction_too(quarantine: Path, tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_bytes(gzip.decompress(quarantine.read_bytes()))
    assert [len(it.content) for it in read_corrections(path)] == [4, 300_000, 3_000_000]


def test_a_refused_correction_names_its_line_and_none_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    good = msgspec.json.encode(Entry("f", 1, 0, 1, Reason.NOT_JSON, "a" * 64, "text", "{}"))
    path.write_bytes(good + b"\n\n" + good.replace(b'"{}"', b'"ada') + b"\n")
    with pytest.raises(Terminal) as refused:
        read_corrections(path)
    assert (refused.value.problem.code, refused.value.problem.line) == ("E-QUA-101", 3)
    assert "ada" not in str(refused.value)
