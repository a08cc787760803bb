from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.tables.catalog import Catalog

SCHEMA = """
description: One row per x.
grain: [x]
fields:
  - {name: x, type: INTEGER, mode: REQUIRED, description: A number.}
  - name: parts
    type: RECORD
    mode: REPEATED
    description: Its parts.
    fields:
      - {name: y, type: STRING, description: A part.}
"""


def write(include: Path, **files: str) -> Path:
    """Write ``layer__table="schema or SQL"`` files."""
    for name, text in files.items():
        layer, _, table = name.partition("__")
        kind, end = ("sql", "sql") if text.startswith("SELECT") else ("schemas", "yaml")
        path = include / kind / layer / f"{table}.{end}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return include


def chain(include: Path) -> Path:
    write(include, logs__events=SCHEMA, secondary__b=SCHEMA, secondary__a=SCHEMA, secondary__c=SCHEMA)
    write(include, secondary__b="SELECT e.x FROM logs.events AS e")
    write(include, secondary__a="SELECT b.x FROM secondary.b AS b CROSS JOIN logs.events AS e WHERE b.x = @course_id")
    return write(include, secondary__c="SELECT b.x FROM secondary.a AS b")


def refused(include: Path) -> tuple[str, str]:
    with pytest.raises(Terminal) as caught:
        Catalog.read(include)
    return caught.value.problem.code, str(caught.value)


def test_a_table_is_its_schema_and_its_query(tmp_path: Path) -> None:
    table = Catalog.read(chain(tmp_path))["secondary.a"]
    assert table.reference == "secondary.a"
    assert table.references == ("logs.events", "secondary.b")
    assert table.sql is not None
    assert "@course_id" in table.sql
    assert [(field.name, field.type, field.mode) for field in table.fields] == [
        ("x", "INTEGER", "REQUIRED"),
        ("parts", "RECORD", "REPEATED"),
    ]
    assert table.fields[1].fields[0].description == "A part."


def test_tables_are_ordered_by_their_inputs(tmp_path: Path) -> None:
    catalog = Catalog.read(chain(tmp_path))
    names = ["secondary.c", "secondary.a", "logs.events", "secondary.b"]
    assert catalog.order(names) == catalog.order(reversed(names)) == [*names[2:], "secondary.a", "secondary.c"]
    assert catalog.order(["secondary.c", "secondary.b"]) == ["secondary.b", "secondary.c"]
    assert catalog.inputs("secondary.c") == ("secondary.a",)
    with pytest.raises(KeyError):
        catalog.order(["secondary.nobody"])


def test_a_cycle_is_refused(tmp_path: Path) -> None:
    write(chain(tmp_path), secondary__b="SELECT c.x FROM secondary.c AS c")
    code, text = refused(tmp_path)
    assert code == "E-CFG-104"
    assert " -> " in text


def test_an_undeclared_reference_is_refused(tmp_path: Path) -> None:
    write(chain(tmp_path), secondary__b="SELECT c.x FROM logs.evnets AS c")
    code, text = refused(tmp_path)
    assert (code, "logs.evnets" in text) == ("E-CFG-103", True)


def test_an_unreadable_query_is_refused_with_its_file(tmp_path: Path) -> None:
    write(chain(tmp_path), secondary__b="SELECT FROM WHERE (")
    code, text = refused(tmp_path)
    assert (code, "b.sql" in text) == ("E-CFG-105", True)


def test_an_unknown_parameter_is_refused(tmp_path: Path) -> None:
    write(chain(tmp_path), secondary__b="SELECT e.x FROM logs.events AS e WHERE e.x = @corse_id")
    code, text = refused(tmp_path)
    assert (code, "@corse_id" in text) == ("E-CFG-105", True)


@pytest.mark.parametrize(
    "files",
    [{"secondary__d": SCHEMA}, {"secondary__d": "SELECT 1 AS one"}, {"logs__events": "SELECT 1 AS one"}],
    ids=["no query", "no schema", "a query for a loaded table"],
)
def test_a_table_without_its_pair_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    write(chain(tmp_path), **files)
    assert refused(tmp_path)[0] == "E-CFG-102"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("grain: [x]", "grain: [x]\nowner: me", "owner"),
        ("grain: [x]\n", "", "grain"),
        ("grain: [x]", "grain: [z]", "columns of this table"),
        ("grain: [x]", "grain: [parts]", "columns of a single value"),
        ("grain: [x]", "grain: [[x]]", "columns of this table"),
        ("grain: [x]", "grain: [x]\npartition: x", "a DATE or TIMESTAMP column"),
        ("grain: [x]", "grain: [x]\nlook_back: 1", "a partition beside it"),
        ("grain: [x]", "grain: [x]\npartition: x\nlook_back: 0", "a DATE or TIMESTAMP column"),
        ("grain: [x]", "grain: [x]\ncluster: [x, x]", "each column once"),
        (", description: A part.", "", "parts.fields[0].description"),
        ("A number.", '" "', "say what it means"),
        ("type: INTEGER", "type: INT64", "fields.x.type"),
        ("mode: REQUIRED", "mode: required", "fields.x.mode"),
        ("name: x", "name: x-y", "letters, digits and _"),
        ("name: parts", "name: X", "each column once"),
        ("type: STRING", "type: RECORD", "fields in a RECORD"),
        ("One row per x.", "x" * 4001, "at most 4000 characters"),
        ("grain: [x]", "grain: [x]\nchecks: [{claim: is_nice}]", "checks[0].claim"),
        ("grain: [x]", "grain: [x]\nchecks: [{claim: range, columns: [x]}]", "min, max or both"),
        ("grain: [x]", "grain: [x]\nchecks: [{claim: range, columns: [x], min: big}]", "checks[0].min"),
        ("grain: [x]", "grain: [x]\nchecks: [{claim: not_negative, columns: [z]}]", "columns of this table"),
        ("grain: [x]", "grain: [x]\nwarnings: [{claim: rows_at_least}]", "warnings[0].rows"),
        ("grain: [x]", "grain: [x]\nwarnings: [{claim: rows_at_least, rows: true}]", "warnings[0].rows"),
    ],
)
def test_a_doubtful_declaration_is_refused_and_says_where(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SCHEMA
    write(tmp_path, logs__events=SCHEMA.replace(old, new, 1))
    code, text = refused(tmp_path)
    assert (code, "events.yaml" in text) == ("E-CFG-102", True)
    assert told in text


def test_a_relationship_is_to_a_declared_table(tmp_path: Path) -> None:
    claim = "{claim: relationship, column: x, table: logs.nothing, other: x}"
    write(chain(tmp_path), logs__more=SCHEMA + f"checks: [{claim}]\n")
    assert refused(tmp_path)[0] == "E-CFG-103"


KEPT = """
description: One row per day.
grain: [day]
partition: day
fields:
  - {name: day, type: DATE, mode: REQUIRED, description: A day.}
"""
OF_DATES = "WHERE e.day IN UNNEST(@event_dates)"


def dated(include: Path) -> Path:
    """Write day tables, a table kept by date, and one that is made from it."""
    write(include, logs__tracklog=KEPT, secondary__a=KEPT, secondary__b=KEPT + "look_back: 2\n")
    write(include, secondary__a=f"SELECT e.day FROM logs.tracklog AS e {OF_DATES}")
    return write(include, secondary__b=f"SELECT e.day FROM secondary.a AS e {OF_DATES}")


def test_a_table_is_kept_by_date_when_its_query_asks_for_event_dates(tmp_path: Path) -> None:
    catalog = Catalog.read(dated(tmp_path))
    assert [it for it in catalog if catalog[it].is_kept_by_date] == ["secondary.a", "secondary.b"]
    assert [catalog[it].look_back for it in ("secondary.a", "secondary.b")] == [0, 2]


@pytest.mark.parametrize("days", ["0", "-1", "true", "one", "1.5", "''"])
def test_a_look_back_is_a_whole_number_of_days(tmp_path: Path, days: str) -> None:
    write(dated(tmp_path), secondary__b=f"{KEPT}look_back: {days}\n")
    code, text = refused(tmp_path)
    assert (code, "look_back" in text) == ("E-CFG-102", True)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"secondary__b": KEPT.replace("partition: day\n", "")}, "partition"),
        ({"secondary__b": "SELECT e.day FROM secondary.a AS e"}, "@event_dates"),
        ({"secondary__a": "SELECT e.day FROM logs.tracklog AS e"}, "@event_dates"),
        ({"secondary__b": "SELECT e AS day FROM UNNEST(@event_dates) AS e"}, "a table to read"),
        ({"logs__whole": KEPT, "secondary__b": f"SELECT e.day FROM logs.whole AS e {OF_DATES}"}, "logs.whole"),
    ],
    ids=["no partition", "a look-back of a whole table", "all logs at once", "nothing read", "an input that is not"],
)
def test_a_table_that_cannot_be_kept_by_date_is_refused(tmp_path: Path, files: dict[str, str], told: str) -> None:
    write(dated(tmp_path), **files)
    code, text = refused(tmp_path)
    assert (code, told in text) == ("E-CFG-105", True)
