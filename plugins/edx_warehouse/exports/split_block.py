"""From a block of lines to what becomes of each: a pure function, fit for a worker of its own."""

import hashlib

import msgspec

from edx_warehouse.exports.event_row import Event, RowMaker
from edx_warehouse.exports.log_lines import BOM, Block, Limits
from edx_warehouse.exports.refusals import Reason, Refused

_BLANKS = b" \t\r"  # JSON's own, so that nothing else is taken for blank
_DIGEST = 16  # bytes: among 10^9 lines two share one with a probability of 10^-21


class Line(msgspec.Struct, frozen=True, gc=False):
    """What becomes of one line that is not blank.

    :param digest: names the line without the blanks around it.
    """

    number: int
    digest: bytes
    fate: Event | Reason


def split_block(block: Block, file: str, maker: RowMaker, limits: Limits) -> list[Line | None]:
    """Return each line's fate in order; None for a blank line.

    :param file: base name of the delivered file.
    """
    result: list[Line | None] = []
    number = block.number
    for raw in block.lines:
        line = raw.strip(_BLANKS)
        if number == 1 and line.startswith(BOM):
            line = line.removeprefix(BOM).strip(_BLANKS)
        if line:
            fate: Event | Reason
            if len(raw) > limits.line_bytes:
                fate = Reason.TOO_LONG
            else:
                try:
                    fate = maker.make(line, file, number)
                except Refused as refused:
                    fate = refused.reason
            result.append(Line(number, hashlib.sha256(line).digest()[:_DIGEST], fate))
        else:
            result.append(None)
        number += 1
    return result
