"""Words that tell of a secret, which the complete reader looks for in keys and in texts."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import LOWER_S
from edx_warehouse.exports.compiled.machine_code import compiled, within
from edx_warehouse.exports.compiled.words import equal16, load64

_C, _R, _S, _LARGE_C, _LARGE_R, _LARGE_S = (np.uint8(ord(it)) for it in "crsCRS")


@within
def _has(data: Any, i: int, letter: Any, large: Any) -> Any:
    """Return of 16 bytes a bit for each that is the letter in any case."""
    return equal16(data, i, letter) | equal16(data, i, large)


@within
def _may_name_secret(data: Any, i: int, end: int) -> bool:
    """Return whether a key has ``ss`` or ``cr`` in it, as each of those words has; few others do."""
    while i < end:
        twice = _has(data, i, _S, _LARGE_S) & _has(data, i + 1, _S, _LARGE_S)
        if twice | (_has(data, i, _C, _LARGE_C) & _has(data, i + 1, _R, _LARGE_R)) != np.uint64(0):
            return True
        i += 16
    return False


@compiled
def names_secret(data: Any, i: int, end: int) -> bool:
    """Return whether a key has ``passw``, ``secret`` or ``access`` in it, in any case."""
    return _may_name_secret(data, i, end) and _has_word(data, i, end)


@compiled
def _has_word(data: Any, i: int, end: int) -> bool:
    while end - i >= 5:
        found = load64(data, i) | np.uint64(0x2020202020202020)
        if found & np.uint64(0xFFFFFFFFFF) == np.uint64(0x7773736170):  # "passw"
            return True
        if end - i >= 6:
            found &= np.uint64(0xFFFFFFFFFFFF)
            if found == np.uint64(0x746572636573) or found == np.uint64(0x737365636361):  # "secret", "access"
                return True
        i += 1
    return False


@compiled
def speaks_of_secret(data: Any, i: int, end: int) -> bool:
    """Return whether one of those words is in a text, looking at places with an ``s`` only."""
    k = i
    while k < end:
        if data[k] | 32 == LOWER_S and _has_word(data, max(i, k - 5), min(end, k + 6)):
            return True
        k += 1
    return False
