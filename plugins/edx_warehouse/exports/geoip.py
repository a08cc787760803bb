"""MaxMind's City database as CSV (GeoLite2 or GeoIP2): networks with their places, as rows of ``geoip_networks``."""

import csv
import io
import json
import socket
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Problem, Terminal

_LOCATIONS = "-City-Locations-en.csv"
_BLOCKS = ("-City-Blocks-IPv4.csv", "-City-Blocks-IPv6.csv")
_PLACE = {  # MaxMind's column to ours
    "country_iso_code": "country",
    "subdivision_1_iso_code": "region_code",
    "subdivision_1_name": "subdivision",
    "city_name": "city",
}
_COUNTRY_ONLY = {"country_iso_code": "country"}


def geoip_rows(path: Path) -> Iterator[bytes]:
    """Yield the networks of a downloaded zip as JSON lines, each with its line end; unknown values are left out.

    A network without a place of its own has the country in which it is registered.

    :raises Terminal: ``E-REF-101`` when the file is not such a zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            places = {row["geoname_id"]: row for row in _rows(archive, _LOCATIONS)}
            for ending in _BLOCKS:
                for row in _rows(archive, ending):
                    yield json.dumps(_network(row, places), ensure_ascii=False).encode() + b"\n"
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, csv.Error) as error:
        raise Terminal(
            Problem(
                code="E-REF-101",
                unit="reference.geoip_networks",
                expected="the zip of a MaxMind City database in CSV format",
                found=type(error).__name__,
                done="the table is as it was before",
                next="download the file again, or correct geoip in the registry; then clear this task",
            )
        ) from error


def _network(row: Mapping[str, str], places: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    address, bits = row["network"].split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    known = {"network": row["network"], "prefix": int(bits), "start": socket.inet_pton(family, address).hex()}
    if row["geoname_id"]:
        found = _texts(places[row["geoname_id"]], _PLACE)
    else:
        found = _texts(places.get(row["registered_country_geoname_id"], {}), _COUNTRY_ONLY)
    found |= _texts(row, {"postal_code": "postalCode"})
    degrees = {name: float(row[name]) for name in ("latitude", "longitude") if row[name]}
    return known | found | degrees


def _texts(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {ours: row[theirs] for theirs, ours in names.items() if row.get(theirs)}


def _rows(archive: zipfile.ZipFile, ending: str) -> Iterator[dict[str, str]]:
    [name] = [it for it in archive.namelist() if it.endswith(ending)]
    with archive.open(name) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, strict=True)
