"""Strict JSON: what the fast decoder lets pass is found here, and what it refuses is given its reason.

The decoder reports neither equal keys nor integers beyond 64 bits nor NUL. Integers and depth are seen when a decoded
value is weighed, NUL when the texts are counted; equal keys by arithmetic: as many texts (keys and values) as were decoded must have been written,
otherwise a key was written twice. Only then, or when decoding fails, the slow way through ``json`` is taken.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from edx_warehouse.exports.refusals import Reason, Refused

_INT64 = range(-(2**63), 2**63)

decode: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode


def weigh(value: Any, room: int) -> int:
    """Return the number of texts, keys included, in a decoded value.

    :param room: levels of nesting that are allowed.
    :raises Refused: too_deep or int_out_of_range.
    """
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict:
        return _weigh_all(value.values(), room) + len(value)
    if kind is list:
        return _weigh_all(value, room)
    if kind is int and not -(2**63) <= value < 2**63:
        raise Refused(Reason.INT_OUT_OF_RANGE)
    return 0


def _weigh_all(values: Any, room: int) -> int:
    if room <= 0:
        raise Refused(Reason.TOO_DEEP)
    texts = 0
    # Spelled out instead of calling weigh for each: this loop is a large part of the time an event takes.
    for value in values:
        kind = type(value)
        if kind is str:
            texts += 1
        elif kind is dict:
            texts += len(value)
            if value:
                texts += _weigh_all(value.values(), room - 1)
        elif kind is list:
            texts += _weigh_all(value, room - 1)
        elif kind is int and not -(2**63) <= value < 2**63:
            raise Refused(Reason.INT_OUT_OF_RANGE)
    return texts


def texts_in_bytes(line: bytes) -> float:
    """Return the number of texts written in valid JSON: half its quotes that are not escaped.

    :raises Refused: nul, when one is written as an escape.
    """
    if b"\\" in line:
        line = line.replace(b"\\\\", b"")  # pairs of backslashes are backslashes; the one left over escapes
        if b"\\u0000" in line:
            raise Refused(Reason.NUL)
        return (line.count(b'"') - line.count(b'\\"')) / 2
    return line.count(b'"') / 2


def texts_in_text(text: str) -> float:
    """Return the same for text; raises as :func:`texts_in_bytes`."""
    if "\\" in text:
        text = text.replace("\\\\", "")
        if "\\u0000" in text:
            raise Refused(Reason.NUL)
        return (text.count('"') - text.count('\\"')) / 2
    return text.count('"') / 2


def strict(text: str, room: int) -> Any:
    """Decode JSON that is strict in every way.

    :raises ValueError: when it is not (``Refused`` and ``RecursionError`` do not leave this function).
    """
    try:
        value = decode(text)
        if weigh(value, room) != texts_in_text(text) and has_unequal_twins(text):
            raise ValueError("a key twice")
    except (Refused, RecursionError, msgspec.DecodeError) as error:
        raise ValueError("not strict JSON") from error
    return value


def has_unequal_twins(text: str) -> bool:
    """Whether an object in valid JSON has a key twice, with differing values."""
    found = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        result: dict[str, Any] = {}
        for key, value in items:
            # The texts are compared, not the values: True == 1 == 1.0 in Python.
            found = found or (key in result and json.dumps(result[key]) != json.dumps(value))
            result[key] = value
        return result

    json.loads(text, object_pairs_hook=pairs, parse_int=str, parse_float=str)
    return found


def why_refused(line: bytes, room: int) -> Reason:
    """Return the reason for which a line is no strict JSON object, seen as a whole."""
    seen: list[Reason] = []

    def constant(_: str) -> None:
        seen.append(Reason.NON_FINITE)

    def integer(digits: str) -> int:
        if len(digits) > 20 or int(digits) not in _INT64:
            seen.append(Reason.INT_OUT_OF_RANGE)
            return 0
        return int(digits)

    def number(digits: str) -> float:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            seen.append(Reason.NON_FINITE)
        return value

    decoder = json.JSONDecoder(parse_constant=constant, parse_int=integer, parse_float=number)
    try:
        text = line.decode()
        value, end = decoder.raw_decode(text)
        rest = text[end:].strip()
        if rest:
            return Reason.TWO_OBJECTS if type(value) is dict and rest.startswith("{") else Reason.NOT_JSON
        if type(value) is not dict:
            return Reason.NOT_OBJECT
        if seen:
            return seen[0]
        texts_in_text(text)
        weigh(value, room)
        json.dumps(value, ensure_ascii=False).encode()
    except Refused as refused:
        return refused.reason
    except RecursionError:
        return Reason.TOO_DEEP
    except UnicodeEncodeError:
        return Reason.LONE_SURROGATE
    except ValueError:
        return Reason.NOT_JSON
    return Reason.NOT_JSON
