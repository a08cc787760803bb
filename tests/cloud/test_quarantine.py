"""Quarantined lines: counted and shown."""

import json
import stat
from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain.errors import Held
from edx_warehouse.hooks.warehouse import Warehouse
from fakes.institution import CS50, DAY, PH525, DeliveredTo, event, log
from fakes.quarantined_day import ASIDE, BAD, LATIN, LINES, PROD, Command, the_day
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
