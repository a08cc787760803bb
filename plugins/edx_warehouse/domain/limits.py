"""How far the splitting of logs goes along with what is delivered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a delivered file may be.

    :param line_bytes: longest line that is parsed; a longer one is quarantined (too_long).
    :param depth: levels of nesting in a line's JSON (too_deep).
    :param expansion_ratio: expanded bytes per compressed byte, judged after ``expansion_free_bytes`` (E-SPL-103).
    :param expansion_free_bytes: expanded bytes below which the ratio is not judged.
    :param content_bytes: expanded bytes of one file (E-SPL-103).
    :param quarantine_lines: bad lines of a day that never hold it.
    :param quarantine_share: of a day's lines that may be bad beyond those (E-SPL-110).
    """

    line_bytes: int = 10 * 1000 * 1000
    depth: int = 64
    expansion_ratio: int = 200
    expansion_free_bytes: int = 100 * 1000 * 1000
    content_bytes: int = 256 * 1000 * 1000 * 1000
    quarantine_lines: int = 1000
    quarantine_share: float = 0.01
