"""Reading a delivered table in blocks of whole lines, the next block while one is worked on."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    r"""Whole lines, each with its ``\n``; the last of a file may lack it, and one above the limit is cut.

    :param offset: byte offset of the first line in the content.
    """

    offset: int
    data: bytes | bytearray


def blocks(stream: BinaryIO, offset: int, limit: int, executor: Executor, size: int = BLOCK) -> Iterator[Block]:
    """Yield the rest of a stream.

    :param offset: byte offset of what the stream gives next.
    :param limit: bytes of a line after which no end of it is looked for.
    :param executor: reads and decompresses ahead.
    """
    data = bytearray()
    ahead = executor.submit(stream.read, size)
    searched = 0
    while piece := ahead.result():
        ahead = executor.submit(stream.read, size)
        data += piece
        cut = data.rfind(b"\n", searched) + 1
        if not cut and len(data) <= limit:
            searched = len(data)
            continue
        rest = data[cut:] if cut else bytearray()
        if cut:
            del data[cut:]
        yield Block(offset, data)
        offset += len(data)
        data, searched = rest, 0
    if data:
        yield Block(offset, data)
