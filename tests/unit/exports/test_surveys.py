"""Surveys: from wide exports of every form to long rows, each response once, with the learner it is of."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.people import People
from edx_warehouse.exports.survey_file import survey_name
from edx_warehouse.exports.surveys import Surveys

COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
CONTRACT = Contracts.read(Path(__file__).resolve().parents[3] / "include").by_name["survey"]
USERS = {
    "users": "id,username,email\n5,ada,ada@example.com\n12,Zoe,\n",
    "user_id_map": "hash_id,id,username\nh5,5,ada\n",
}
USERS["student_anonymoususerid"] = "user_id,anonymous_user_id,course_id\n12,c12,x\n"


def sheet(*rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class Desk:
    """A folder of exports and the tables that say who is who."""

    def __init__(self, folder):
        self.folder = folder
        self.files = []
        self.tables = {}
        for name, text in USERS.items():
            self.tables[name] = folder / f"{name}.csv.gz"
            self.tables[name].write_bytes(gzip.compress(text.encode()))

    def add(self, content, name="s-2014-11-16.csv", kind="pre_course"):
        path = self.folder / kind / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self.files.append((kind, path))

    def read(self):
        return Surveys.read(self.files, COURSE, CONTRACT)

    def rows(self):
        surveys = self.read()
        people = People([it.keys for it in surveys.counted], self.tables)
        return [json.loads(line) for line in surveys.response_rows(people)]

    def questions(self):
        return {row["column_name"]: row for row in map(json.loads, self.read().question_rows())}

    def answers(self):
        return {(row["response_id"], row["column_name"]): row.get("answer") for row in self.rows()}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def imports(*names):
    return [json.dumps({"ImportId": name}) for name in names]


CODES = ["ResponseId", "RecordedDate", "Finished", "user_id", "Q1"]
TEXTS = ["Response ID", "Recorded Date", "Finished", "user_id", "Why, then?"]
ROW = ["R_1", "2014-11-10 10:00:00", "True", "5", "because"]


@pytest.mark.parametrize(
    ("header", "text", "import_id"),
    [
        ([CODES], None, None),
        ([CODES, TEXTS], "Why, then?", None),
        ([CODES, TEXTS, imports("_recordId", "recordedDate", "finished", "user_id", "QID1")], "Why, then?", "QID1"),
        ([CODES, imports("_recordId", "recordedDate", "finished", "user_id", "QID1")], None, "QID1"),
    ],
    ids=["codes", "codes and texts", "all three", "codes and ids"],
)
def test_one_to_three_header_rows_are_told_from_responses(desk, header, text, import_id):
    desk.add(sheet(*header, ROW))
    [row] = desk.rows()
    assert (row["response_id"], row["user_id"], row["answer"], row["finished"]) == ("R_1", 5, "because", True)
    assert row["recorded"] == "2014-11-10T10:00:00Z"
    question = desk.questions()["Q1"]
    assert (question.get("text"), question.get("import_id"), question["answers"]) == (text, import_id, 1)


def test_the_older_codes_of_the_survey_tool_are_known_by_number_and_by_text(desk):
    codes = ["V1", "V2", "V3", "V4", "V5", "V6", "V8", "V9", "V10", "V30", "Q1", ""]
    texts = "ResponseID,ResponseSet,Name,ExternalDataReference,Email,IPAddress,StartDate,EndDate,Finished,UserLanguage"
    row = ["R_1", "Default", "Ada L.", "h5", "ada@example.com", "192.0.2.7", "2014-11-10 10:00", "", "0", "EN", "x", ""]
    desk.add(sheet(codes, [*texts.split(","), "Why?", ""], row))
    [found] = desk.rows()
    assert (found["user_id"], found["finished"], found["language"], found["column_name"]) == (5, False, "EN", "Q1")
    assert set(desk.questions()) == {"Q1"}
    assert "192.0.2.7" not in json.dumps(desk.rows())
    assert "Ada" not in json.dumps(desk.rows())


def test_what_was_embedded_and_nobody_classified_is_not_loaded_but_told(desk):
    header = [[*CODES, "phone"], [*TEXTS, "phone"]]
    desk.add(sheet(*header, [*ROW, "555"]))
    ids = imports("_recordId", "recordedDate", "finished", "user_id", "QID1", "mobile")
    desk.add(sheet([*CODES, "Cell"], [*TEXTS, "Cell phone"], ids, ["R_2", *ROW[1:], "556"]), "t.csv")
    assert "55" not in json.dumps([row.get("answer") for row in desk.rows()])
    assert desk.read().drift == [
        "pre_course/s-2014-11-16.csv: column phone is embedded data without a contract",
        "pre_course/t.csv: column Cell is embedded data without a contract",
    ]


def test_choices_in_several_columns_share_a_question_and_a_number_in_a_name_is_no_choice(desk):
    codes = ["ResponseId", "Q3_1", "Q3_2", "Q3_2_TEXT", "Q4_1", "Q4_2", "motivation_2014", "Q9_TEXT"]
    desk.add(
        sheet(
            codes,
            ["R_1", "A", "B", "my own", "good", "bad", "x", "y"],
            ["R_2", "A", "", "", "bad", "good", "z", ""],
        )
    )
    found = {name: (row["question_id"], row["type"]) for name, row in desk.questions().items()}
    assert found == {
        "Q3_1": ("Q3", "multiple"),
        "Q3_2": ("Q3", "multiple"),
        "Q3_2_TEXT": ("Q3", "text"),
        "Q4_1": ("Q4", "matrix"),
        "Q4_2": ("Q4", "matrix"),
        "motivation_2014": ("motivation_2014", "text"),
        "Q9_TEXT": ("Q9", "text"),
    }


def test_a_list_of_choices_with_commas_becomes_a_row_for_each_and_a_sentence_stays_whole(desk):
    rows = [[f"R_{n}", ("A,B, or so", "A", "B, or so,C")[n % 3], f"well, {n}, yes"] for n in range(6)]
    desk.add(sheet(["ResponseId", "Q1", "Q2"], *rows))
    types = {name: row["type"] for name, row in desk.questions().items()}
    assert types == {"Q1": "multiple", "Q2": "text"}
    parts = [(row["part"], row["answer"]) for row in desk.rows() if row["response_id"] in ("R_0", "R_3")]
    assert parts == [(1, "A"), (2, "B, or so"), (1, "well, 0, yes"), (1, "A"), (2, "B, or so"), (1, "well, 3, yes")]


def test_types_are_guessed_from_the_answers(desk):
    rows = [[f"R_{n}", ("yes", "no")[n % 2], str(n * 1.5), f"text {n}", ""] for n in range(8)]
    desk.add(sheet(["ResponseId", "single", "number", "text", "nobody"], *rows))
    found = {name: (row["type"], row["answers"]) for name, row in desk.questions().items()}
    assert found == {"single": ("single", 8), "number": ("number", 8), "text": ("text", 8), "nobody": ("text", 0)}


def test_a_response_in_two_exports_counts_once_as_the_newest_has_it_whatever_the_names_say(desk):
    desk.add(sheet(CODES, ["R_1", "2014-11-10 10:00", "False", "5", "half"]), "z-2014-11-09.csv")
    newer = [["R_1", "2014-11-10 10:00", "True", "5", "whole"], ["R_2", "2014-11-20 10:00", "True", "12", "new"]]
    desk.add(sheet(CODES, *newer), "a-2014-11-23.csv")
    assert desk.answers() == {("R_1", "Q1"): "whole", ("R_2", "Q1"): "new"}
    assert [(it.file, it.rows, it.responses, it.repeated) for it in desk.read().counts()] == [
        ("pre_course/a-2014-11-23.csv", 2, 2, 0),
        ("pre_course/z-2014-11-09.csv", 1, 0, 1),
    ]


def test_of_a_learner_the_latest_complete_response_is_marked_for_each_survey(desk):
    desk.add(
        sheet(
            [*CODES, "Status"],
            ["R_1", "2014-11-10 10:00", "True", "5", "a", "IP Address"],
            ["R_2", "2014-11-11 10:00", "True", "5", "b", "IP Address"],
            ["R_3", "2014-11-12 10:00", "False", "5", "c", "IP Address"],
            ["R_4", "2014-11-13 10:00", "True", "5", "d", "Survey Preview"],
            ["R_5", "2014-11-13 10:00", "True", "77", "e", "IP Address"],
        )
    )
    desk.add(sheet(CODES, ["R_6", "2014-11-09 10:00", "True", "5", "f"]), "other.csv")
    rows = desk.rows()
    assert {row["response_id"] for row in rows if row["is_latest_complete"]} == {"R_2", "R_6"}
    assert {row["response_id"] for row in rows if row["is_complete"]} == {"R_1", "R_2", "R_5", "R_6"}
    assert [row.get("user_id") for row in rows if row["response_id"] == "R_5"] == [None]


@pytest.mark.parametrize(
    ("column", "value", "user_id"),
    [
        ("user_id", "12", 12),
        ("edX Username", "zoe", 12),
        ("anonymous_user_id", "C12", 12),
        ("anonymous_user_id", "h5", 5),
        ("External Data Reference", "h5", 5),
        ("External Data Reference", "12", 12),
        ("External Data Reference", "ada", 5),
        ("user_id", "13", None),
        ("user_id", "", None),
    ],
)
def test_the_learner_is_found_by_any_id_that_is_one_of_the_course(desk, column, value, user_id):
    desk.add(sheet(["ResponseId", column, "Q1"], ["R_1", value, "x"]))
    assert desk.rows()[0].get("user_id") == user_id


def test_times_have_the_zone_that_the_header_names(desk):
    ids = imports("_recordId", "recordedDate", "finished", "user_id", "QID1")
    ids[1] = json.dumps({"ImportId": "recordedDate", "timeZone": "America/Denver"})
    desk.add(sheet(CODES, TEXTS, ids, ROW))
    assert desk.rows()[0]["recorded"] == "2014-11-10T17:00:00Z"


def test_a_response_without_an_answer_has_a_row(desk):
    desk.add(sheet(CODES, [*ROW[:4], " "]))
    [row] = desk.rows()
    assert (row["column_name"], row["part"], row.get("answer"), row["is_latest_complete"]) == ("", 1, None, True)


def test_bad_rows_are_set_aside_with_line_and_reason_and_the_rest_is_taken(desk):
    desk.add(
        sheet(
            [*CODES, "course_id"],
            [*ROW, str(COURSE)],
            ["R_2", "soon", "True", "5", "x", ""],
            ["", *ROW[1:], ""],
            [*ROW[:3]],
            ["R_3", *ROW[1:], "MITx/6.00x/1T2014"],
            ["R_4", *ROW[1:], COURSE.opaque],
        )
        + b'R_5,"a"b,\n'
    )
    surveys = desk.read()
    assert [(row.line, row.reason) for row in surveys.quarantined] == [
        (3, "time"),
        (4, "no_response_id"),
        (5, "fields"),
        (6, "other_course"),
        (8, "csv"),
    ]
    assert {row["response_id"] for row in desk.rows()} == {"R_1", "R_4"}
    [count] = surveys.counts()
    assert count.rows == count.responses + count.repeated + count.quarantined == 7


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"name,Q1\nAda,x\n", "E-SRV-101"),
        (b"", "E-SRV-101"),
        (sheet(CODES, TEXTS, [json.dumps({"ImportId": "recordedDate", "timeZone": "Nowhere"})] * 5), "E-SRV-101"),
        (b'ResponseId,Q1\nR_1,"never closed\n', "E-SRV-102"),
        (gzip.compress(b"ResponseId,Q1\n" * 99)[:-9], "E-SRV-102"),
        (sheet(CODES, *(["R_1", "soon", "", "", ""] for _ in range(10))), "E-SRV-103"),
    ],
)
def test_a_file_that_cannot_be_taken_is_held_alone_and_nobody_is_named(desk, content, code):
    desk.add(content, "bad.csv")
    desk.add(sheet(CODES, ROW))
    [problem] = desk.read().problems.values()
    assert (problem.code, problem.file) == (code, "pre_course/bad.csv")
    assert "Ada" not in str(problem)
    assert [row["response_id"] for row in desk.rows()] == ["R_1"]


def test_no_surveys_are_no_rows(desk):
    assert desk.rows() == []
    assert desk.questions() == {}


@pytest.mark.parametrize(
    ("file", "survey"),
    [
        ("exit-2014-11-16.csv", "exit"),
        ("CS50x_Pre-Course+Survey_November+16,+2014_10.23.csv", "CS50x_Pre-Course+Survey"),
        ("x_20141116T1023.csv", "x"),
        ("CS50x 2014_T1 survey (1).csv", "CS50x 2014_T1 survey"),
        ("2014-11-16.csv", ""),
        ("week 12 survey.csv", "week 12 survey"),
    ],
)
def test_a_survey_is_named_by_its_file_without_the_date(file, survey):
    assert survey_name(file) == survey


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@settings(deadline=None, max_examples=40)
@given(
    answers=st.lists(st.lists(TEXT, min_size=4, max_size=4), min_size=1, max_size=6),
    order=st.permutations(range(5)),
)
def test_every_answer_of_a_wide_sheet_is_a_long_row_whatever_the_order_of_columns(tmp_path_factory, answers, order):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    names = ["ResponseId", "Q1", "Q2_1", "Q2_2", "Q7_TEXT"]
    wide = [[f"R_{number}", *cells] for number, cells in enumerate(answers)]
    desk.add(sheet(*([row[place] for place in order] for row in [names, *wide])))
    long: Counter[tuple[str, str, str]] = Counter()
    types = {name: row["type"] for name, row in desk.questions().items()}
    for row in desk.rows():
        assert row["part"] == 1 or types[row["column_name"]] == "multiple"
        long[row["response_id"], row["column_name"], row["answer"] if row["column_name"] else ""] += 1
    wanted: Counter[tuple[str, str, str]] = Counter()
    for response_id, *cells in wide:
        filled = [(name, text) for name, text in zip(names[1:], cells, strict=True) if text]
        for name, text in filled:
            if types[name] != "multiple" or "," not in text:
                wanted[response_id, name, text] += 1
        if not filled:
            wanted[response_id, "", ""] += 1
    assert all(long[key] == count for key, count in wanted.items())
    assert {response_id for response_id, _, _ in long} == {row[0] for row in wide}


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(4)), st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_the_order_in_which_exports_are_found_changes_nothing(tmp_path_factory, order, days):
    made = []
    for files in (range(4), order):
        desk = Desk(tmp_path_factory.mktemp("desk"))
        for number in files:
            rows = [[f"R_{n}", f"2014-11-1{day} 0{number}:00", "1", "5", f"{number}"] for n, day in enumerate(days)]
            desk.add(sheet(CODES, *rows), f"s-2014-11-1{number}.csv")
        made.append((desk.rows(), desk.questions(), desk.read().counts()))
    assert made[0] == made[1]
    assert len(made[0][0]) == len(days)
