"""Delivered files, gzipped or not, sound or not."""

import gzip
import zlib
from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.exports.delivered_files import Delivered

COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
BLOCK = bytes(1 << 20)


@pytest.mark.parametrize("zipped", [False, True])
def test_content_is_the_same_gzipped_or_not_whatever_the_name_says(tmp_path, zipped):
    content = b"id\n" + bytes(range(256)) * 10_000
    (tmp_path / "users.sql").write_bytes(gzip.compress(content) if zipped else content)
    with Delivered("users", tmp_path / "users.sql", COURSE, date(2014, 11, 16)).open() as stream:
        assert stream.readline() == b"id\n"
        assert b"id\n" + stream.read() == content


def test_a_file_that_expands_too_far_is_refused_and_one_that_is_merely_large_is_not(tmp_path):
    bomb, large = tmp_path / "bomb.sql.gz", tmp_path / "large.sql.gz"
    for path, megabytes in ((bomb, 110), (large, 90)):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        path.write_bytes(b"".join([*(packer.compress(BLOCK) for _ in range(megabytes)), packer.flush()]))
    assert size(large) == 90 << 20
    with pytest.raises(Held) as caught:
        size(bomb)
    assert (caught.value.problem.code, caught.value.problem.found) == ("E-EXP-104", "more")


def size(path: Path) -> int:
    with Delivered("users", path, COURSE, date(2014, 11, 16)).open() as stream:
        return sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
