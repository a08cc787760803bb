"""``problem_analysis``: what each learner answered to each problem, read from the states in ``studentmodule``.

The answers of a problem are keys of JSON objects, which SQL cannot list everywhere. They are read here, from lines that
are already typed, and only from those that hold a ``correct_map``: other rows cost a search of their bytes.
"""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec

_MARK = b"correct_map"
_LARGEST = 2**63 - 1


class _Module(msgspec.Struct):
    """What is read of a line of ``studentmodule``."""

    id: int
    module_id: str
    student_id: int
    course_id: str
    module_type: str | None = None
    state: str | None = None
    grade: float | None = None
    max_grade: float | None = None
    created: str | None = None


class _Mark(msgspec.Struct):
    """What the platform says of one answer."""

    correctness: str | None = None
    npoints: float | None = None
    msg: str | None = None
    hint: str | None = None


class _State(msgspec.Struct):
    """What is read of a problem's state; answers stay as they were written."""

    correct_map: dict[str, _Mark] = {}
    student_answers: dict[str, msgspec.Raw] | None = None
    attempts: int | None = None
    done: bool | None = None


class _Item(msgspec.Struct, omit_defaults=True):
    answer_id: str
    response: str | None = None
    correctness: str | None = None
    correct_bool: bool = msgspec.field(default_factory=bool)  # a factory: false is written as well
    npoints: float | None = None
    msg: str | None = None
    hint: str | None = None


class _Answered(msgspec.Struct, omit_defaults=True):
    course_id: str
    user_id: int
    problem_url_name: str
    item: list[_Item]
    attempts: int | None
    done: bool | None
    grade: float | None
    max_grade: float | None
    created: str | None
    module_id: str
    id: int


_module = msgspec.json.Decoder(_Module).decode
_state = msgspec.json.Decoder(_State).decode
_encode = msgspec.json.Encoder().encode


class ProblemAnalysis:
    """Reads lines of ``studentmodule``.

    :param unreadable: problems whose state is no JSON, or has text that is none; they become no line.
    """

    def __init__(self) -> None:
        self.unreadable = 0

    def lines(self, modules: bytes) -> Iterator[bytes]:
        """Yield a JSON line for each problem that was answered.

        :param modules: whole JSON lines of the transformed ``studentmodule``.
        """
        at = modules.find(_MARK)
        while at >= 0:
            end = modules.find(b"\n", at) + 1 or len(modules)
            line = self._line(_module(modules[modules.rfind(b"\n", 0, at) + 1 : end]))
            if line:
                yield line
            at = modules.find(_MARK, end)

    def _line(self, module: _Module) -> bytes | None:
        # edX writes module_type problem for other blocks as well: the id decides too.
        parts = module.module_id.rsplit("/", 2)
        if module.module_type != "problem" or len(parts) != 3 or parts[1] != "problem" or not module.state:
            return None
        try:
            state = _read(module.state)
            items = _items(state)
            return _encode(_answered(module, parts[2], state, items)) + b"\n" if items else None
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            self.unreadable += 1
            return None


def _read(state: str) -> _State:
    try:
        return _state(state)
    except msgspec.MsgspecError:
        # Python wrote NaN into some states, which is no JSON, and the platform once had other types here and there.
        return _odd(json.loads(state, parse_constant=lambda _: None))


def _odd(state: Any) -> _State:
    """Return what of a state is of the types it should be."""
    state = _mapping(state)
    answers = state.get("student_answers")
    attempts = _number(state.get("attempts"))
    done = state.get("done")
    return _State(
        correct_map={answer_id: _mark(_mapping(it)) for answer_id, it in _mapping(state.get("correct_map")).items()},
        student_answers={answer_id: msgspec.Raw(_encode(it)) for answer_id, it in answers.items()}
        if isinstance(answers, dict)
        else None,
        attempts=int(attempts) if attempts is not None else None,
        done=done if isinstance(done, bool) else None,
    )


def _mark(mark: dict[str, Any]) -> _Mark:
    return _Mark(
        correctness=_text(mark.get("correctness")),
        npoints=_number(mark.get("npoints")),
        msg=_text(mark.get("msg")),
        hint=_text(mark.get("hint")),
    )


def _items(state: _State) -> list[_Item]:
    answers = state.student_answers
    if answers is None:
        return []
    return [
        _Item(
            answer_id,
            bytes(answers[answer_id]).decode() if answer_id in answers else None,
            mark.correctness,
            mark.correctness == "correct",
            mark.npoints,
            mark.msg,
            mark.hint,
        )
        for answer_id, mark in state.correct_map.items()
    ]


def _answered(module: _Module, url_name: str, state: _State, items: list[_Item]) -> _Answered:
    attempts = state.attempts
    return _Answered(
        course_id=module.course_id,
        user_id=module.student_id,
        problem_url_name=url_name,
        item=items,
        attempts=attempts if attempts is not None and abs(attempts) < _LARGEST else None,
        done=state.done,
        grade=module.grade,
        max_grade=module.max_grade,
        created=module.created,
        module_id=module.module_id,
        id=module.id,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    """Return a number, also one that was written as text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) else None
