"""What a problem's state becomes; states are as edX wrote them through the years."""

import json
from typing import Any

import pytest

from edx_warehouse.exports.problem_analysis import ProblemAnalysis
from fakes.weekly_delivery import Delivery, json_rows

MARK = {"correctness": "correct", "npoints": None, "msg": "", "hint": "", "hintmode": None, "queuestate": None}
STATE: dict[str, Any] = {
    "attempts": 2,
    "seed": 1,
    "done": True,
    "student_answers": {"p1_2_1": "choice_1", "p1_3_1": ["choice_0", "é"], "p1_4_1": "not marked"},
    "correct_map": {
        "p1_2_1": MARK,
        "p1_3_1": MARK | {"correctness": "partially-correct", "npoints": 0.5, "msg": "nearly", "hint": "look"},
    },
    "input_state": {"p1_2_1": {}},
}


def module(state: object, **other: object) -> bytes:
    text = state if isinstance(state, str) else json.dumps(state)
    row = {
        "id": 7,
        "module_type": "problem",
        "module_id": "HarvardX/CS50x/problem/p1",
        "student_id": 5,
        "state": text,
        "grade": 1.5,
        "created": "2014-09-01T08:00:00Z",
        "max_grade": 2.0,
        "course_id": "HarvardX/CS50x/2014_T1",
    }
    return json.dumps(row | other).encode() + b"\n"


def rows(*modules: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ProblemAnalysis().lines(b"".join(modules))]


def test_a_row_has_an_item_for_each_marked_answer():
    assert rows(module(STATE)) == [
        {
            "course_id": "HarvardX/CS50x/2014_T1",
            "user_id": 5,
            "problem_url_name": "p1",
            "item": [
                {
                    "answer_id": "p1_2_1",
                    "response": '"choice_1"',
                    "correctness": "correct",
                    "correct_bool": True,
                    "msg": "",
                    "hint": "",
                },
                {
                    "answer_id": "p1_3_1",
                    "response": '["choice_0", "\\u00e9"]',
                    "correctness": "partially-correct",
                    "correct_bool": False,
                    "npoints": 0.5,
                    "msg": "nearly",
                    "hint": "look",
                },
            ],
            "attempts": 2,
            "done": True,
            "grade": 1.5,
            "max_grade": 2.0,
            "created": "2014-09-01T08:00:00Z",
            "module_id": "HarvardX/CS50x/problem/p1",
            "id": 7,
        }
    ]


def test_each_answered_problem_of_many_rows_is_found():
    chapter = module("{}", module_type="chapter", module_id="HarvardX/CS50x/chapter/w")
    modules = [chapter, module(STATE, id=1), module(STATE, id=2), chapter, module(STATE, id=3)]
    assert [row["id"] for row in rows(*modules)] == [1, 2, 3]
    assert [row["id"] for row in rows(b"".join(modules).removesuffix(b"\n"))] == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    [
        module({"seed": 1, "input_state": {}}),
        module(STATE | {"correct_map": {}}),
        module(STATE | {"correct_map": None}),
        module(STATE | {"correct_map": ["p1_2_1"]}),
        module({"correct_map": {"p1_2_1": MARK}}),
        module(["correct_map"]),
        module(STATE, module_type="combinedopenended"),
        module(STATE, module_id="HarvardX/CS50x/selfassessment/p1"),
        module(STATE, module_id="correct_map"),
        module("", module_id="HarvardX/CS50x/problem/correct_map"),
    ],
)
def test_what_is_no_answered_problem_becomes_no_row(line):
    analysis = ProblemAnalysis()
    assert list(analysis.lines(line)) == []
    assert analysis.unreadable == 0


@pytest.mark.parametrize(
    "state",
    [
        '{"correct_map": {',
        '{"correct_map": {"p1_2_1": {"msg": "\\ud800"}}, "student_answers": {}}',
        '{"correct_map": {"p1_2_1": {}}, "student_answers": {}, "done": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_a_state_that_cannot_be_read_is_counted(state):
    analysis = ProblemAnalysis()
    assert [json.loads(it)["id"] for it in analysis.lines(module(state) + module(STATE, id=8))] == [8]
    assert analysis.unreadable == 1


@pytest.mark.parametrize(
    ("written", "attempts"),
    [("3", 3), ('"3"', 3), ("3.0", 3), ("null", None), ("true", None), ('"x"', None), ("1e30", None), ("NaN", None)],
)
def test_attempts_are_a_number_however_they_were_written(written, attempts):
    state = json.dumps(STATE).replace('"attempts": 2', f'"attempts": {written}')
    (row,) = rows(module(state))
    assert row["attempts"] == attempts


def test_values_of_other_types_are_none():
    odd = {"correctness": 1, "npoints": "0.5", "msg": None, "hint": ["x"]}
    state = STATE | {"done": "yes", "correct_map": {"p1_2_1": odd, "p1_9_1": None}}
    (row,) = rows(module(state, grade=None, max_grade=None, created=None))
    assert row["item"] == [
        {"answer_id": "p1_2_1", "response": '"choice_1"', "correct_bool": False, "npoints": 0.5},
        {"answer_id": "p1_9_1", "correct_bool": False},
    ]
    assert [row[name] for name in ("done", "grade", "max_grade", "created")] == [None] * 4


def test_the_week_has_the_answers_of_its_own_course_and_tells_of_states_it_cannot_read(tmp_path):
    delivery = Delivery(tmp_path / "in", opaque=True)
    answered = delivery.rows["studentmodule"][1] | {"state": json.dumps(STATE)}
    stranger = answered | {"id": "77", "course_id": "HarvardX/CS50x/2013"}
    broken = answered | {"id": "78", "student_id": "6", "state": '{"correct_map": '}
    delivery.rows["studentmodule"] += [answered | {"id": "9"}, stranger, broken]
    week = delivery.convert(tmp_path / "out")
    path = "transformed/problem_analysis.json.gz"
    assert [row["id"] for row in json_rows(tmp_path / "out" / path)] == [9]
    assert week.outputs[path].rows == 1
    assert "studentmodule: 1 states of problems cannot be read: no answers of them" in week.drift


def test_a_week_without_studentmodule_has_an_empty_file(tmp_path):
    delivery = Delivery(tmp_path / "in")
    del delivery.rows["studentmodule"]
    week = delivery.convert(tmp_path / "out")
    assert week.outputs["transformed/problem_analysis.json.gz"].rows == 0
