"""Course content from the ``course_structure`` JSON: one object of blocks by id."""

from collections import Counter
from typing import Any, BinaryIO

import msgspec

from edx_warehouse.exports.block_ids import block_id
from edx_warehouse.exports.content_blocks import Block, Content, Growth, Unreadable, texts

SIZE_LIMIT = 512 * 1024 * 1024
_BLOCK = 1 << 20


class _Entry(msgspec.Struct):
    category: str
    children: list[str] = []
    metadata: dict[str, Any] = {}


def read_structure(stream: BinaryIO) -> Content:
    """Read the tree of blocks below the one block of category ``course``.

    :raises Unreadable: when it is no such JSON, has not exactly one course, loops or is too large.
    """
    document = bytearray()
    while piece := stream.read(_BLOCK):
        document += piece
        if len(document) > SIZE_LIMIT:
            raise Unreadable(f"at most {SIZE_LIMIT} bytes", "more", hostile=True)
    try:
        entries = msgspec.json.decode(document, type=dict[str, _Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("a JSON object of blocks by id", f"{type(error).__name__} when reading it") from error
    roots = [key for key, entry in entries.items() if entry.category == "course"]
    if len(roots) != 1:
        raise Unreadable("one block of category course", str(len(roots)))
    notes: Counter[str] = Counter()
    growth = Growth()

    def block(key: str, depth: int) -> Block:
        growth.block(depth)
        entry = entries[key]
        result = Block(entry.category, _url_name(key), texts(entry.metadata))
        for child in entry.children:
            if child in entries:
                result.children.append(block(child, depth + 1))
            else:
                notes["children that are not in the structure"] += 1
        return result

    return Content(block(roots[0], 0), notes)


def _url_name(key: str) -> str:
    return (block_id(key) or key).rsplit("/", 1)[-1]
