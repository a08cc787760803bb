from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.yaml_files import read_yaml, refuse


def refusal(tmp_path: Path, content: str | bytes) -> Terminal:
    path = tmp_path / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Terminal) as refused:
        read_yaml(path)
    assert refused.value.problem.code == "E-CFG-101"
    assert refused.value.problem.file == str(path)
    assert refused.value.problem.next
    return refused.value


def test_plain_values_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(
        'text: abc\nquoted: "2013_10"\nnumber: -12\nratio: 1.5\nyes_: true\nnothing: null\nblank:\n'
        "day: 2014-11-15\nlist: [a, {b: 1}]\n"
    )
    assert read_yaml(path) == {
        "text": "abc",
        "quoted": "2013_10",
        "number": -12,
        "ratio": 1.5,
        "yes_": True,
        "nothing": None,
        "blank": None,
        "day": date(2014, 11, 15),
        "list": ["a", {"b": 1}],
    }


def test_an_empty_file_has_no_value(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("# nothing yet\n")
    assert read_yaml(path) is None


@pytest.mark.parametrize(
    "scalar",
    [
        "no",
        "Yes",
        "on",
        "OFF",
        "010",
        "0x1F",
        "2013_10",
        "1_000",
        "+1",
        "12:30:45",
        "1.0e+3",
        ".5",
        ".inf",
        ".nan",
        "~",
        "NULL",
        "2014-11-15T10:00:00Z",
        "2014-11-15 10:00:00",
        "!!binary aGk=",
        "!!python/name:os.system x",
    ],
)
def test_what_yaml_would_read_as_something_else_is_refused_with_its_line(scalar: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, f"first: 1\nname: {scalar}\n")
    assert error.problem.line == 2


def test_the_mend_of_an_ambiguous_scalar_is_to_quote_it(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: 2013_10\n").problem.next == 'write "2013_10" if a text is meant'


def test_a_day_that_no_month_has_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "day: 2014-02-30\n")
    assert error.problem.found == "2014-02-30"


def test_a_key_written_twice_is_refused_with_the_second_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "outer:\n  bucket: a\n  other: b\n  bucket: c\n")
    assert (error.problem.field, error.problem.line) == ("bucket", 4)
    assert error.problem.next == "keep one of them"


@pytest.mark.parametrize("text", ["1: a\n", "true: a\n", "? [a, b]\n: c\n", "? {a: b}\n: c\n", "<<: {a: 1}\n"])
def test_a_key_that_is_no_text_is_refused(text: str, tmp_path: Path) -> None:
    refusal(tmp_path, text)


def test_an_alias_bomb_is_refused_at_its_first_anchor(tmp_path: Path) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    error = refusal(tmp_path, "l0: &l0 [lol]\n" + "\n".join(levels))
    assert error.problem.line == 1
    assert error.problem.expected == "no anchors or aliases"


def test_a_file_that_holds_itself_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path, "a: &a [*a]\n")


@pytest.mark.parametrize(
    "content", ["a: [1, 2\n", "a: b: c\n", "\ta: 1\n", "a: 1\n---\nb: 2\n", b"a: \xff\xfe\xff\n", "a: \x00\n"]
)
def test_what_is_no_single_yaml_document_is_refused(content: str | bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, content).problem.expected == "YAML"


def test_a_file_without_end_is_refused_unread(tmp_path: Path) -> None:
    assert "bytes" in refusal(tmp_path, b"#" * (4 * 1024 * 1024 + 1)).problem.expected


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(Terminal) as refused:
        read_yaml(path)
    assert refused.value.problem.file == str(path)
    assert refused.value.problem.next == "create the file or correct its path"


def test_a_refusal_says_that_nothing_was_started() -> None:
    error = refuse("a.yaml", "x", "y", "mend it", key="k")
    assert str(error) == (
        "E-CFG-101 configuration · a.yaml field k · expected x, found y · nothing was started · next: mend it"
    )
