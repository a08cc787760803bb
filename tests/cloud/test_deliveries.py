"""Deliveries as they come: late, twice, half, damaged, ambiguous; from the archive to the split parts."""

import gzip
import os
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held, Transient
from edx_warehouse.domain.limits import Limits
from edx_warehouse.hooks.archive import Archive, ArchiveFile
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.holds import holds
from fakes.institution import CS50, DAY, PH525, DeliveredTo, event, log
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

NEXT = DAY + timedelta(days=1)
TEN = [event(n) for n in range(10)]


@pytest.fixture
def there(tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str):
    return DeliveredTo(tmp_path, storage_client, warehouse, place)


def held_codes(there: DeliveredTo) -> dict[str, str]:
    return {name: problem["code"] for name, problem in holds(there.bucket)}


def test_two_files_of_one_name_that_differ_hold_their_day_until_one_is_gone(there: DeliveredTo) -> None:
    right = there.deliver(log(TEN), folder="a")
    wrong = there.deliver(log(TEN[:4]), folder="b")
    there.deliver(log(TEN), site="edge")
    there.deliver(log([event(1, day=NEXT)]), NEXT)
    told = there.mirror()
    assert (told["copied"], told["ambiguous"]) == (2, 1)
    assert held_codes(there) == {f"quarantine/logs/{DAY}/held.json": "E-MIR-102"}
    assert there.due() == [NEXT]
    with pytest.raises(Held) as refused:
        there.split()
    assert str(right) in str(refused.value)
    assert str(wrong) in str(refused.value)
    assert there.split(NEXT)["rows"] == 1

    wrong.unlink()
    there.mirror()
    assert held_codes(there) == {}
    assert there.due() == [DAY]
    there.split()
    assert there.rows() == 10


def test_a_hold_stands_while_one_of_the_two_files_is_still_being_written(there: DeliveredTo) -> None:
    there.deliver(log(TEN), folder="a")
    wrong = there.deliver(log(TEN[:4]), folder="b")
    there.mirror()
    wrong.write_bytes(b"")
    grown = threading.Timer(0.4, wrong.write_bytes, [log(TEN)])
    grown.start()
    there.mirror(settle_seconds=1.5)
    grown.join()
    assert list(held_codes(there).values()) == ["E-MIR-102"]
    there.mirror()
    assert held_codes(there) == {}
    assert there.due() == [DAY]


def test_two_files_of_one_size_and_name_are_told_apart_by_their_bytes(there: DeliveredTo) -> None:
    there.deliver(log([event(1)], 0), folder="a")
    there.deliver(log([event(2)], 0), folder="b")
    there.mirror()
    assert list(held_codes(there).values()) == ["E-MIR-102"]


def test_one_file_delivered_into_two_folders_is_one_delivery(there: DeliveredTo, storage_proxy: StrictProxy) -> None:
    there.deliver(log(TEN), folder="a")
    there.deliver(log(TEN), folder="b")
    there.mirror()
    there.split()
    assert there.rows() == 10
    before = there.generations()
    assert there.mirror()["copied"] == 0
    assert there.generations() == before


def test_a_file_that_grows_between_two_looks_is_left_for_the_next(there: DeliveredTo) -> None:
    path = there.deliver(log(TEN)[:-20])
    there.deliver(log([event(1, day=NEXT)]), NEXT)
    grown = threading.Timer(0.4, path.write_bytes, [log(TEN)])
    grown.start()
    told = there.mirror(settle_seconds=1.5)
    grown.join()
    assert (told["copied"], told["growing"]) == (1, 1)
    assert there.due() == [NEXT]
    assert there.mirror()["copied"] == 1
    assert there.due() == [DAY, NEXT]


def test_a_weekly_export_that_grows_has_no_manifest_yet(there: DeliveredTo) -> None:
    folder = there.archive / "incoming/weekly/2014-11-16"
    folder.mkdir(parents=True)
    (folder / "a.sql").write_text("id\n")
    (folder / "b.sql").write_text("id")
    grown = threading.Timer(0.4, (folder / "b.sql").write_text, ["id\n1\n"])
    grown.start()
    there.mirror("weekly", settle_seconds=1.5)
    grown.join()
    assert there.bucket.stat(places.weekly_manifest(date(2014, 11, 16))) is None
    there.mirror("weekly")
    assert there.bucket.read(places.weekly(date(2014, 11, 16)) + "b.sql") == b"id\n1\n"
    assert there.bucket.stat(places.weekly_manifest(date(2014, 11, 16))) is not None


def test_a_file_that_changes_while_it_is_read_is_tried_again_after_the_others(
    there: DeliveredTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = there.deliver(log(TEN))
    there.deliver(log([event(1, day=NEXT)]), NEXT)
    fetch = Archive.fetch

    def fetch_slowly(archive: Archive, file: ArchiveFile, target: Path) -> str | None:
        if file.path == str(path):
            with path.open("ab") as growing:
                growing.write(log([event(10)]))
        return fetch(archive, file, target)

    monkeypatch.setattr(Archive, "fetch", fetch_slowly)
    with pytest.raises(Transient) as changed:
        there.mirror()
    assert changed.value.problem.code == "E-MIR-101"
    assert there.due() == [NEXT]
    monkeypatch.undo()
    there.mirror()
    there.split()
    assert there.rows() == 11


def test_a_day_that_was_split_from_a_half_file_is_replaced_by_the_whole(there: DeliveredTo) -> None:
    whole = log(TEN[:5]) + log(TEN[5:])  # cut between two members the first half is a valid file
    there.deliver(log(TEN[:5]))
    there.mirror()
    there.split()
    assert there.rows() == 5
    there.deliver(whole)
    there.mirror()
    assert there.due() == [DAY]
    there.split()
    assert there.rows() == 10
    assert there.due() == []
    assert [row["lines"] for row in there.history()] == [5, 10]


@pytest.mark.parametrize("broken", [b"", log(TEN)[:-9]], ids=["empty", "truncated"])
def test_a_damaged_file_holds_its_whole_day_and_no_other_until_it_is_replaced(
    there: DeliveredTo, broken: bytes
) -> None:
    there.deliver(broken)
    there.deliver(log(TEN), site="edge")
    there.deliver(log([event(1, day=NEXT)]), NEXT)
    there.mirror()
    assert there.due() == [DAY, NEXT]
    with pytest.raises(Held):
        there.split()
    assert there.split(NEXT)["rows"] == 1
    assert there.due() == []
    assert there.bucket.stat(places.split_manifest(DAY)) is None
    assert list(held_codes(there).values()) == ["E-SPL-101" if broken else "E-SPL-102"]

    there.deliver(log([event(11)]))
    there.mirror()
    assert there.due() == [DAY]
    there.split()
    assert there.rows() == 11
    assert held_codes(there) == {}


def test_a_held_day_is_good_again_when_the_file_of_before_is_put_back(there: DeliveredTo) -> None:
    there.deliver(log(TEN))
    there.mirror()
    there.split()
    before = there.generations()
    there.deliver(log(TEN)[:-9])
    there.mirror()
    with pytest.raises(Held):
        there.split()
    there.deliver(log(TEN))
    there.mirror()
    assert there.due() == [DAY]
    assert there.split()["made"] is False
    assert held_codes(there) == {}
    assert there.due() == []
    after = there.generations()
    assert {name for name in after if after[name] != before[name]} == {
        f"{places.LOGS}harvardx-prod-events-{DAY}.log.gz"
    }


def test_a_day_with_too_many_bad_lines_is_held_until_the_institution_may_have_them(there: DeliveredTo) -> None:
    there.deliver(log([*TEN, *(b"junk %d" % n for n in range(1001))]))
    there.mirror()
    with pytest.raises(Held) as refused:
        there.split()
    assert refused.value.problem.code == "E-SPL-110"
    assert there.due() == []
    there.institution = replace(there.institution, log_limits=Limits(quarantine_share=1.0))
    assert there.split()["rows"] == 10
    assert held_codes(there) == {}


def test_the_same_bytes_again_are_no_delivery(there: DeliveredTo) -> None:
    path = there.deliver(log(TEN))
    there.mirror()
    there.split()
    before, rows = there.generations(), there.history()
    os.utime(path, (0, 0))
    there.deliver(path.read_bytes())
    assert there.mirror()["copied"] in (0, 1)  # of metadata only: the token of the file that was looked at
    assert there.due() == []
    assert there.split()["made"] is False
    assert there.generations() == before
    assert there.history() == rows


def test_the_same_lines_compressed_anew_change_the_copy_and_nothing_else(there: DeliveredTo) -> None:
    there.deliver(log(TEN, 9))
    there.mirror()
    there.split()
    before, rows = there.generations(), there.history()
    there.deliver(log(TEN, 1))
    there.mirror()
    assert there.due() == [DAY]
    assert there.split()["made"] is False
    assert there.due() == []
    after = there.generations()
    assert {name for name in after if after[name] != before.get(name)} == {
        f"hmdc/logs/harvardx-prod-events-{DAY}.log.gz"
    }
    assert there.history() == rows


def test_lines_compressed_anew_are_known_again_under_the_limits_of_the_institution(there: DeliveredTo) -> None:
    there.institution = replace(there.institution, log_limits=Limits(expansion_ratio=2000))
    lines = [*TEN, *[b" " * 1_000_000] * 110]  # far beyond what is taken by default
    there.deliver(log(lines, 9))
    there.mirror()
    there.split()
    there.deliver(log(lines, 8))
    there.mirror()
    assert there.due() == [DAY]
    assert there.split()["made"] is False


def test_a_run_that_is_cleared_splits_again_what_was_split_under_other_limits(there: DeliveredTo) -> None:
    there.deliver(log(TEN, 9))
    there.mirror()
    there.split()
    there.institution = replace(there.institution, log_limits=Limits(line_bytes=50, quarantine_share=1.0))
    there.deliver(log(TEN, 1))
    there.mirror()
    assert there.split()["made"] is True
    assert there.rows() == 0


def test_a_course_that_is_added_has_its_old_days_split_again_from_its_launch_on(there: DeliveredTo) -> None:
    days = [DAY, NEXT, NEXT + timedelta(days=1)]
    for day in days:
        there.deliver(log([event(1, day=day), event(2, PH525, day)]), day)
    there.mirror()
    for day in days:
        there.split(day)
    assert there.due() == []
    there.courses = [CS50, PH525]
    assert there.due({PH525: NEXT}) == days[1:]
    assert there.due() == days
    before = there.generations(CS50.slug)
    for day in days[1:]:
        there.split(day)
    assert there.due({PH525: NEXT}) == []
    assert there.rows(PH525, NEXT) == 1
    assert there.generations(CS50.slug) == before


def test_a_course_that_is_removed_makes_no_day_due(there: DeliveredTo) -> None:
    there.courses = [CS50, PH525]
    there.deliver(log(TEN))
    there.mirror()
    there.split()
    there.courses = [CS50]
    assert there.due() == []


def test_what_became_of_every_line_is_recorded_for_each_file_of_a_split(there: DeliveredTo) -> None:
    there.courses = [CS50, PH525]
    many = [event(n) for n in range(100, 500)]  # so many that the bad ones are few
    there.deliver(log([*TEN, TEN[0], b"", b"junk", event(1, "none"), event(1, "A/B/C"), *many]))
    there.deliver(log([event(1), event(20), event(21, PH525)]), site="edge")
    there.mirror()
    there.split()
    edge, prod = there.history()
    for row in (edge, prod):
        assert row["lines"] == row["rows_out"] + row["quarantined"] + row["duplicates"] + row["blank"]
        assert row["quarantined"] == row["bad"] + row["aside"]
        assert row["rows_out"] == sum(it["rows_out"] for it in row["courses"])
        assert (row["day"], row["run_id"]) == (DAY, f"delivery__{DAY}")
    assert (prod["lines"], prod["bad"], prod["aside"], prod["duplicates"], prod["blank"]) == (415, 1, 2, 1, 1)
    assert prod["repeated"] == 1
    assert [(it["course_id"], it["rows_out"]) for it in edge["courses"]] == [(str(CS50), 2), (str(PH525), 1)]
    content = gzip.decompress(there.bucket.read(f"hmdc/logs/{prod['file']}") or b"")
    assert prod["content_bytes"] == len(content)


@pytest.mark.parametrize("kind", ["lost", "unavailable"])
def test_a_split_whose_last_write_failed_is_recorded_once(
    there: DeliveredTo, storage_proxy: StrictProxy, bigquery_proxy: StrictProxy, kind: str
) -> None:
    there.deliver(log(TEN))
    there.mirror()
    publish = there.bucket.put

    def dies_before_the_last(name: str, content: bytes | Path, metadata: dict[str, str] | None = None) -> bool:
        if name == places.split_manifest(DAY):
            raise KeyboardInterrupt
        return publish(name, content, metadata)

    bigquery_proxy.fail(kind, "POST", "/jobs")
    there.bucket.put = dies_before_the_last  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        there.split()
    there.bucket.put = publish  # type: ignore[method-assign]
    assert there.due() == [DAY]
    assert there.split()["made"] is True
    assert there.split()["made"] is False
    assert [row["lines"] for row in there.history()] == [10]


def test_a_delivery_that_goes_and_comes_back_is_three_splits(there: DeliveredTo) -> None:
    for lines in (TEN, TEN[:3], TEN):
        there.deliver(log(lines))
        there.mirror()
        there.split()
    assert [row["lines"] for row in there.history()] == [10, 3, 10]


def test_a_day_with_far_fewer_lines_than_its_weekday_is_told_and_taken(
    there: DeliveredTo, capsys: pytest.CaptureFixture[str]
) -> None:
    for weeks in (4, 3, 2, 1, 0):
        day = DAY - timedelta(weeks=weeks)
        there.deliver(log([event(n, day=day) for n in range(10 if weeks else 4)]), day)
    there.mirror()
    for day in there.due():
        there.split(day)
    assert [row["note"] for row in there.history()] == [None] * 4 + ["4 lines, where this weekday mostly has 10"]
    assert there.rows() == 4
    assert "looks incomplete" in capsys.readouterr().out
