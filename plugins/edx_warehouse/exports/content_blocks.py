"""A course's content as a tree of blocks, whatever it was read from."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BLOCK_LIMIT = 200_000
DEPTH_LIMIT = 64


class Unreadable(Exception):
    """Course content that cannot be taken.

    :param hostile: it tries to do harm, rather than being broken.
    """

    def __init__(self, expected: str, found: str, *, hostile: bool = False) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found
        self.hostile = hostile


@dataclass
class Block:
    """A piece of content.

    :param url_name: its key; empty when it has none of its own.
    :param attributes: settings by name, as texts.
    :param data: the fields of the RECORD ``data`` that its body tells.
    """

    category: str
    url_name: str
    attributes: dict[str, str]
    data: dict[str, Any] = field(default_factory=dict)
    children: list["Block"] = field(default_factory=list)


@dataclass
class Content:
    """A whole course.

    :param notes: what was found wanting and accepted, with counts.
    :param grading: the grading policy as JSON; empty when there is none.
    """

    root: Block
    notes: Counter[str]
    grading: Mapping[str, Any] = field(default_factory=dict)


class Growth:
    """Refuses trees that are too deep or too large, as loops and repeated branches make them."""

    def __init__(self) -> None:
        self._blocks = 0

    def block(self, depth: int) -> None:
        """Count one block.

        :raises Unreadable: beyond the limits.
        """
        self._blocks += 1
        if depth > DEPTH_LIMIT or self._blocks > BLOCK_LIMIT:
            raise Unreadable(
                f"at most {BLOCK_LIMIT} blocks, {DEPTH_LIMIT} deep", "more, or a loop of blocks", hostile=True
            )


def texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as texts: JSON for what is no text; those that are null are left out."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in settings.items()
        if value is not None
    }
