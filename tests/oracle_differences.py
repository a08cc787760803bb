"""What differs between the oracle's rows of a table and those that were made."""

import json
from collections import Counter

from oracle_days import by


def differences(table, grain, expected, found):
    """Yield what differs, as counts: no value of a row is told. Floats may differ by 1e-6, JSON text in its letters."""
    wanted, made = (by(rows, *grain) for rows in (expected, found))
    for rows, whose in ((wanted, "the oracle"), (made, "the table")):
        if twins := sum(len(them) > 1 for them in rows.values()):
            yield f"{table}: {whose} has {twins} keys more than once"
    if lacking := len(wanted.keys() - made.keys()):
        yield f"{table}: {lacking} of {len(wanted)} rows are lacking"
    if surplus := len(made.keys() - wanted.keys()):
        yield f"{table}: {surplus} of {len(made)} rows are too many"
    wrong = Counter()
    for key in wanted.keys() & made.keys():
        there, here = wanted[key][0], made[key][0]
        if there.keys() != here.keys():
            yield f"{table}: the columns differ in {sorted(there.keys() ^ here.keys())}"
            return
        wrong.update(name for name in there if not is_equal(name, there[name], here[name]))
    for name, times in sorted(wrong.items()):
        yield f"{table}.{name}: {times} of {len(wanted)} rows differ"


def is_equal(name, one, other):
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        return abs(one - other) <= 1e-6
    if name in ("student_answers", "event_GET"):
        return json.loads(one) == json.loads(other)
    return type(one) is type(other) and one == other
