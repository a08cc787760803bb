"""Words that tell of a secret, which the complete reader looks for in keys and in texts."""

from typing import Any

import numpy as np

from edx_warehouse.exports.compiled.ascii import LOWER_S
from edx_warehouse.exports.compiled.machine_code import compiled
from edx_warehouse.exports.compiled.words import load64


@compiled
def names_secret(data: Any, i: int, end: int) -> bool:
    """Return whether a key has ``passw``, ``secret`` or ``access`` in it, in any case."""
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
        if data[k] | 32 == LOWER_S and names_secret(data, max(i, k - 5), min(end, k + 6)):
            return True
        k += 1
    return False
