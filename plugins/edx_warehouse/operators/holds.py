"""Units that wait for a person: written down where anyone can see them, gone when the unit is right again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.hooks.bucket import Bucket

HELD = "held.json"
MIRROR = {"by": "mirror"}
"""Metadata of a hold that the mirror writes and removes: what is in the bucket does not say whether it still stands."""


def refuse_ambiguous(bucket: Bucket, prefix: str) -> None:
    """See to it that the mirror could tell which files are the unit's.

    :raises Held: the problem that the mirror wrote down.
    """
    found = bucket.stat(prefix + HELD)
    if found and found.metadata.get("by") == MIRROR["by"] and (content := bucket.read(prefix + HELD)):
        raise Held(Problem(**json.loads(content)))


@contextmanager
def held_units(bucket: Bucket, prefix: str, sources: str) -> Iterator[None]:
    """Write down the hold of a unit when the block raises Held, and remove it when the block ends well.

    :param prefix: the unit's place in the quarantine.
    :param sources: digest of the unit's input, so that the same input is not tried again and again.
    """
    try:
        yield
    except Held as error:
        bucket.put(prefix + HELD, error.problem.to_json().encode(), {"sources": sources})
        raise
    if bucket.stat(prefix + HELD):
        bucket.delete([prefix + HELD])


def holds(bucket: Bucket) -> list[tuple[str, dict[str, Any]]]:
    """Return the units that are held: the object that says so, and the problem."""
    names = [it.name for it in bucket.objects("quarantine/") if it.name.endswith("/" + HELD)]
    return [(name, json.loads(content)) for name in names if (content := bucket.read(name))]
