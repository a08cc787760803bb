"""How far we go along with what is delivered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a delivered file may be.

    :param line_bytes: longest line that is parsed; a longer one is quarantined (too_long).
    :param depth: levels of nesting in a line's JSON (too_deep).
    :param expansion_ratio: expanded bytes per compressed byte, judged after ``expansion_free_bytes`` (E-SPL-103).
    :param expansion_free_bytes: expanded bytes below which the ratio is not judged.
    :param content_bytes: expanded bytes of one file (E-SPL-103).
    :param quarantine_lines: bad lines of a file, or of a day, that do not hold it unless they are most of it.
    :param quarantine_share: of its lines that may be bad beyond those (E-SPL-110).
    :param quarantine_most: of its lines that may be bad however few they are, judged from eleven bad lines on; never
        less than ``quarantine_share``.
    """

    line_bytes: int = 10 * 1000 * 1000
    depth: int = 64
    expansion_ratio: int = 200
    expansion_free_bytes: int = 100 * 1000 * 1000
    content_bytes: int = 256 * 1000 * 1000 * 1000
    quarantine_lines: int = 100
    quarantine_share: float = 0.01
    quarantine_most: float = 0.5


@dataclass(frozen=True)
class WeekLimits:
    """How far a course's weekly export may differ from the one before without a person's word.

    :param shrink_share: of a table's rows that may be gone (E-EXP-107).
    :param small_rows: tables that had fewer rows than this may shrink by any share, but not to nothing.
    :param odd_values: values of a column that are not of its type and never hold a week.
    :param odd_values_most: of such values, beyond which a week is held.
    :param odd_share: of a column's values, beyond which a week is held.
    """

    shrink_share: float = 0.2
    small_rows: int = 50
    odd_values: int = 10
    odd_values_most: int = 1000
    odd_share: float = 0.001


@dataclass(frozen=True)
class Budget:
    """What an institution may spend.

    :param bytes_per_day: that its queries may be billed on a day, UTC (E-JOB-104); 0 for any amount.
    """

    bytes_per_day: int = 0
