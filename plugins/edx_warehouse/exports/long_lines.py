"""The digest of a line above the limit: what the scanner makes of a line in a block, a piece of the line at a time."""

from typing import Any, BinaryIO

import numpy as np

from edx_warehouse.exports.compiled.siphash import begin_digest, take_piece
from edx_warehouse.exports.compiled.words import PAD
from edx_warehouse.exports.log_lines import BLANKS, BOM, LongLine

_PIECE = 1024 * 1024  # a multiple of eight


def digest_of(line: LongLine, key: Any) -> Any:
    """Return the digest of a line without the blanks around it, (1, 2) words, or of a blank line none, (0, 2).

    :param key: of the digests, two words.
    """
    with line.path.open("rb") as file:
        start = _start(file, line.number)
        end = _end(file, start, line.length)
        if end == start:
            return np.zeros((0, 2), np.uint64)
        state, digest = np.zeros(4, np.uint64), np.zeros((1, 2), np.uint64)
        begin_digest(key, state)
        file.seek(start)
        for at in range(start, end, _PIECE):
            piece = file.read(min(_PIECE, end - at))
            data = np.frombuffer(bytearray(piece + bytes(PAD)), np.uint8)
            take_piece(data, len(piece), at - start + len(piece), state, digest[0])
    return digest


def _start(file: BinaryIO, number: int) -> int:
    """Return where the line begins behind blanks, and behind a byte order mark of the file; its length if nowhere."""
    start = _behind_blanks(file, 0)
    file.seek(start)
    if number == 1 and file.read(len(BOM)) == BOM:
        return _behind_blanks(file, start + len(BOM))
    return start


def _behind_blanks(file: BinaryIO, at: int) -> int:
    file.seek(at)
    while piece := file.read(_PIECE):
        if rest := piece.lstrip(BLANKS):
            return file.tell() - len(rest)
    return file.tell()


def _end(file: BinaryIO, start: int, end: int) -> int:
    while end > start:
        at = max(start, end - _PIECE)
        file.seek(at)
        if rest := file.read(end - at).rstrip(BLANKS):
            return at + len(rest)
        end = at
    return start
