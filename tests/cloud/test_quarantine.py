"""Quarantined lines: counted, shown, corrected and given to the split again."""

import base64
import gzip
import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held
from edx_warehouse.hooks.warehouse import Warehouse
from fakes.institution import CS50, DAY, PH525, DeliveredTo, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

PROD = f"harvardx-prod-events-{DAY}.log.gz"
BAD = event(7)[:-1]  # its last brace is lacking
LATIN = event(8).replace(b"ada", b"ad\xe9")
ASIDE = event(9, "none")
GOOD = [event(n) for n in range(100, 500)]  # so many that the bad ones are few
LINES = [event(1), BAD, LATIN, ASIDE, event(2), *GOOD]
ROWS = 2 + len(GOOD)
Command = Callable[..., int]


@pytest.fixture
def there(tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str):
    world = DeliveredTo(tmp_path, storage_client, warehouse, place)
    world.deliver(log(LINES))
    world.mirror()
    world.split()
    return world


@pytest.fixture
def command(
    there: DeliveredTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: tuple[StrictProxy, StrictProxy]
) -> Command:
    """Return what gives the command `quarantine` in an environment that names the emulators."""
    there.surroundings(tmp_path, monkeypatch.setenv, proxies[0].url)
    return lambda verb, *options: cli.main(["quarantine", verb, *map(str, options)])


def the_day(*more: object) -> tuple[object, ...]:
    return ("--institution", "HarvardX", "--day", DAY, *more)


def corrected(there: DeliveredTo, command: Command, path: Path) -> Path:
    """Export the bad lines and correct them."""
    assert command("show", *the_day("--raw", "--out", path / "shown.jsonl")) == 0
    entries = [json.loads(line) for line in (path / "shown.jsonl").read_bytes().splitlines()]
    for entry in entries:
        if entry["reason"] == "not_json":
            entry["raw"] += "}"
        if entry["reason"] == "invalid_utf8":
            assert entry["encoding"] == "base64"
            entry["raw"] = base64.b64encode(event(8)).decode()
    (path / "corrected.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path / "corrected.jsonl"


def test_quarantined_lines_are_counted_by_day_file_and_reason(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert command("list", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "files": [
            {
                "institution": "HarvardX",
                "day": str(DAY),
                "file": PROD,
                "reasons": {"invalid_utf8": 1, "no_course": 1, "not_json": 1},
                "bad": 2,
                "aside": 1,
                "bytes": len(BAD) + len(LATIN) + len(ASIDE),
                "replayed": 0,
            }
        ],
        "held": [],
    }
    assert command("list", "--day", "2014-11-11", "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"] == []


def test_held_units_are_listed_with_what_is_wrong(
    there: DeliveredTo, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    there.deliver(log(LINES)[:-5])
    there.mirror()
    with pytest.raises(Held):
        there.split()
    capsys.readouterr()
    assert command("list") == 0
    assert "HELD    E-SPL-101" in capsys.readouterr().out


def test_a_line_is_shown_by_its_place_and_only_on_demand_as_it_is(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert command("show", *the_day("--reason", "not_json")) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{PROD} line 2 byte {len(LINES[0]) + 1} length {len(BAD)} not_json\n"
    assert command("show", *the_day("--line", 3, "--file", PROD)) == 0
    assert "ada" not in capsys.readouterr().out
    assert command("show", *the_day("--reason", "not_json", "--raw")) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["raw"].encode() == BAD
    assert "learners' data" in shown.err


def test_exported_entries_are_for_their_owner_alone_and_over_nothing(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "entries.jsonl"
    assert command("show", *the_day("--out", path)) == 2
    assert command("show", *the_day("--raw", "--out", path)) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes().splitlines()) == 3
    with pytest.raises(FileExistsError):
        command("show", *the_day("--raw", "--out", path))


def test_corrected_lines_become_rows_once_and_their_originals_stay_counted(
    there: DeliveredTo, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corrected(there, command, tmp_path)
    assert there.rows() == ROWS
    capsys.readouterr()
    assert command("replay", *the_day("--file", path)) == 0
    told = capsys.readouterr().out
    assert "1 entries are as they were" in told
    assert "2 lines in gs://" in told
    assert there.due() == [DAY]
    there.split()
    assert there.rows() == ROWS + 2
    assert there.due() == []
    capsys.readouterr()
    assert command("list", "--json") == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["bad"], file["aside"], file["replayed"]) == (2, 1, 2)
    assert command("show", *the_day("--reason", "not_json")) == 0
    assert capsys.readouterr().out.endswith("not_json replayed\n")


def test_a_replay_that_is_given_twice_does_nothing(
    there: DeliveredTo, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corrected(there, command, tmp_path)
    command("replay", *the_day("--file", path))
    there.split()
    before = there.generations()
    capsys.readouterr()
    assert command("replay", *the_day("--file", path)) == 0
    assert "already in" in capsys.readouterr().out
    assert there.generations() == before
    assert there.due() == []


def test_a_corrected_line_that_is_a_row_already_is_not_counted_twice(
    there: DeliveredTo, command: Command, tmp_path: Path
) -> None:
    path = corrected(there, command, tmp_path)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    entries[0] |= {"encoding": "text", "raw": event(1).decode()}
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    command("replay", *the_day("--file", path))
    there.split()
    assert there.rows() == ROWS + 1
    replayed = there.history()[-1]
    assert places.is_replay(replayed["file"])
    assert (replayed["lines"], replayed["rows_out"], replayed["duplicates"]) == (2, 1, 1)


def test_a_second_replay_adds_to_the_first(there: DeliveredTo, command: Command, tmp_path: Path) -> None:
    path = corrected(there, command, tmp_path)
    entries = path.read_text().splitlines(keepends=True)
    path.write_text(entries[0])
    command("replay", *the_day("--file", path))
    there.split()
    assert there.rows() == ROWS + 1
    path.write_text("".join(entries))
    command("replay", *the_day("--file", path))
    there.split()
    assert there.rows() == ROWS + 2


def test_a_replay_survives_the_mirror_and_is_not_taken_from_the_archive(
    there: DeliveredTo, command: Command, tmp_path: Path
) -> None:
    command("replay", *the_day("--file", corrected(there, command, tmp_path)))
    there.split()
    forged = there.archive / "incoming/logs" / places.replay_file(PROD, hashlib.sha256(b"").hexdigest())
    forged.write_bytes(log([event(50)]))
    assert there.mirror()["strange"] == 1
    assert there.due() == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"encoding": "text", "raw": "{still no json"}, "still not_json"),
        ({"encoding": "text", "raw": event(1, "none").decode()}, "still no_course"),
        ({"encoding": "text", "raw": "a\nb"}, "several lines"),
        ({"encoding": "text", "raw": "  "}, "a blank one"),
        ({"encoding": "base64", "raw": "***"}, "something else"),
        ({"sha256": "0" * 64}, "another"),
        ({"line": "two"}, "Expected `int`"),
    ],
)
def test_a_correction_that_is_none_is_refused_by_its_line_and_nothing_is_replayed(
    there: DeliveredTo,
    command: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    found: str,
) -> None:
    path = corrected(there, command, tmp_path)
    first, second, third = (json.loads(line) for line in path.read_text().splitlines())
    path.write_text("".join(json.dumps(entry) + "\n" for entry in (first, second | change, third)))
    before = there.generations()
    capsys.readouterr()
    assert command("replay", *the_day("--file", path)) == 1
    problem = json.loads(capsys.readouterr().err.splitlines()[1])
    assert (problem["code"], problem["line"]) == ("E-QUA-101", 2)
    assert found in problem["found"]
    assert "ada" not in json.dumps(problem)
    assert there.generations() == before


def test_a_replay_of_lines_that_are_delivered_anew_holds_the_day_until_it_is_removed(
    there: DeliveredTo, command: Command, tmp_path: Path
) -> None:
    command("replay", *the_day("--file", corrected(there, command, tmp_path)))
    there.split()
    right = [event(1), event(7) + b" ", event(8), ASIDE, event(2), *GOOD]  # edX sends it again, well
    there.deliver(log(right))
    there.mirror()
    with pytest.raises(Held) as refused:
        there.split()
    assert refused.value.problem.code == "E-QUA-102"
    assert there.rows() == ROWS + 2
    there.bucket.delete([str(refused.value.problem.file)])
    assert there.due() == [DAY]
    there.split()
    assert there.rows() == ROWS + 2
    assert len(gzip.decompress(there.bucket.read(f"quarantine/logs/{DAY}/{PROD}.jsonl.gz") or b"").splitlines()) == 1


def test_an_institution_that_is_not_in_the_registry_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("show", "--institution", "Yale", "--day", DAY) == 1
    assert "E-QUA-103" in capsys.readouterr().err


def test_a_course_that_is_added_takes_lines_out_of_the_quarantine(
    there: DeliveredTo, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    there.deliver(log([event(1), event(2, PH525)]))
    there.mirror()
    there.split()
    there.courses = [CS50, PH525]
    assert there.due() == [DAY]
    there.split()
    capsys.readouterr()
    assert command("list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"] == []
    assert there.rows(PH525) == 1
