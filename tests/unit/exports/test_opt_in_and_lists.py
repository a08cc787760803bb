"""E-mail opt-in, course listing and staff list: by contract, by name."""

import gzip
import json
from pathlib import Path

import pytest

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Broken, Contracts
from edx_warehouse.exports.opt_in import OptIn
from edx_warehouse.exports.people import People
from edx_warehouse.exports.reference_lists import LISTS, ReferenceList
from edx_warehouse.tables.schema_files import read_table

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CONTRACTS = Contracts.read(INCLUDE)
COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")


def opt_in(tmp_path, *contents):
    files = []
    for number, content in enumerate(contents):
        files.append(tmp_path / f"Org{number}-email_opt_in-prod-analytics.csv")
        files[-1].write_text(content)
    users = tmp_path / "users.csv.gz"
    users.write_bytes(gzip.compress(b"id,username,email\n5,ada,Ada@example.com\n12,zoe,zoe@example.com\n"))
    found = OptIn(files, COURSE, CONTRACTS.by_name["email_opt_in"])
    people = People(found.keys, {"users": users})
    return found, [json.loads(line) for line in found.rows(people)]


def test_the_latest_word_of_each_person_of_the_course_counts(tmp_path):
    found, rows = opt_in(
        tmp_path,
        "user_id,username,email,full_name,course_id,is_opted_in_for_email,preference_set_datetime\n"
        f"12,zoe,z@example.com,Zoë,{COURSE},True,2017-01-05 12:00:00\n"
        f"12,zoe,z@example.com,Zoë,{COURSE.opaque},False,2017-02-05 12:00:00+00:00\n"
        f"5,ada,a@example.com,Ada,{COURSE},True,\n"
        "5,ada,a@example.com,Ada,HarvardX/Other/2014,False,2017-02-05 12:00:00\n"
        f"77,x,x@example.com,X,{COURSE},True,2017-01-05 12:00:00\n"
        f"5,ada,a@example.com,Ada,{COURSE},True,soon\n",
    )
    assert rows == [
        {"course_id": str(COURSE), "user_id": 5, "is_opted_in_for_email": True},
        {
            "course_id": str(COURSE),
            "user_id": 12,
            "is_opted_in_for_email": False,
            "preference_set_datetime": "2017-02-05T12:00:00Z",
        },
    ]
    assert found.unknown == 1
    assert [(row.line, row.reason) for row in found.quarantined] == [(7, "value")]


def test_before_2017_the_account_is_found_by_its_address(tmp_path):
    header = "email,full_name,course_id,is_opted_in_for_email,preference_set_datetime\n"
    found, rows = opt_in(tmp_path, f"{header}ada@EXAMPLE.com,Ada,{COURSE},True,2014-11-05 12:00:00\n")
    assert [(row["user_id"], row["is_opted_in_for_email"]) for row in rows] == [(5, True)]
    assert "ada@" not in json.dumps(rows).lower()
    assert any("user_id is absent" in line for line in found.drift)


def test_a_file_that_cannot_be_taken_is_held_and_the_other_is_read(tmp_path):
    header = "email,full_name,course_id,is_opted_in_for_email,preference_set_datetime\n"
    found, rows = opt_in(tmp_path, "email,course_id\n", f"{header}ada@example.com,Ada,{COURSE},True,\n", 'email,"x')
    assert {name.split("-")[0]: it.code for name, it in found.problems.items()} == {
        "Org0": "E-SRV-104",
        "Org2": "E-SRV-102",
    }
    assert [row["user_id"] for row in rows] == [5]


def test_an_answer_that_is_neither_yes_nor_no_is_set_aside(tmp_path):
    header = "email,full_name,course_id,is_opted_in_for_email,preference_set_datetime\n"
    found, rows = opt_in(tmp_path, f"{header}ada@example.com,Ada,{COURSE},perhaps,\n")
    assert rows == []
    assert [(row.line, row.reason) for row in found.quarantined] == [(2, "value")]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("HarvardX-email_opt_in-prod-analytics.csv", True),
        ("HarvardX-email_opt_in-prod-edge-analytics.csv", False),
        ("HarvardX-email_opt_in-edge-analytics.csv", False),
        ("HarvardX-CS50x-2014_T1-auth_user-prod-analytics.sql", False),
    ],
)
def test_an_opt_in_file_is_told_by_its_name(name, ours):
    assert places.is_opt_in(name) is ours


def listed(tmp_path, name, text):
    path = tmp_path / f"{name}.csv"
    path.write_text(text)
    made = ReferenceList(name, path, CONTRACTS.by_name[name])
    return made, [json.loads(line) for line in made.rows()]


LISTING = (
    "Institution,Semester,New or Rerun,Course Number,Short Title,Title,Instructors,Registration Open,Course Launch,"
    "Course Wrap,course_id\n"
)


def test_a_course_listing_has_days_and_one_spelling_of_ids(tmp_path):
    text = (
        LISTING + f'HarvardX,Fall 2014,New,CS50x,CS50,"Computing, well",D. M.,8/1/2014,9/1/2014,TBD,{COURSE.opaque}\n'
    )
    made, [row] = listed(tmp_path, "course_listing", text + ",,,,,,,,,,\nHarvardX,,,,,,,,,,\n")
    assert (row["course_id"], row["course_launch"], row.get("course_wrap")) == (str(COURSE), "2014-09-01", None)
    assert [(it.line, it.reason) for it in made.quarantined] == [(4, "value")]


def test_a_staff_list_has_each_grant_once_and_blank_for_all_courses(tmp_path):
    text = "username,role,course_id,name,notes\nada,pm,,Ada,likes tea\nada,pm,,Ada,\nbob,instructor,cs,,\n"
    _, rows = listed(tmp_path, "staff", text)
    assert rows == [
        {"course_id": "", "username": "ada", "name": "Ada", "role": "pm"},
        {"course_id": "cs", "username": "bob", "role": "instructor"},
    ]


def test_a_list_without_a_column_breaks_its_contract(tmp_path):
    with pytest.raises(Broken, match="role"):
        listed(tmp_path, "staff", "username,roles,course_id,name\n")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_the_columns_of_its_schema(name):
    table = read_table(INCLUDE / "schemas" / "reference" / f"{name}.yaml", "reference")
    assert [field.name for field in table.fields] == [column.name for column in CONTRACTS.by_name[name].loaded]
