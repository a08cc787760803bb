"""The surveys and lists of the sample world, read as the warehouse reads them."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import convert
from edx_warehouse.exports.opt_in import OptIn
from edx_warehouse.exports.people import People
from edx_warehouse.exports.reference_lists import ReferenceList
from edx_warehouse.exports.surveys import Surveys
from edx_warehouse.exports.weekly_files import files_of
from edx_warehouse.sample.world import World, write_world

CONTRACTS = Contracts.read(Path(__file__).resolve().parents[3] / "include")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return write_world(tmp_path_factory.mktemp("sample") / "world", learners=40, days=1, weeks=1, events_per_day=50)


@pytest.fixture(scope="module")
def course(world):
    return next(iter(world.courses))


@pytest.fixture(scope="module")
def tables(world, course, tmp_path_factory):
    """The course's week, converted: who is who."""
    by_name = {path.name: path for path in world.weekly_files}
    names = files_of(by_name, [course])[course]
    out = tmp_path_factory.mktemp("week") / "out"
    convert({table: by_name[name] for table, name in names.items()}, course, world.weeks[0], CONTRACTS, out)
    return {path.name.split(".")[0]: path for path in sorted((out / "raw").glob("*.csv.gz"))}


def surveys_of(world, course):
    files = [(path.parent.name, path) for path in world.survey_files if path.parent.parent.name == course.slug]
    return Surveys.read(files, course, CONTRACTS.by_name["survey"])


def test_the_first_course_has_every_kind_of_survey_and_every_form_of_header(world, course):
    surveys = surveys_of(world, course)
    assert surveys.problems == {}
    assert {it.file.split("/")[0] for it in surveys.counts()} == {"pre_course", "end_of_course", "dynamic", "in_course"}
    assert {it.file.header.rows for it in surveys._reads} == {1, 2, 3}
    assert sum(it.repeated for it in surveys.counts()) > 0
    assert [row.reason for row in surveys.quarantined] == ["time", "fields"]


def test_the_learners_of_the_sample_are_found_by_each_kind_of_id(world, course, tables):
    surveys = surveys_of(world, course)
    people = People([it.keys for it in surveys.counted], tables)
    found = defaultdict(set)
    for line in surveys.response_rows(people):
        row = json.loads(line)
        found[row["kind"]].add(row.get("user_id"))
    assert {kind: None in ids for kind, ids in found.items()} == dict.fromkeys(found, False)
    assert all(len(ids) > 1 for ids in found.values())


def test_the_types_of_the_sample_s_questions_are_all_that_there_are(world, course):
    types = {json.loads(line)["type"] for line in surveys_of(world, course).question_rows()}
    assert types == {"single", "multiple", "text", "number", "matrix"}


def test_who_wants_mail_is_in_the_weekly_folder_for_all_courses(world, course, tables):
    files = [path for path in world.weekly_files if "email_opt_in" in path.name and world.courses[course] in path.name]
    wants = OptIn(files, course, CONTRACTS.by_name["email_opt_in"])
    rows = [json.loads(line) for line in wants.rows(People(wants.keys, tables))]
    assert {row["is_opted_in_for_email"] for row in rows} == {True, False}
    assert (wants.problems, wants.quarantined, wants.unknown) == ({}, [], 0)


def test_the_lists_name_the_courses_and_their_staff(world, course):
    for path in world.reference_files:
        made = ReferenceList(path.stem, path, CONTRACTS.by_name[path.stem])
        rows = [json.loads(line) for line in made.rows()]
        assert rows
        assert made.quarantined == []
        institution = path.parts[-4]
        if path.stem == "course_listing":
            assert {row["course_id"] for row in rows} == {
                str(key) for key, owner in world.courses.items() if owner == institution
            }


def test_nothing_of_the_sample_is_a_real_address(world):
    for path in (*world.survey_files, *world.reference_files):
        content = path.read_bytes()
        assert b"@" not in content
