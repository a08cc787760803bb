"""The bucket through Google's own client, against the storage emulator behind a proxy that keeps Google's rules."""

from pathlib import Path

import pytest
from google.cloud import storage

from edx_warehouse.domain.errors import Transient
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

WRITES = r"/upload/"


def test_an_object_is_written_once_and_not_again_with_the_same_content(
    bucket: Bucket, storage_proxy: StrictProxy, place: str
) -> None:
    assert bucket.put(place, b"one") is True
    first = bucket.stat(place)
    assert bucket.put(place, b"one") is False
    assert bucket.stat(place) == first
    assert storage_proxy.count("POST", WRITES) == 1


def test_a_written_object_says_its_content_and_size(bucket: Bucket, place: str) -> None:
    bucket.put(place, b"one", {"sources": "abc"})
    stored = bucket.stat(place)
    assert stored is not None
    assert (stored.size, stored.sha256, stored.metadata) == (3, sha256_of(b"one"), {"sources": "abc"})
    assert bucket.read(place) == b"one"


def test_a_file_and_its_bytes_are_one_content(bucket: Bucket, place: str, tmp_path: Path) -> None:
    file = tmp_path / "file.json.gz"
    file.write_bytes(b"\x1f\x8b not really gzip")
    assert bucket.put(place, file) is True
    assert bucket.put(place, file.read_bytes()) is False
    assert bucket.read(place) == file.read_bytes()


def test_a_changed_content_replaces_the_object(bucket: Bucket, place: str) -> None:
    bucket.put(place, b"one")
    first = bucket.stat(place)
    assert bucket.put(place, b"two") is True
    second = bucket.stat(place)
    assert bucket.read(place) == b"two"
    assert first is not None
    assert second is not None
    assert second.generation != first.generation


def test_changed_metadata_of_the_same_content_are_put_right_without_an_upload(
    bucket: Bucket, storage_proxy: StrictProxy, place: str
) -> None:
    bucket.put(place, b"one", {"sources": "a"})
    assert bucket.put(place, b"one", {"sources": "b"}) is True
    stored = bucket.stat(place)
    assert stored is not None
    assert (stored.sha256, stored.metadata) == (sha256_of(b"one"), {"sources": "b"})
    assert storage_proxy.count("POST", WRITES) == 1


class Overtaken(Bucket):
    """A bucket in which somebody else writes right after we looked."""

    theirs: bytes | None = b"theirs"

    def stat(self, name: str):  # type: ignore[no-untyped-def]
        found = super().stat(name)
        if self.theirs is not None:
            blob = self.client.bucket(self.name).blob(name)
            content, self.theirs = self.theirs, None
            blob.upload_from_string(content)
        return found


def test_another_writer_is_not_overwritten_when_there_was_no_object(
    bucket: Bucket, storage_client: storage.Client, place: str
) -> None:
    with pytest.raises(Transient) as refused:
        Overtaken(storage_client, bucket.name).put(place, b"ours")
    assert refused.value.problem.code == "E-BKT-101"
    assert bucket.read(place) == b"theirs"


def test_another_writer_is_not_overwritten_when_there_was_an_object(
    bucket: Bucket, storage_client: storage.Client, place: str
) -> None:
    bucket.put(place, b"before")
    with pytest.raises(Transient):
        Overtaken(storage_client, bucket.name).put(place, b"ours")
    assert bucket.read(place) == b"theirs"


def test_a_write_whose_answer_was_lost_is_done_once_and_well(
    bucket: Bucket, storage_proxy: StrictProxy, place: str
) -> None:
    storage_proxy.fail("lost", "POST", WRITES)
    assert bucket.put(place, b"one") is True
    assert bucket.read(place) == b"one"
    assert bucket.put(place, b"one") is False


def test_a_service_that_is_away_for_a_moment_is_asked_again(
    bucket: Bucket, storage_proxy: StrictProxy, place: str
) -> None:
    storage_proxy.fail("unavailable", "POST", WRITES, times=2)
    storage_proxy.fail("unavailable", "GET", rf"/o/{place}")
    assert bucket.put(place, b"one") is True
    assert storage_proxy.count("POST", WRITES) == 3
    assert bucket.read(place) == b"one"


def test_what_is_not_there_is_none(bucket: Bucket, place: str) -> None:
    assert bucket.stat(place) is None
    assert bucket.read(place) is None
    bucket.delete([place])


def test_a_replaced_object_is_not_taken_for_the_one_that_was_described(
    bucket: Bucket, place: str, tmp_path: Path
) -> None:
    bucket.put(place, b"one")
    stored = bucket.stat(place)
    assert stored is not None
    bucket.download(stored, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"one"
    bucket.put(place, b"two")
    with pytest.raises(Transient):
        bucket.download(stored, tmp_path / "file")


def test_a_copy_is_made_once(bucket: Bucket, place: str) -> None:
    bucket.put(f"{place}/a", b"one")
    source = bucket.stat(f"{place}/a")
    assert source is not None
    assert bucket.copy(source, f"{place}/b") is True
    assert bucket.copy(source, f"{place}/b") is False
    copied = bucket.stat(f"{place}/b")
    assert copied is not None
    assert copied.sha256 == source.sha256
    assert bucket.read(f"{place}/b") == b"one"


def test_objects_are_listed_in_the_order_of_their_names_and_a_star_stops_at_a_slash(bucket: Bucket, place: str) -> None:
    for name in ("b", "a", "deep/c"):
        bucket.put(f"{place}/{name}.json", b"{}")
    assert [it.name for it in bucket.objects(f"{place}/")] == [f"{place}/{it}.json" for it in ("a", "b", "deep/c")]
    assert [it.name for it in bucket.match(f"{place}/*.json")] == [f"{place}/{it}.json" for it in ("a", "b")]


def test_metadata_are_replaced_whole_and_only_while_they_are_as_they_were_seen(
    bucket: Bucket, storage_proxy: StrictProxy, place: str
) -> None:
    bucket.put(place, b"one", {"sources": "a", "lines": "1"})
    seen = bucket.stat(place)
    assert seen is not None
    labelled = bucket.label(seen, {"sha256": seen.sha256, "sources": "b"})
    assert labelled.metadata == {"sources": "b"}
    assert labelled == bucket.stat(place)
    with pytest.raises(Transient) as stale:
        bucket.label(seen, {"sha256": seen.sha256, "sources": "c"})
    assert stale.value.problem.code == "E-BKT-101"
    assert bucket.stat(place) == labelled


def test_metadata_of_bytes_that_were_replaced_meanwhile_are_not_written(bucket: Bucket, place: str) -> None:
    bucket.put(place, b"one", {"sources": "a"})
    seen = bucket.stat(place)
    assert seen is not None
    bucket.put(place, b"two", {"sources": "b"})
    with pytest.raises(Transient):
        bucket.label(seen, {"sha256": seen.sha256, "sources": "c"})
    now = bucket.stat(place)
    assert now is not None
    assert (now.sha256, now.metadata) == (sha256_of(b"two"), {"sources": "b"})


@pytest.mark.parametrize("kind", ["lost", "unavailable"])
def test_a_change_of_metadata_whose_answer_is_lost_is_made_once(
    bucket: Bucket, storage_proxy: StrictProxy, place: str, kind: str
) -> None:
    bucket.put(place, b"one", {"sources": "a"})
    seen = bucket.stat(place)
    assert seen is not None
    storage_proxy.fail(kind, "PATCH", "/o/")
    assert bucket.label(seen, {"sha256": seen.sha256, "sources": "b"}).metadata == {"sources": "b"}
    now = bucket.stat(place)
    assert now is not None
    assert now.metageneration == seen.metageneration + 1
