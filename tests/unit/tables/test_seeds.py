"""Reference tables of this package: their files fit their schemas, and what does not fit is refused."""

import ipaddress
import json
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.seeds import seed_rows

INCLUDE = Path(__file__).resolve().parents[3] / "include"
SEEDS = [it for it in Catalog.read(INCLUDE).values() if it.seed]
FIELDS = (Field("cc", "STRING", "REQUIRED"), Field("people", "INTEGER"), Field("share", "FLOAT"))


@pytest.mark.parametrize("table", SEEDS, ids=lambda it: it.name)
def test_a_seed_has_rows_of_its_schema_and_each_grain_once(table: Table) -> None:
    assert table.seed
    rows = [json.loads(line) for line in seed_rows(table.seed, table.fields)]
    keys = [tuple(row[name] for name in table.grain) for row in rows]
    assert rows
    assert len(set(keys)) == len(keys)


def test_networks_of_the_sample_begin_and_end_where_they_say() -> None:
    table = next(it for it in SEEDS if it.name == "geoip_networks")
    assert table.seed
    for row in map(json.loads, seed_rows(table.seed, table.fields)):
        network = ipaddress.ip_network(row["network"])
        assert (network.prefixlen, network.network_address.packed.hex()) == (row["prefix"], row["start"])


def test_every_place_of_the_sample_is_in_a_country_that_there_is() -> None:
    rows = {it.name: [json.loads(line) for line in seed_rows(it.seed, it.fields)] for it in SEEDS if it.seed}
    assert {it["country"] for it in rows["geoip_networks"]} <= {it["cc"] for it in rows["countries"]}


def test_a_blank_value_is_left_out_and_others_have_their_type(tmp_path: Path) -> None:
    path = tmp_path / "seed.csv"
    path.write_text("cc,people,share\nNO,5,\nNA,,0.5\n")
    assert [json.loads(it) for it in seed_rows(path, FIELDS)] == [{"cc": "NO", "people": 5}, {"cc": "NA", "share": 0.5}]


@pytest.mark.parametrize(
    "content",
    ["cc,people\nNO,5\n", "cc,people,share\n,5,\n", "cc,people,share\nNO,many,\n", "cc,people,share\nNO,1,2,3\n"],
)
def test_a_seed_that_does_not_fit_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seed.csv"
    path.write_text(content)
    with pytest.raises(Terminal, match="E-CFG-102"):
        list(seed_rows(path, FIELDS))
