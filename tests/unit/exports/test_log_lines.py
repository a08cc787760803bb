"""Reading a log file in blocks of whole lines."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.line_scanner import LineScanner
from edx_warehouse.exports.log_lines import Block, LogFile, LongLine
from edx_warehouse.exports.long_lines import digest_of
from edx_warehouse.exports.seen_lines import EarlierLines

MOST = 100_000  # lines of a block, whatever they are: what is kept of each takes far more room than a short line


def blocks_of(tmp_path: Path, content: bytes, **limits: int) -> list[Block | LongLine]:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(content, 1, mtime=0))
    file = LogFile(path, "unit", Limits(expansion_ratio=10_000, **limits), tmp_path)
    blocks = list(file.blocks())
    assert file.lines == content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    return blocks


@pytest.mark.parametrize(
    "content",
    [
        b"\n" * 3_000_000,
        b"x\n" * 1_000_000 + b"x",
        b"y" * 5_000_000 + b"\n" * 300_000 + b"z" * 5_000_000 + b"\n",
        (b"\n" * 50_000 + b"w" * 3_000_000) * 3,
    ],
)
def test_a_block_has_a_bounded_number_of_lines_and_none_is_lost(tmp_path: Path, content: bytes) -> None:
    blocks = blocks_of(tmp_path, content)
    assert all(isinstance(it, Block) and 0 < it.lines <= MOST for it in blocks)
    assert [it.lines for it in blocks] == [it.data.count(b"\n") for it in blocks]
    assert b"".join(it.data for it in blocks).removesuffix(b"\n") == content.removesuffix(b"\n")
    number, offset = 1, 0
    for it in blocks:
        assert (it.number, it.offset) == (number, offset)
        number, offset = number + it.lines, offset + len(it.data)


def test_many_short_lines_behind_a_line_above_the_limit_come_in_bounded_blocks(tmp_path: Path) -> None:
    first, *blocks = blocks_of(tmp_path, b"l" * 6_000_000 + b"\n" * 400_000, line_bytes=1000)
    assert isinstance(first, LongLine)
    assert first.length == 6_000_000
    assert sum(it.lines for it in blocks if isinstance(it, Block)) == 399_999
    assert max(it.lines for it in blocks if isinstance(it, Block)) <= MOST


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b" \xef\xbb\xbf\t"])
@pytest.mark.parametrize("size", [1, 7, 8, 1024 * 1024 - 3, 1024 * 1024, 2 * 1024 * 1024 + 13])
def test_the_digest_of_a_long_line_is_that_of_the_same_line_in_a_block(tmp_path: Path, mark: bytes, size: int) -> None:
    key = np.array([1, 2], np.uint64)
    scanner = LineScanner([], date(2014, 11, 10), Limits(), key)
    path = tmp_path / "line"
    for number in (1, 2):
        line = mark + b"\r " * 3 + bytes(range(33, 97)) * (size // 64) + b"z" * (size % 64) + b" \t\r"
        path.write_bytes(line)
        scanned = scanner.scan(Block(number, 0, bytearray(line + b"\n"), 1), "f.log.gz", EarlierLines())
        found = digest_of(LongLine(number, 0, len(line), b"", path), key)
        assert found.tolist() == scanned.digests.tolist()
    path.write_bytes(b" " * size)
    assert len(digest_of(LongLine(3, 0, size, b"", path), key)) == 0
