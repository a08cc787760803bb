"""Quarantined lines: corrected, and given to the split again."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held
from edx_warehouse.hooks.warehouse import Warehouse
from fakes.institution import DAY, DeliveredTo, event, log
from fakes.quarantined_day import ASIDE, BAD, GOOD, LINES, PROD, ROWS, Command, corrected, the_day
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud


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
    assert "2 lines were replayed before" in capsys.readouterr().out
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


def other(line: bytes) -> bytes:
    """Return an event like another, a little later."""
    return line.replace(b"T12:", b"T13:")


def test_a_line_is_corrected_in_one_way_only(
    there: DeliveredTo, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corrected(there, command, tmp_path)
    command("replay", *the_day("--file", path))
    there.split()
    before = there.generations()
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    entries[0]["raw"] = other(event(7)).decode()
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    capsys.readouterr()
    assert command("replay", *the_day("--file", path)) == 1
    problem = json.loads(capsys.readouterr().err.splitlines()[1])
    assert (problem["code"], problem["line"]) == ("E-QUA-101", 1)
    assert "before" in problem["expected"]
    assert there.generations() == before


def test_a_line_is_corrected_once_in_a_file_and_equal_lines_equally(
    there: DeliveredTo, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there.deliver(log([event(1), BAD, event(2), BAD, *GOOD]))
    there.mirror()
    there.split()
    path = corrected(there, command, tmp_path)
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    before = there.generations()
    for refused in ([first, second, first], [first, second | {"raw": other(event(7)).decode()}]):
        path.write_text("".join(json.dumps(entry) + "\n" for entry in refused))
        capsys.readouterr()
        assert command("replay", *the_day("--file", path)) == 1
        assert json.loads(capsys.readouterr().err.splitlines()[1])["line"] == len(refused)
    assert there.generations() == before
    path.write_text("".join(json.dumps(entry) + "\n" for entry in [first, second]))
    assert command("replay", *the_day("--file", path)) == 0
    there.split()
    assert there.rows() == 2 + len(GOOD) + 2


def test_two_replays_made_at_once_that_correct_a_line_differently_hold_the_day(
    there: DeliveredTo, command: Command, tmp_path: Path
) -> None:
    path = corrected(there, command, tmp_path)
    first = path.read_text().splitlines(keepends=True)[0]
    path.write_text(first)
    command("replay", *the_day("--file", path))
    (replay,) = (it for it in there.bucket.objects(places.LOGS) if places.is_replay(it.name.rsplit("/", 1)[-1]))
    kept = there.bucket.read(replay.name) or b""
    there.bucket.delete([replay.name])  # as if the other had not seen it yet
    path.write_text(json.dumps(json.loads(first) | {"raw": other(event(7)).decode()}))
    command("replay", *the_day("--file", path))
    there.bucket.put(replay.name, kept)
    with pytest.raises(Held, match="E-QUA-102"):
        there.split()
    assert there.rows() == ROWS
    there.bucket.delete([replay.name])
    there.split()
    assert there.rows() == ROWS + 1


def test_lines_that_end_in_a_carriage_return_are_left_alone_or_corrected_like_others(
    there: DeliveredTo, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there.deliver(log([b"\xef\xbb\xbfjunk \r", event(1) + b"\r", BAD + b"\r", b"\x0b\r", *GOOD]))
    there.mirror()
    there.split()
    command("show", *the_day("--raw", "--out", tmp_path / "shown"))
    entries = [json.loads(line) for line in (tmp_path / "shown").read_bytes().splitlines()]
    entries[1]["raw"] = entries[1]["raw"].replace("\r", "}\r")
    (tmp_path / "corrected").write_bytes(b"".join(json.dumps(entry).encode() + b"\r\n" for entry in entries))
    capsys.readouterr()
    assert command("replay", *the_day("--file", tmp_path / "corrected")) == 0
    assert "2 entries are as they were" in capsys.readouterr().out
    there.split()
    assert there.rows() == 1 + len(GOOD) + 1


def test_the_limits_of_the_institution_are_those_of_its_replays(
    there: DeliveredTo,
    command: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    proxies: tuple[StrictProxy, StrictProxy],
) -> None:
    path = corrected(there, command, tmp_path)
    there.surroundings(tmp_path, monkeypatch.setenv, proxies[0].url, log_limits="{line_bytes: 150}")
    capsys.readouterr()
    assert command("replay", *the_day("--file", path)) == 1
    assert "too_long" in capsys.readouterr().err
    there.surroundings(tmp_path, monkeypatch.setenv, proxies[0].url, log_limits="{line_bytes: 250}")
    assert command("replay", *the_day("--file", path)) == 0


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
