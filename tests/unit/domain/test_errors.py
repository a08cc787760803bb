import json
import pickle

import pytest

from edx_warehouse.domain.errors import Held, Problem, Terminal, Transient, WarehouseError

PROBLEM = Problem(
    code="E-EXP-101",
    unit="HarvardX/CS50x/2014_T1 2014-11-16",
    file="hmdc/weekly/2014-11-16/users.sql",
    line=3,
    column=7,
    offset=120,
    field="gender",
    expected="6 columns",
    found="5 columns",
    done="the week is held",
    next="ask for the file again",
)
BARE = Problem(code="E-RUN-101", unit="a Dag", expected="a date", found="none", done="nothing", next="give one")


def test_a_problem_is_one_line_for_people() -> None:
    assert str(PROBLEM) == (
        "E-EXP-101 HarvardX/CS50x/2014_T1 2014-11-16 · "
        "hmdc/weekly/2014-11-16/users.sql line 3 column 7 byte 120 field gender · "
        "expected 6 columns, found 5 columns · the week is held · next: ask for the file again"
    )


def test_a_problem_without_a_place_does_not_mention_one() -> None:
    assert str(BARE) == "E-RUN-101 a Dag · expected a date, found none · nothing · next: give one"


def test_the_first_byte_is_a_place_too() -> None:
    assert " byte 0 " in str(Problem(**{**json.loads(BARE.to_json()), "offset": 0}))


def test_a_problem_is_one_json_object_for_machines() -> None:
    text = PROBLEM.to_json()
    assert "\n" not in text
    assert Problem(**json.loads(text)) == PROBLEM


def test_the_json_leaves_out_what_is_not_known() -> None:
    assert json.loads(BARE.to_json()) == {
        "code": "E-RUN-101",
        "unit": "a Dag",
        "expected": "a date",
        "found": "none",
        "done": "nothing",
        "next": "give one",
    }


@pytest.mark.parametrize("kind", [Terminal, Held, Transient])
def test_an_error_says_its_problem_and_survives_a_change_of_process(kind: type[WarehouseError]) -> None:
    error = pickle.loads(pickle.dumps(kind(PROBLEM)))  # noqa: S301
    assert type(error) is kind
    assert error.problem == PROBLEM
    assert str(error) == str(PROBLEM)


def test_a_held_unit_is_not_tried_again_and_a_passing_failure_is() -> None:
    assert issubclass(Held, Terminal)
    assert not issubclass(Transient, Terminal)
