"""The classes of columns: nobody forgets to mark what tells who somebody is."""

from collections.abc import Iterator
from pathlib import Path

from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Field
from edx_warehouse.tables.privacy import restricted

INCLUDE = Path(__file__).resolve().parents[2] / "include"

# What has such a name is restricted in whatever table it is, also inside a RECORD. Upper and lower case do not count.
ALWAYS = frozenset(Path(__file__).with_name("restricted_names.txt").read_text(encoding="utf-8").split())
# Names that say nothing about a person where they stand.
EXCEPT = frozenset(
    {
        "transformed.survey_questions.answers",  # how many there are
        # places of networks, whoever is there
        *(f"reference.geoip_networks.{name}" for name in ("city", "postalCode", "latitude", "longitude")),
    }
)


def columns(fields: tuple[Field, ...], path: str) -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{path}.{field.name}", field
        yield from columns(field.fields, f"{path}.{field.name}")


def every_column() -> Iterator[tuple[str, Field]]:
    for reference, table in Catalog.read(INCLUDE).items():
        yield from columns(table.fields, reference)


def test_columns_of_names_that_tell_who_somebody_is_are_restricted_wherever_they_are() -> None:
    forgotten = [
        path
        for path, field in every_column()
        if field.name.lower() in ALWAYS and field.privacy != "restricted" and path not in EXCEPT
    ]
    assert forgotten == []


def test_exceptions_are_columns_that_there_are() -> None:
    assert {path for path, _ in every_column()} >= EXCEPT


def test_the_warehouses_own_records_have_nothing_restricted() -> None:
    found = {it: restricted(table.fields) for it, table in Catalog.read(INCLUDE).items() if table.layer == "ops"}
    assert {it: columns for it, columns in found.items() if columns} == {}


def test_what_tells_who_somebody_is_is_restricted_where_edx_delivers_it() -> None:
    texts = {
        "users": ("username", "email"),
        "profiles": ("name", "language", "location", "year_of_birth", "city"),
        "studentmodule": ("state",),
    }
    contracts = Contracts.read(INCLUDE).by_name
    for name, wanted in texts.items():
        found = {column.name for column in contracts[name].columns if column.privacy != "public"}
        assert set(wanted) <= found, name


def test_what_must_never_be_loaded_is_of_the_class_never() -> None:
    columns = {
        "users": {"password", "first_name", "last_name"},
        "profiles": {"mailing_address", "bio", "goals", "meta"},
        "certificates": {"download_url", "key", "verify_uuid", "download_uuid"},
    }
    contracts = Contracts.read(INCLUDE).by_name
    for name, wanted in columns.items():
        assert wanted <= {it.name for it in contracts[name].columns if it.privacy == "never"}, name
