"""What a problem's state becomes; states are as edX wrote them through the years."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    return msgspec.json.encode({name: value for name, value in (row | other).items() if value is not None}) + b"\n"


def rows(*modules: bytes) -> list[dict[str, Any]]:
    return read(ProblemAnalysis(), *modules)


def read(analysis: ProblemAnalysis, *modules: bytes) -> list[dict[str, Any]]:
    written, count = b"", 0
    for lines, number in analysis.lines(b"".join(modules)):
        written, count = written + lines, count + number
    found = [json.loads(line) for line in written.splitlines()]
    assert len(found) == count
    return found


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


def test_rows_beyond_one_piece_and_longer_than_one_are_found():
    long = STATE | {"seed": "x" * 700_000}
    modules = [module(long if number in (3, 4, 900) else STATE, id=number) for number in range(901)]
    assert [row["id"] for row in rows(*modules)] == list(range(901))


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
    assert read(analysis, line) == []
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
    assert [it["id"] for it in read(analysis, module(state), module(STATE, id=8))] == [8]
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


TEXTS = st.one_of(
    st.text(st.one_of(st.sampled_from('"\\/\n\r\t\x01\x7fé\u2028😀x'), st.characters(codec="utf-8")), max_size=40),
    st.sampled_from(["correct", "incorrect", "x" * 70 + '"', "NULL", "null"]),
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from([0, 1, -1, 0.5, 100.0, 1e-5, 1e16])
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
KEYS = st.one_of(st.sampled_from(["p1_2_1", "p1_3_1", "p1_4_1", "a secret"]), TEXTS)


def some(of_type: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a type, and seldom another."""
    return st.integers(0, 9).flatmap(lambda number: of_type if number else VALUES)


MARKS = some(
    st.fixed_dictionaries(
        {},
        optional={
            "correctness": some(st.sampled_from(["correct", "incorrect", None])),
            "npoints": some(st.none() | st.integers(0, 9) | st.floats(0, 9)),
            "msg": some(TEXTS),
            "hint": some(TEXTS),
            "queuestate": VALUES,
        },
    )
)
STATES = some(
    st.fixed_dictionaries(
        {},
        optional={
            "attempts": some(st.integers(0, 10**19)),
            "done": some(st.booleans() | st.none()),
            "correct_map": some(st.dictionaries(KEYS, MARKS, max_size=4)),
            "student_answers": some(st.dictionaries(KEYS, VALUES, max_size=4)),
            "input_state": VALUES,
            "seed": VALUES,
        },
    )
)


@st.composite
def states(draw: st.DrawFn) -> str:
    style = draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", "\r: "), ("\n,", ":")]))
    text = json.dumps(draw(STATES), ensure_ascii=draw(st.booleans()), separators=style)
    if draw(st.integers(0, 4)) == 0:  # damaged, or written in another way
        at = draw(st.integers(0, len(text)))
        more = ['"', "\\", "\\/", "\\u0000", "{", "]", ",", " ", "\t", "0", "-", "e9", '"done": 1,', '"p1_2_1": 0,']
        text = text[:at] + draw(st.sampled_from(more)) + text[at + draw(st.integers(0, 1)) :]
    return text


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    those=st.lists(states(), max_size=3),
    other=st.fixed_dictionaries(
        {},
        optional={
            "module_id": st.sampled_from(["/problem/x", "problem/x", "A/B/problem/", "A/B/problem/é", 'A/problem/"', "A/B/video/x"]),
            "module_type": st.sampled_from(["problem", "video", None]),
            "grade": st.none() | st.floats(0, 100),
            "created": st.none(),
        },
    ),
)  # fmt: skip
def test_machine_code_and_the_complete_reader_say_the_same(those, other):
    modules = [module(text, **(other if number else {})) for number, text in enumerate(those)]
    complete, analysis = ProblemAnalysis(), ProblemAnalysis()
    expected = b"".join(complete.line(it) or b"" for it in modules)
    assert b"".join(bytes(lines) for lines, _ in analysis.lines(b"".join(modules))) == expected
    assert analysis.unreadable == complete.unreadable


def test_usual_states_are_read_by_machine_code(monkeypatch):
    monkeypatch.setattr(ProblemAnalysis, "line", lambda *_: pytest.fail("the complete reader was asked"))
    marked = {"p1_2_1": MARK | {"msg": 'a "b"\n', "npoints": 1}, "p1_3_1": MARK}
    answers = {"p1_2_1": ["a", "b"], "p1_3_1": "é\\"}
    row, other = rows(module(STATE), module({"correct_map": marked, "student_answers": answers}))
    assert (len(row["item"]), len(other["item"])) == (2, 2)
