"""Tables that hold the rows of one delivered file: declared by a schema file alone."""

from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.tables.catalog import Catalog
from fakes.weekly_delivery import CONTRACTS, COURSE, Delivery, json_rows

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CONTRACT = """\
description: d
source: t
escaping: mysql
columns:
  - {name: id, type: INTEGER, required: true, class: public, description: d}
  - {name: course_id, type: STRING, class: public, description: d}
  - {name: place, type: STRING, class: public, description: d}
  - {name: secret, type: STRING, class: never, description: d}
"""
ID = "{name: id, type: INTEGER, mode: REQUIRED, description: d}"
COURSE_ID = "{name: course_id, type: STRING, mode: REQUIRED, description: d}"


def rows_of(delivery: Delivery, table: str) -> list[dict[str, object]]:
    delivery.convert(delivery.folder.parent / "out")
    return json_rows(delivery.folder.parent / f"out/transformed/{table}.json.gz")


def read(folder: Path, *fields: str, raw: str = "t", name: str = "table_of_t") -> Contracts:
    for layer, file, text in (
        ("raw", "t", CONTRACT),
        ("transformed", name, f"description: D.\nraw: {raw}\nfields:\n" + "".join(f"  - {it}\n" for it in fields)),
    ):
        path = folder / "schemas" / layer / f"{file}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Contracts.read(folder)


def test_rows_are_typed_in_the_order_of_the_schema_and_what_is_null_is_left_out(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.rows["rolecourse"] = [
        {"org": "HarvardX", "course_id": COURSE.opaque, "user_id": "7", "role": "staff"},
        {"org": "HarvardX", "course_id": "", "user_id": "8", "role": None},
        {"org": "HarvardX", "course_id": "HarvardX/CS50x/2013", "user_id": "9", "role": "staff"},
    ]
    rows = rows_of(delivery, "rolecourse")
    assert rows == [
        {"course_id": str(COURSE), "org": "HarvardX", "user_id": 7, "role": "staff"},
        {"course_id": str(COURSE), "org": "HarvardX", "user_id": 8},
    ]
    assert list(rows[0]) == ["course_id", "org", "user_id", "role"]


def test_a_row_of_another_course_is_counted_and_kept_in_raw(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.rows["roleforum"] = [{"course_id": "HarvardX/CS50x/2013", "user_id": "9", "name": "Student"}]
    week = delivery.convert(tmp_path / "out")
    [file] = [it for it in week.files if it.name == "roleforum"]
    assert (file.rows_in, file.rows_out, file.rows_of_others) == (1, 1, 1)
    assert week.outputs["transformed/roleforum.json.gz"].rows == 0
    assert "roleforum: 1 rows of another course are not in the transformed table" in week.drift


def test_a_column_may_have_another_name_and_blocks_are_written_in_one_form(tmp_path):
    delivery = Delivery(tmp_path / "in")
    at = "2015-09-01 08:00:00"
    delivery.rows["verify_student_verificationstatus"] = [{"timestamp": at, "status": "approved", "user_id": "7"}]
    subsection = "block-v1:HarvardX+CS50x+2014_T1+type@sequential+block@hw"
    delivery.rows["grades_persistentsubsectiongrade"] = [
        {"user_id": "7", "usage_key": key, "earned_all": "1.5"} for key in (subsection, "odd", None)
    ]
    week = delivery.convert(tmp_path / "out")
    [status] = json_rows(tmp_path / "out/transformed/verify_student_verificationstatus.json.gz")
    assert status == {"course_id": str(COURSE), "user_id": 7, "time": "2015-09-01T08:00:00Z", "status": "approved"}
    grades = json_rows(tmp_path / "out/transformed/grades_persistentsubsectiongrade.json.gz")
    assert [row.get("usage_key") for row in grades] == ["HarvardX/CS50x/sequential/hw", "odd", None]
    assert "grades_persistentsubsectiongrade: 1 block ids of no known form: kept as they are" in week.drift


def test_a_course_without_the_files_has_the_tables_without_rows(tmp_path):
    week = Delivery(tmp_path / "in").convert(tmp_path / "out")
    made = {table.path: week.outputs[table.path].rows for table in CONTRACTS.tables.values()}
    assert made
    assert set(made.values()) == {0}
    assert not [line for line in week.drift if "rolecourse" in line]


def test_the_conversion_and_the_catalog_read_the_same_declarations():
    catalog = Catalog.read(INCLUDE)
    declared = {table.name: table.raw for table in catalog.values() if table.raw}
    assert {table.name: raw for raw, table in CONTRACTS.tables.items()} == declared
    for table in CONTRACTS.tables.values():
        assert [name for _, name in table.members] == [it.name for it in catalog[f"transformed.{table.name}"].fields]


def test_what_a_table_takes_is_part_of_the_conversions_digest_and_what_it_says_is_not(tmp_path):
    one = read(tmp_path, ID, COURSE_ID).fingerprint
    assert read(tmp_path, ID, COURSE_ID.replace("description: d", "description: e")).fingerprint == one
    assert read(tmp_path, COURSE_ID, ID).fingerprint != one
    assert read(tmp_path, ID, COURSE_ID, "{name: place, type: STRING, description: d}").fingerprint != one


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ([ID, COURSE_ID, "{name: nothing, type: STRING, description: d}"], "fields.nothing"),
        ([ID, COURSE_ID, "{name: secret, type: STRING, description: d}"], "fields.secret"),
        ([ID, COURSE_ID, "{name: where, from: secret, type: STRING, description: d}"], "fields.where"),
        ([ID, COURSE_ID, "{name: place, type: INTEGER, description: d}"], "fields.place.type"),
        ([ID, COURSE_ID, "{name: place, type: STRING, mode: REQUIRED, description: d}"], "fields.place.mode"),
        ([ID, COURSE_ID, "{name: place, type: STRING, form: upper, description: d}"], "fields.place.form"),
        ([ID], "fields"),
    ],
)
def test_what_no_row_of_the_file_could_give_is_refused_by_key(tmp_path, fields, key):
    with pytest.raises(Terminal) as caught:
        read(tmp_path, *fields)
    assert caught.value.problem.field == key


def test_a_file_has_a_contract_and_one_table(tmp_path):
    with pytest.raises(Terminal, match="a file with a contract"):
        read(tmp_path / "a", ID, COURSE_ID, raw="u")
    read(tmp_path / "b", ID, COURSE_ID)
    with pytest.raises(Terminal, match="one table of each file"):
        read(tmp_path / "b", ID, COURSE_ID, name="second")
