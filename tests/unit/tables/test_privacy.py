from dataclasses import replace

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Institution
from edx_warehouse.tables.declarations import Field, Table
from edx_warehouse.tables.privacy import require_protection, restricted
from edx_warehouse.tables.provenance import digest

INSTITUTION = Institution("HarvardX", "harvardx-data", "harvardx-data", "file:///srv/h", ("harvardx",), ("prod",))
FIELDS = (
    Field("user_id", "INTEGER"),
    Field("username", "STRING", privacy="restricted"),
    Field("struct", "RECORD", fields=(Field("query", "STRING", privacy="restricted"), Field("speed", "FLOAT"))),
)
PEOPLE = Table("secondary", "people", "One row per person.", ("user_id",), None, (), FIELDS)
COUNTS = replace(PEOPLE, name="counts", fields=FIELDS[:1])


def test_restricted_columns_are_found_inside_records_too() -> None:
    assert restricted(FIELDS) == ["username", "struct.query"]


def test_without_a_list_every_table_may_have_restricted_columns() -> None:
    require_protection(INSTITUTION, [PEOPLE, COUNTS])


def test_a_list_names_every_table_with_restricted_columns() -> None:
    require_protection(replace(INSTITUTION, restricted_tables=frozenset({"secondary.people"})), [PEOPLE, COUNTS])
    with pytest.raises(Terminal, match=r"E-CFG-107.*secondary\.people.*username, struct\.query"):
        require_protection(replace(INSTITUTION, restricted_tables=frozenset({"secondary.counts"})), [PEOPLE, COUNTS])


def test_a_list_names_only_tables_that_there_are() -> None:
    named = replace(INSTITUTION, restricted_tables=frozenset({"secondary.people", "secondary.persons"}))
    with pytest.raises(Terminal, match=r"E-CFG-107.*secondary\.persons"):
        require_protection(named, [PEOPLE, COUNTS])


def test_a_class_changes_the_digest_of_a_table_and_public_is_as_if_nothing_was_said() -> None:
    marked, public = (replace(FIELDS[0], privacy=it) for it in ("restricted", "public"))
    assert digest("t", None, [marked], {}, {}) != digest("t", None, [public], {}, {})
    assert digest("t", None, [Field("n", "INTEGER")], {}, {}) == (
        "690dfcf8a15e25c8c373af13ab8a7eb87d2f3cc2b9f131e6dcfd39f42ea3f11"
    )
