"""The zip a weekly export may come in: what is taken of it, and what is refused."""

import hashlib
import io
import struct
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.weekly_package import RefusedPackage, package_week, unpack

NAME = "HarvardX-2014-11-16.zip"
LINK = 0o120777 << 16


def package(tmp_path: Path, members: list[tuple[str, bytes]], attributes: int = 0) -> Path:
    path = tmp_path / "package"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes
            archive.writestr(info, content)
    return path


def unpacked(path: Path, limits: Limits | None = None) -> dict[str, bytes]:
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    found = {}
    for it in unpack(path, NAME, folder, limits or Limits()):
        found[it.name] = it.path.read_bytes()
        assert (it.size, it.sha256) == (len(found[it.name]), hashlib.sha256(found[it.name]).hexdigest())
    assert list(folder.iterdir()) == []
    return found


@pytest.mark.parametrize(
    ("name", "week"),
    [
        (NAME, date(2014, 11, 16)),
        ("mitx-2014-11-16.zip", date(2014, 11, 16)),
        ("HarvardX-2014-13-16.zip", None),
        ("HarvardX.zip", None),
        ("HarvardX-2014-11-16 (1).zip", None),
        ("../HarvardX-2014-11-16.zip", None),
    ],
)
def test_a_package_is_known_by_its_name(name, week):
    assert package_week(name) == week


def test_members_come_with_the_paths_of_loose_files(tmp_path):
    members = [("b.sql", b"id\n1\n"), ("ora/", b""), ("ora/a.sql", b"")]
    assert unpacked(package(tmp_path, members)) == {"b.sql": b"id\n1\n", "ora/a.sql": b""}


def test_a_folder_named_like_the_package_is_left_out(tmp_path):
    members = [("harvardx-2014-11-16/", b""), ("harvardx-2014-11-16/ora/a.sql", b"1"), ("harvardx-2014-11-16/b", b"2")]
    found = unpacked(package(tmp_path, members[1:]))
    assert found == {"ora/a.sql": b"1", "b": b"2"}
    assert unpacked(package(tmp_path, members)) == found


@pytest.mark.parametrize(
    "name",
    [
        "../b",
        "/etc/b",
        "a/../b",
        "a/./b",
        "a\\b",
        "..",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "C:b",
        "x" * 800,
        "a//b",
        "gs://b",
        "b ",
    ],
)
def test_a_name_that_leads_elsewhere_refuses_the_whole_package(tmp_path, name):
    path = package(tmp_path, [("a.sql", b"1"), ("placeholder", b"2")])
    # Python's own writer mends some of these names: they are put in afterwards.
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.sql", b"1")
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, b"2")
    with pytest.raises(RefusedPackage):
        unpacked(path)


@given(st.text(min_size=1, max_size=30))
def test_no_name_leads_out_of_the_export(tmp_path_factory, name):
    path = tmp_path_factory.mktemp("zip") / "package"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        try:
            archive.writestr(info, b"1")
        except UnicodeEncodeError:
            return
    try:
        found = unpacked(path)
    except RefusedPackage:
        return
    for taken in found:
        assert not taken.startswith("/")
        assert not {"", ".", ".."} & set(taken.split("/"))


def test_two_members_of_one_name_refuse_the_package(tmp_path):
    path = tmp_path / "package"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.sql", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.sql", b"2")
    with pytest.raises(RefusedPackage, match="more than once"):
        unpacked(path)


def test_links_are_refused(tmp_path):
    with pytest.raises(RefusedPackage, match="a link or a device"):
        unpacked(package(tmp_path, [("a", b"/etc/passwd")], attributes=LINK))


def test_encrypted_members_are_refused(tmp_path):
    path = package(tmp_path, [("a", b"1")])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8 : entry + 10] = struct.pack("<H", 1)
    path.write_bytes(content)
    with pytest.raises(RefusedPackage, match="encrypted"):
        unpacked(path)


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path):
    path = package(tmp_path, [("a", b"0" * 3_000_000)])
    with pytest.raises(RefusedPackage, match="reasonable size"):
        unpacked(path, Limits(expansion_free_bytes=1_000_000))
    with pytest.raises(RefusedPackage, match="reasonable size"):
        unpacked(path, Limits(content_bytes=2_999_999))
    assert len(unpacked(path)["a"]) == 3_000_000


def test_a_member_is_never_larger_than_the_directory_says(tmp_path):
    path = package(tmp_path, [("a", b"0" * 3_000_000)])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    with pytest.raises(RefusedPackage, match="readable"):
        unpacked(path)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_cut_package_is_refused(tmp_path, cut):
    path = package(tmp_path, [("a", bytes(range(256)) * 100)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(RefusedPackage, match="readable"):
        unpacked(path)


def test_a_flipped_byte_is_found(tmp_path):
    path = package(tmp_path, [("a", bytes(range(256)) * 100)])
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(RefusedPackage, match="readable"):
        unpacked(path)


def test_a_package_in_a_package_is_a_member_like_any_other(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("../x", b"1")
    assert list(unpacked(package(tmp_path, [("inner.zip", inner.getvalue())]))) == ["inner.zip"]
