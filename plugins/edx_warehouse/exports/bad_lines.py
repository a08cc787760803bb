"""Whether so many lines of a delivered file, or of all files of a day, are bad that a person has to look first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.refusals import Reason

_FEW = 10  # bad lines that never hold anything: of so few nobody can tell what they are a sign of


@dataclass(frozen=True)
class CountedFile:
    """A delivered file.

    :param lines: that are not blank.
    :param reasons: of those that became no row.
    """

    name: str
    lines: int
    reasons: Counter[Reason]


def require_few_bad(day: date, files: Sequence[CountedFile], limits: Limits) -> None:
    """See to it that each file, and the day as a whole, has few bad lines; those set aside are none.

    :raises Held: E-SPL-110 naming the file, or all files when none of them is to blame alone.
    """
    whole = CountedFile(
        ", ".join(it.name for it in files), sum(it.lines for it in files), sum((it.reasons for it in files), Counter())
    )
    for it in (*files, whole):
        bad = sum(times for reason, times in it.reasons.items() if not reason.aside)
        most = max(limits.quarantine_share, limits.quarantine_most)
        for count, share in ((limits.quarantine_lines, limits.quarantine_share), (_FEW, most)):
            if bad > count and bad > share * it.lines:
                raise Held(_problem(day, it, bad, count, share))


def _problem(day: date, it: CountedFile, bad: int, count: int, share: float) -> Problem:
    reasons = ", ".join(
        f"{reason} {it.reasons[reason]}" for reason in Reason if it.reasons[reason] and not reason.aside
    )
    return Problem(
        code="E-SPL-110",
        unit=str(day),
        file=it.name,
        expected=f"at most {count} bad lines, or {share:.2%}",
        found=f"{bad} of {it.lines} ({reasons})",
        done="nothing of this day was published",
        next="look at the file; ask edX to deliver it again, or raise the institution's limit",
    )
