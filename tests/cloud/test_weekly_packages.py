"""Weekly exports that come as a zip: behind the mirror nobody can tell."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from threading import Timer

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.holds import holds
from fakes.institution import CS50, DeliveredTo
from fakes.strict_proxy import StrictProxy

WEEK = date(2014, 11, 16)
NAME = f"HarvardX-{WEEK}.zip"
USERS = f"{CS50.file_prefix}-auth_user-prod-analytics.sql"
SCORES = f"ora/{CS50.file_prefix}-submissions_score-prod-analytics.sql"
FILES = {USERS: b"id\n1\n", SCORES: b"id\n2\n"}


@pytest.fixture
def there(tmp_path: Path, storage_client: storage.Client, warehouse: Warehouse, place: str) -> DeliveredTo:
    return DeliveredTo(tmp_path, storage_client, warehouse, place)


def zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def put(there: DeliveredTo, name: str, content: bytes) -> Path:
    path = there.archive / "incoming/weekly" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(there: DeliveredTo) -> dict[str, bytes | None]:
    """Return what the manifest names, with its content."""
    document = json.loads(there.bucket.read(places.weekly_manifest(WEEK)) or b'{"files": []}')
    return {it["name"]: there.bucket.read(places.weekly(WEEK) + it["name"]) for it in document["files"]}


@pytest.mark.parametrize("place_of_zip", [f"{WEEK}/{NAME}", NAME])
def test_a_zip_becomes_the_objects_of_loose_files(
    there: DeliveredTo, storage_proxy: StrictProxy, place_of_zip: str
) -> None:
    path = put(there, place_of_zip, zipped(FILES))
    there.mirror("weekly")
    assert names(there) == FILES
    manifest = json.loads(there.bucket.read(places.weekly_manifest(WEEK)) or b"")
    assert [(it["name"], it["bytes"]) for it in manifest["packages"]] == [(NAME, path.stat().st_size)]
    before = there.generations()
    there.mirror("weekly")
    assert there.generations() == before
    path.write_bytes(zipped({USERS: b"id\n1\n3\n"}))
    there.mirror("weekly")
    assert names(there) == {USERS: b"id\n1\n3\n"}


def test_loose_files_beside_a_zip_are_part_of_the_export(there: DeliveredTo) -> None:
    put(there, f"{WEEK}/{NAME}", zipped(FILES))
    put(there, f"{WEEK}/{USERS}", FILES[USERS])
    put(there, f"{WEEK}/README", b"hello")
    put(there, "HarvardX.zip", zipped(FILES))
    assert there.mirror("weekly")["strange"] == 1
    assert names(there) == {**FILES, "README": b"hello"}
    before = there.generations()
    there.mirror("weekly")
    assert there.generations() == before


def test_a_bad_zip_holds_its_week_and_no_other_until_it_is_replaced(there: DeliveredTo) -> None:
    put(there, f"{WEEK}/{NAME}", zipped(FILES))
    there.mirror("weekly")
    good = names(there)
    path = put(there, f"{WEEK}/{NAME}", zipped({**FILES, USERS: b"id\n9\n", "../../evil": b"1"}))
    put(there, "2014-11-23/a.sql", b"id\n")
    assert there.mirror("weekly")["refused"] == 1
    assert names(there) == good
    assert there.bucket.stat(places.weekly_manifest(date(2014, 11, 23)))
    ((held, problem),) = holds(there.bucket)
    assert (held, problem["code"]) == (f"quarantine/weekly/{WEEK}/packages/held.json", "E-MIR-103")
    assert not [it for it in there.generations() if "evil" in it]
    path.write_bytes(zipped({USERS: b"id\n9\n"}))
    there.mirror("weekly")
    assert (names(there), holds(there.bucket)) == ({USERS: b"id\n9\n"}, [])


def test_a_file_that_differs_from_the_one_in_the_zip_holds_the_week(there: DeliveredTo) -> None:
    put(there, f"{WEEK}/{NAME}", zipped(FILES))
    loose = put(there, f"{WEEK}/{USERS}", b"id\n7\n")
    assert there.mirror("weekly")["refused"] == 1
    assert names(there) == {}
    loose.unlink()
    there.mirror("weekly")
    assert (names(there), holds(there.bucket)) == (FILES, [])


def test_a_zip_of_another_week_in_a_folder_is_refused(there: DeliveredTo) -> None:
    put(there, f"{WEEK}/HarvardX-2014-11-09.zip", zipped(FILES))
    assert there.mirror("weekly")["refused"] == 1
    assert names(there) == {}


def test_a_zip_that_grows_waits_for_the_next_look(there: DeliveredTo) -> None:
    path = put(there, f"{WEEK}/{NAME}", zipped(FILES)[:100])
    growth = Timer(0.3, path.write_bytes, [zipped(FILES)])
    growth.start()
    assert there.mirror("weekly", settle_seconds=1.5)["growing"] == 1
    growth.join()
    assert (names(there), holds(there.bucket)) == ({}, [])
    there.mirror("weekly")
    assert names(there) == FILES
