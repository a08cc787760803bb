"""What was read from files is read again exactly when one of them is another."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Registry
from edx_warehouse.domain.remembered import remembered

HOUR = 3_600_000_000_000


def settle(folder: Path, *, ago: int = HOUR) -> None:
    """Let all files below a folder be older than a moment."""
    for path in folder.rglob("*"):
        if path.is_file():
            at = path.stat().st_mtime_ns - ago
            os.utime(path, ns=(at, at))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql" / "deep").mkdir(parents=True)
    (tmp_path / "sql" / "a.sql").write_text("a")
    (tmp_path / "sql" / "deep" / "b.sql").write_text("b")
    (tmp_path / "other").write_text("not read")
    settle(tmp_path)
    return tmp_path


def reader() -> tuple[Callable[[Path], str], list[Path]]:
    readings: list[Path] = []

    @remembered("sql", "not-there")
    def read(path: Path) -> str:
        readings.append(path)
        return "".join(sorted(it.read_text() for it in (path / "sql").rglob("*.sql")))

    return read, readings


def test_files_that_did_not_change_are_read_once(folder: Path) -> None:
    read, readings = reader()
    assert [read(folder), read(folder), read(folder)] == ["ab"] * 3
    assert len(readings) == 1


@pytest.mark.parametrize("name", ["sql/a.sql", "sql/deep/b.sql"])
def test_a_file_with_other_content_of_the_same_length_is_read(folder: Path, name: str) -> None:
    read, _ = reader()
    read(folder)
    (folder / name).write_text("x")
    assert "x" in read(folder)


def test_a_file_that_came_or_went_is_noticed(folder: Path) -> None:
    read, _ = reader()
    assert read(folder) == "ab"
    (folder / "sql" / "c.sql").write_text("c")
    assert read(folder) == "abc"
    (folder / "sql" / "a.sql").unlink()
    assert read(folder) == "bc"


def test_what_is_not_read_changes_nothing(folder: Path) -> None:
    read, readings = reader()
    read(folder)
    (folder / "other").write_text("more")
    read(folder)
    assert len(readings) == 1


def test_a_file_that_was_written_a_moment_ago_is_not_trusted(folder: Path) -> None:
    read, _ = reader()
    for text in "xyz":  # as fast as the clock of the files may tick
        (folder / "sql" / "a.sql").write_text(text)
        assert read(folder) == f"b{text}"


def test_an_error_is_told_each_time_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text("institutions: []\ncourses: []\n")
    settle(tmp_path)
    for _ in range(2):
        with pytest.raises(Terminal, match="E-CFG-101"):
            Registry.read(path)
    path.write_text("institutions: {}\ncourses: []\n")
    assert Registry.read(path).courses == ()
