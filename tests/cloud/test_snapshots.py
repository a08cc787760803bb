"""Snapshots in archives of each kind: on disk, behind a real OpenSSH server, in a bucket."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncssh
import bagit
import pytest
from airflow.sdk.io import store
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain import bags, places
from edx_warehouse.domain.bags import BagName
from edx_warehouse.domain.errors import Transient
from edx_warehouse.domain.registry import Institution
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bags import Bags
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import due_weeks
from edx_warehouse.operators.level import give_back
from edx_warehouse.operators.mirror import MirrorOperator
from edx_warehouse.operators.restore import Restorer
from edx_warehouse.operators.snapshot import Pusher
from edx_warehouse.operators.span import Span
from fakes import ssh_server
from fakes.institution import CS50, PH525, DeliveredTo
from fakes.local_cloud import local_cloud
from fakes.ssh_server import SshServer
from fakes.strict_proxy import StrictProxy

# The verifier is written for an older Python.
pytestmark = [
    pytest.mark.cloud,
    pytest.mark.filterwarnings("ignore:'count' is passed as positional:DeprecationWarning"),
]

WEEK = date(2014, 11, 16)
FIRST = BagName(WEEK, CS50.slug)
FILES = {
    "raw/users.csv.gz": b"users of the week\n" * 500,
    "transformed/user_info_combo.json.gz": b'{"user_id": 1}\n' * 500,
    "secondary/person_course.csv.gz": b"course_id,username\n",
}
KINDS = ("file", "sftp", "gs")


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StrictProxy, StrictProxy]]:
    """Return the proxy before a storage emulator twice: no test here needs the other emulator."""
    folder = tmp_path_factory.mktemp("cloud")
    with local_cloud(folder) as (service, _), StrictProxy(service.port or 0).serving() as proxy:
        yield proxy, proxy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    sshd = ssh_server.find_sshd()
    if sshd is None:
        pytest.skip("NO OPENSSH SERVER on this machine: archives behind sftp:// are not tested (scripts/openssh.py)")
    with ssh_server.serving(tmp_path_factory.mktemp("ssh"), sshd) as server:
        yield server


@pytest.fixture
def own(storage_proxy: StrictProxy, storage_client: storage.Client, place: str) -> Bucket:
    """Return a bucket of this test's own."""
    name = f"b-{sha256_of(place.encode())[:20]}"
    storage_client.create_bucket(name)
    return Bucket(storage_client, name)


@pytest.fixture(params=KINDS)
def url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    storage_proxy: StrictProxy,
    storage_client: storage.Client,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Return the address of an empty archive of each kind."""
    monkeypatch.setattr(store, "_STORE_CACHE", {})
    if request.param == "sftp":
        server = request.getfixturevalue("server")
        monkeypatch.setenv("AIRFLOW_CONN_HMDC", server.connection())
        return f"sftp://hmdc@{tmp_path}/archive"
    if request.param == "gs":
        name = f"a-{sha256_of(place.encode())[:20]}"
        storage_client.create_bucket(name)
        connection = {
            "conn_type": "google_cloud_platform",
            "extra": {"is_anonymous": True, "project": "harvardx-data", "gcs.endpoint": storage_proxy.url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_HMDC", json.dumps(connection))
        return f"gs://hmdc@{name}/harvardx"
    return f"file://{tmp_path}/archive"


@pytest.fixture
def archive(url: str) -> Archive:
    """Return an empty archive of each kind."""
    return Archive(url)


def finish(bucket: Bucket, week: date = WEEK, files: Mapping[str, bytes] = FILES, sources: str = "s1") -> None:
    """Let a week be finished in the bucket, as the weekly run leaves it."""
    prefix = places.week_of_course(CS50, week)
    entries = []
    for name, content in sorted(files.items()):
        bucket.put(prefix + name, content)
        entries.append({"name": name, "bytes": len(content), "sha256": sha256_of(content)})
    bucket.put(prefix + "converted.json", b'{"outputs": {}}', {"sources": sources, "delivery": "d1"})
    manifest = {"week": str(week), "sources": sources, "delivery": "d1", "files": entries}
    bucket.put(prefix + "MANIFEST.json", json.dumps(manifest).encode(), {"sources": sources})
    bucket.put(places.weekly_manifest(week), json.dumps({"week": str(week), "files": []}).encode())


def push(archive: Archive, bucket: Bucket, **options: Any) -> dict[str, list[int]]:
    """Push what is finished; return bytes moved and shared by the folder of each new bag."""
    pushed = Pusher(archive, bucket, "HarvardX", **options).push([CS50], Span())
    if pushed.failed:
        raise pushed.failed[0]
    return {folder: [it.moved, it.shared] for folder, it in pushed.written.items()}


def local_copy(archive: Archive, name: BagName, folder: Path) -> Path:
    """Bring a bag to the local disk as it is, file by file."""
    for file in archive.files(name.folder):
        archive.fetch(file, folder / file.name)
    return folder


def spoil(archive: Archive, name: BagName, file: str, content: bytes) -> None:
    """Replace a file of a bag behind everybody's back, and no other bag's that shares its bytes."""
    path = archive.path(name.folder, file)
    archive.fs.rm(path)
    archive.write(path, content)


def test_a_snapshot_is_valid_to_the_public_verifier(archive: Archive, own: Bucket, tmp_path: Path) -> None:
    finish(own)
    total = sum(map(len, FILES.values()))
    assert push(archive, own) == {FIRST.folder: [total, 0]}
    bag = bagit.Bag(str(local_copy(archive, FIRST, tmp_path / "copy")))
    assert bag.validate()
    assert sorted(bag.payload_files()) == [f"data/{name}" for name in sorted(FILES)]
    assert bag.info["Payload-Oxum"] == f"{total}.3"
    assert Bags(archive).faults(FIRST) == []


def test_what_the_archive_holds_is_not_pushed_again(archive: Archive, own: Bucket) -> None:
    finish(own)
    push(archive, own)
    before = [(it.name, it.token) for it in archive.files("snapshots")]
    assert push(archive, own) == {}
    assert [(it.name, it.token) for it in archive.files("snapshots")] == before


def test_a_correction_is_a_new_version_with_a_reason_that_moves_only_what_changed(
    archive: Archive, own: Bucket, tmp_path: Path
) -> None:
    finish(own)
    push(archive, own)
    before = {it.name: it.token for it in archive.files(FIRST.folder)}
    changed = {**FILES, "secondary/person_course.csv.gz": b"course_id,username,grade\n"}
    finish(own, files=changed, sources="s2")
    second = BagName(WEEK, CS50.slug, 2)
    shared = sum(len(content) for name, content in FILES.items() if not name.startswith("secondary/"))
    assert push(archive, own, reason="grades were missing") == {second.folder: [25, shared]}
    bag = bagit.Bag(str(local_copy(archive, second, tmp_path / "copy")))
    assert bag.validate()
    assert bag.info["Bag-Version-Reason"] == "grades were missing: changed: secondary/person_course.csv.gz"
    assert Bags(archive).of_week(WEEK) == {CS50.slug: [FIRST, second]}
    assert Bags(archive).faults(FIRST) == []
    # Sharing may add a name to a file, which a local file system counts among its times; the bytes are as they were.
    assert before.keys() == {it.name for it in archive.files(FIRST.folder)}


@pytest.mark.parametrize("file", [f"data/{name}" for name in FILES] + ["bag-info.txt", "warehouse/converted.json"])
def test_a_flipped_byte_is_found_and_named(own: Bucket, tmp_path: Path, file: str) -> None:
    archive = Archive(f"file://{tmp_path}/archive")
    finish(own)
    push(archive, own)
    content = bytearray(archive.read(archive.path(FIRST.folder, file)))
    content[len(content) // 2] ^= 1
    spoil(archive, FIRST, file, bytes(content))
    assert [(it.kind, it.file) for it in Bags(archive).faults(FIRST)] == [("changed", file)]
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(archive.path(FIRST.folder)).validate()


def test_missing_extra_renamed_and_changed_files_are_each_named(archive: Archive, own: Bucket) -> None:
    finish(own, files={**FILES, "raw/profiles.csv.gz": b"profiles\n"})
    push(archive, own)
    raw, transformed = "data/raw/users.csv.gz", "data/transformed/user_info_combo.json.gz"
    spoil(archive, FIRST, raw, b"users of another week\n")
    archive.fs.rm(archive.path(FIRST.folder, transformed))
    archive.fs.rm(archive.path(FIRST.folder, "data/raw/profiles.csv.gz"))
    archive.write(archive.path(FIRST.folder, "data/raw/profile.csv.gz"), b"profiles\n")
    archive.write(archive.path(FIRST.folder, "data/raw/more.csv.gz"), b"more")
    assert [(it.kind, it.file) for it in Bags(archive).faults(FIRST)] == [
        ("extra", "data/raw/more.csv.gz"),
        ("renamed", "data/raw/profiles.csv.gz"),
        ("changed", raw),
        ("missing", transformed),
    ]


def test_a_bag_that_was_cut_off_is_listed_by_nobody_and_written_by_the_next_try(
    archive: Archive, own: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(own)
    calls = []
    whole = Archive.write

    def cut_off(self: Archive, path: str, content: Path | bytes) -> None:
        calls.append(path)
        if len(calls) == len(FILES) + 2:
            raise ConnectionError("the line is dead")
        whole(self, path, content)

    with monkeypatch.context() as patched:
        # A process that dies cleans nothing up.
        patched.setattr(Archive, "write", cut_off)
        patched.setattr(Archive, "discard", lambda self, path: None)
        with pytest.raises(ConnectionError):
            push(archive, own)
    assert archive.files("snapshots")
    assert {week: Bags(archive).of_week(week) for week in Bags(archive).weeks()} in ({}, {WEEK: {}})
    assert list(push(archive, own)) == [FIRST.folder]
    assert Bags(archive).faults(FIRST) == []


def test_a_week_that_is_being_made_again_keeps_no_other_from_being_pushed(archive: Archive, own: Bucket) -> None:
    finish(own)
    finish(own, WEEK.replace(day=23))
    own.put(places.week_of_course(CS50, WEEK) + "raw/users.csv.gz", b"other users\n")
    with pytest.raises(Transient) as caught:
        push(archive, own)
    assert caught.value.problem.code == "E-SNP-101"
    assert Bags(archive).of_week(WEEK) == {}
    assert Bags(archive).of_week(WEEK.replace(day=23)) == {CS50.slug: [BagName(WEEK.replace(day=23), CS50.slug)]}


def test_a_damaged_snapshot_is_replaced_by_a_new_version_when_one_looks(archive: Archive, own: Bucket) -> None:
    finish(own)
    push(archive, own)
    spoil(archive, FIRST, "data/raw/users.csv.gz", b"users of another week\n")
    assert push(archive, own) == {}
    second = BagName(WEEK, CS50.slug, 2)
    assert list(push(archive, own, verify=True)) == [second.folder]
    # Nothing damaged was shared with the new one.
    assert Bags(archive).faults(second) == []
    reason = (Bags(archive).tag(second, bags.INFO) or b"").decode()
    assert "version 1 is damaged (data/raw/users.csv.gz changed)" in reason


def test_a_week_comes_back_to_an_empty_bucket_and_is_due(
    archive: Archive, own: Bucket, bucket: Bucket, storage_client: storage.Client, place: str
) -> None:
    finish(own)
    push(archive, own)
    name = f"c-{sha256_of(place.encode())[:20]}"
    storage_client.create_bucket(name)
    empty = Bucket(storage_client, name)
    restored = Restorer(Bags(archive), empty).newest([CS50, PH525], Span())
    assert (restored.weeks, restored.failed) == ({f"{CS50} {WEEK}": FIRST.folder}, [])
    prefix = places.week_of_course(CS50, WEEK)
    assert {name: empty.read(prefix + name) for name in FILES} == FILES
    assert due_weeks(empty, [CS50, PH525]) == [(WEEK, CS50)]
    generations = {it.name: it.generation for it in empty.objects("")}
    assert Restorer(Bags(archive), empty).newest([CS50, PH525], Span()).weeks == restored.weeks
    assert {it.name: it.generation for it in empty.objects("")} == generations


@pytest.fixture
def on_disk(tmp_path: Path) -> Archive:
    return Archive(f"file://{tmp_path}/archive")


def empty_bucket(client: storage.Client, place: str) -> Bucket:
    name = f"d-{sha256_of(place.encode())[:20]}"
    client.create_bucket(name)
    return Bucket(client, name)


def test_of_a_whole_history_only_the_newest_week_is_due_and_older_ones_are_finished(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str
) -> None:
    weeks = [WEEK, WEEK.replace(day=23), WEEK.replace(day=30)]
    for week in weeks:
        finish(own, week)
    push(on_disk, own)
    empty = empty_bucket(storage_client, place)
    restored = Restorer(Bags(on_disk), empty).all([CS50], Span(first=weeks[0], last=weeks[1]))
    assert list(restored.weeks) == [f"{CS50} {weeks[1]}", f"{CS50} {weeks[0]}"]
    assert due_weeks(empty, [CS50]) == [(weeks[1], CS50)]
    name = places.week_of_course(CS50, WEEK) + "MANIFEST.json"
    assert empty.read(name) == own.read(name)


def test_a_restore_takes_the_newest_version_that_is_good(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str
) -> None:
    finish(own)
    push(on_disk, own)
    finish(own, files={**FILES, "raw/users.csv.gz": b"corrected\n"}, sources="s2")
    push(on_disk, own)
    second = BagName(WEEK, CS50.slug, 2)
    spoil(on_disk, second, "data/raw/users.csv.gz", b"corrupted\n")
    empty = empty_bucket(storage_client, place)
    restored = Restorer(Bags(on_disk), empty).newest([CS50], Span())
    assert restored.weeks == {f"{CS50} {WEEK}": FIRST.folder}
    assert empty.read(places.week_of_course(CS50, WEEK) + "raw/users.csv.gz") == FILES["raw/users.csv.gz"]


def test_a_week_without_a_good_version_is_passed_over_and_named(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str
) -> None:
    later = WEEK.replace(day=23)
    finish(own)
    finish(own, later)
    push(on_disk, own)
    spoil(on_disk, BagName(later, CS50.slug), "data/raw/users.csv.gz", b"corrupted\n")
    empty = empty_bucket(storage_client, place)
    restored = Restorer(Bags(on_disk), empty).newest([CS50], Span())
    assert restored.weeks == {f"{CS50} {WEEK}": FIRST.folder}
    assert [it.problem.code for it in restored.passed_over] == ["E-RST-102"]
    assert "data/raw/users.csv.gz changed" in restored.passed_over[0].problem.found
    assert empty.objects(places.week_of_course(CS50, later)) == []


def test_a_restore_writes_over_nothing_unless_asked(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str
) -> None:
    finish(own)
    push(on_disk, own)
    target = empty_bucket(storage_client, place)
    name = places.week_of_course(CS50, WEEK) + "raw/users.csv.gz"
    target.put(name, b"somebody's users\n")
    restored = Restorer(Bags(on_disk), target).newest([CS50], Span())
    assert [it.problem.code for it in restored.failed] == ["E-RST-101"]
    assert [it.name for it in target.objects("")] == [name]
    assert Restorer(Bags(on_disk), target, overwrite=True).newest([CS50], Span()).failed == []
    assert target.read(name) == FILES["raw/users.csv.gz"]


def test_a_restore_that_is_cut_off_anywhere_is_no_week_and_ends_like_a_clean_one(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(own)
    push(on_disk, own)
    clean = empty_bucket(storage_client, place)
    Restorer(Bags(on_disk), clean).newest([CS50], Span())
    wanted = [(it.name, it.sha256, dict(it.metadata)) for it in clean.objects("")]
    whole = Bucket.put
    for point in range(len(wanted)):
        target = empty_bucket(storage_client, f"{place} {point}")
        left = iter(range(point))

        def cut_off(self: Bucket, *args: Any, left: Iterator[int] = left) -> bool:
            if next(left, None) is None:
                raise ConnectionError("the line is dead")
            return whole(self, *args)

        with monkeypatch.context() as patched:
            patched.setattr(Bucket, "put", cut_off)
            with pytest.raises(ConnectionError):
                Restorer(Bags(on_disk), target).newest([CS50], Span())
        assert due_weeks(target, [CS50]) == []
        Restorer(Bags(on_disk), target).newest([CS50], Span())
        assert [(it.name, it.sha256, dict(it.metadata)) for it in target.objects("")] == wanted


def test_a_bag_whose_paths_lead_elsewhere_is_refused(
    on_disk: Archive, own: Bucket, storage_client: storage.Client, place: str
) -> None:
    finish(own)
    push(on_disk, own)
    listed = on_disk.read(on_disk.path(FIRST.folder, bags.PAYLOAD))
    spoil(on_disk, FIRST, bags.PAYLOAD, listed.replace(b"data/raw/users", b"data/raw/../../users"))
    assert "unsafe" in {it.kind for it in Bags(on_disk).faults(FIRST)}
    empty = empty_bucket(storage_client, place)
    assert [it.problem.code for it in Restorer(Bags(on_disk), empty).newest([CS50], Span()).failed] == ["E-RST-102"]
    assert empty.objects("") == []


def test_deliveries_that_only_the_bucket_has_go_back_and_never_over_another(archive: Archive, own: Bucket) -> None:
    day, other = "2014-11-10", "2014-11-11"
    for it in (day, other):
        own.put(f"{places.LOGS}harvardx-prod-events-{it}.log.gz", f"log of {it}".encode())
    own.put(f"{places.LOGS}harvardx-prod-events-{day}.replay-0123456789ab.log.gz", b"corrected lines")
    own.put(places.weekly(WEEK) + "HarvardX-CS50x-2014_T1-users.sql", b"users")
    own.put(places.weekly_manifest(WEEK), b"{}")
    archive.write(archive.path("incoming/logs/old", f"harvardx-prod-events-{other}.log.gz"), b"as edX sent it")
    assert give_back(archive, own, Span(), "HarvardX").files == [
        f"incoming/logs/harvardx-prod-events-{day}.log.gz",
        f"incoming/weekly/{WEEK}/HarvardX-CS50x-2014_T1-users.sql",
    ]
    assert archive.read(archive.path(f"incoming/logs/harvardx-prod-events-{day}.log.gz")) == b"log of 2014-11-10"
    assert give_back(archive, own, Span(), "HarvardX").files == []
    assert list(archive.files("snapshots")) == []


def test_the_mirror_brings_what_is_new_or_changed(url: str, archive: Archive, own: Bucket) -> None:
    class Mirroring(MirrorOperator):
        def bucket(self) -> Bucket:
            return own

    institution = Institution("HarvardX", "harvardx-data", own.name, url, ("harvardx",), ("prod",))
    task = Mirroring(task_id="mirror", institution=institution, feed="logs", settle_seconds=0, bounded=True)
    names = [f"harvardx-prod-events-2014-11-{day}.log.gz" for day in (10, 11)]

    def mirror(**conf: str) -> int:
        return task.execute({"dag_run": SimpleNamespace(conf=conf)})["copied"]

    for name in names:
        archive.write(archive.path("incoming/logs", name), b"one")
    assert [mirror(to="2014-11-10"), mirror(to="2014-11-10"), mirror()] == [1, 0, 1]
    archive.write(archive.path("incoming/logs", names[0]), b"another")
    assert [mirror(), mirror()] == [1, 0]
    assert [own.read(places.LOGS + name) for name in names] == [b"another", b"one"]


def test_the_commands_tell_what_is_where_and_what_is_damaged_and_bring_weeks_back(
    tmp_path: Path,
    storage_proxy: StrictProxy,
    storage_client: storage.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    warehouse = SimpleNamespace(project="harvardx-data")
    delivered = DeliveredTo(tmp_path, storage_client, cast("Warehouse", warehouse), "commands")
    delivered.surroundings(tmp_path, monkeypatch.setenv, storage_proxy.url)
    delivered.deliver(b"a log")
    archive, bucket = Archive(delivered.institution.archive), delivered.bucket

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = cli.main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    def missing() -> tuple[int, list[list[str]]]:
        code, found = command("archive", "report", "--verify")
        return code, [it["missing"] for it in [*found["weeks"], *found["files"]]]

    finish(bucket)
    assert missing() == (3, [["no snapshot"], ["in the archive only: not mirrored"]])
    delivered.mirror()
    push(archive, bucket)
    assert missing() == (0, [[], []])
    assert command("archive", "verify") == (0, {"read": 1, "damaged": []})
    assert command("archive", "verify", "--from", "2014-11-17") == (0, {"read": 0, "damaged": []})
    bucket.delete([it.name for it in bucket.objects(CS50.slug)])
    assert missing() == (3, [["in a snapshot only: not in the bucket"], []])
    restore = ["restore", "--institution", "HarvardX"]
    assert cli.main(restore) == 0
    assert missing() == (3, [["not finished"], []])
    assert due_weeks(bucket, [CS50]) == [(WEEK, CS50)]
    spoil(archive, FIRST, "data/raw/users.csv.gz", b"users of another week\n")
    code, found = command("archive", "verify", "--newest")
    assert code == 1
    assert [(it["code"], it["file"]) for it in found["damaged"]] == [
        ("E-SNP-102", f"{FIRST.folder}/data/raw/users.csv.gz")
    ]
    assert cli.main(restore) == 1
    assert "E-RST-102" in capsys.readouterr().err


def test_a_server_with_another_key_is_refused(
    server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_STORE_CACHE", {})
    monkeypatch.setenv("AIRFLOW_CONN_HMDC", server.connection(ssh_server.key(tmp_path / "other")))
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        Archive(f"sftp://hmdc@{tmp_path}/archive")
