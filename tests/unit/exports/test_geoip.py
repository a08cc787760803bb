"""MaxMind's zip becomes rows of networks."""

import json
import zipfile
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.exports.geoip import geoip_rows

LOCATIONS = "geoname_id,locale_code,country_iso_code,country_name,subdivision_1_iso_code,subdivision_1_name,city_name\n"
BLOCKS = "network,geoname_id,registered_country_geoname_id,postal_code,latitude,longitude\n"


def database(folder: Path, v4: str, v6: str = "") -> Path:
    path = folder / "GeoLite2-City-CSV.zip"
    places = "1,en,US,United States,MA,Massachusetts,Cambridge\n2,en,DE,Germany,,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("d/GeoLite2-City-Locations-en.csv", LOCATIONS + places)
        archive.writestr("d/GeoLite2-City-Locations-de.csv", LOCATIONS)
        archive.writestr("d/GeoLite2-City-Blocks-IPv4.csv", BLOCKS + v4)
        archive.writestr("d/GeoLite2-City-Blocks-IPv6.csv", BLOCKS + v6)
    return path


def test_a_network_has_its_place_and_its_first_address(tmp_path: Path) -> None:
    path = database(tmp_path, "192.0.2.0/25,1,2,02139,42.5,-71.25\n", "2001:db8::/33,2,2,,,\n")
    assert [json.loads(it) for it in geoip_rows(path)] == [
        {"network": "192.0.2.0/25", "prefix": 25, "start": "c0000200", "country": "US", "region_code": "MA",
         "subdivision": "Massachusetts", "city": "Cambridge", "postalCode": "02139", "latitude": 42.5,
         "longitude": -71.25},
        {"network": "2001:db8::/33", "prefix": 33, "start": "20010db8000000000000000000000000", "country": "DE"},
    ]  # fmt: skip


def test_a_network_without_a_place_is_of_the_country_that_registered_it(tmp_path: Path) -> None:
    rows = [json.loads(it) for it in geoip_rows(database(tmp_path, "192.0.2.0/24,,1,,,\n198.51.100.0/24,,,,,\n"))]
    assert [it.get("country") for it in rows] == ["US", None]
    assert "city" not in rows[0]


@pytest.mark.parametrize("v4", ["192.0.2.0,1,2,,,\n", "192.0.2.0/24,77,2,,,\n", "somewhere/24,1,2,,,\n"])
def test_blocks_that_cannot_be_read_are_refused(tmp_path: Path, v4: str) -> None:
    with pytest.raises(Terminal, match="E-REF-101"):
        list(geoip_rows(database(tmp_path, v4)))


def test_a_file_that_is_no_such_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "GeoLite2-City.mmdb"
    path.write_bytes(b"binary")
    with pytest.raises(Terminal, match="E-REF-101"):
        list(geoip_rows(path))
