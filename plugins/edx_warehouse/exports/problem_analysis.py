"""``problem_analysis``: what each learner answered to each problem, read from the states in ``studentmodule``.

The answers of a problem are keys of JSON objects, which SQL cannot list everywhere. They are read from lines that are
already typed: by machine code, and here what is not ordinary.
"""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec
import numpy as np

from edx_warehouse.exports.compiled.answers import NEEDED, make_answers, new_room
from edx_warehouse.exports.compiled.ascii import NEWLINE
from edx_warehouse.exports.compiled.words import PAD

_MARK = b"correct_map"
_PIECE = 256 * 1024  # bytes of lines that are read at once
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
        self._data = self._out = np.empty(0, np.uint8)
        self._room = new_room(0)

    def lines(self, modules: bytes | memoryview) -> Iterator[tuple[bytes | memoryview, int]]:
        """Yield JSON lines, one for each problem that was answered, and how many; good until the next ones.

        :param modules: whole JSON lines of the transformed ``studentmodule``.
        """
        at, size = 0, _PIECE
        while at < len(modules):
            piece = bytes(modules[at : at + size])
            if at + size < len(modules):
                piece = piece[: piece.rfind(b"\n") + 1]
            if piece:
                yield from self._of_piece(piece)
            at, size = at + len(piece), _PIECE if piece else 2 * size

    def _of_piece(self, modules: bytes) -> Iterator[tuple[bytes | memoryview, int]]:
        data, size = self._padded(modules), len(modules)
        at = 0
        while at < size:
            at, end, rows, strange = make_answers(data, at, size, self._room, self._out)
            if rows:
                yield self._out[:end].data, rows
            if strange:
                if line := self.line(modules[at:strange]):
                    yield line, 1
                at = strange

    def line(self, line: bytes) -> bytes | None:
        """Return what one line becomes, read completely; None for what is no answered problem."""
        # Without answers nothing of it is read, so that nothing of it is unreadable.
        return self._line(_module(line)) if _MARK in line else None

    def _padded(self, modules: bytes) -> Any:
        size = len(modules)
        if len(self._data) < size + 2 * PAD:
            self._data = np.empty(size + 2 * PAD, np.uint8)
            self._room = new_room(size)
            self._out = np.empty(2 * size + NEEDED, np.uint8)
        self._data[:size] = np.frombuffer(modules, np.uint8)
        self._data[size] = NEWLINE
        return self._data

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
