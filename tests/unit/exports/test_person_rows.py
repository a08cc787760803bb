"""Persons' rows against a dictionary of them, however little is sorted at once."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edx_warehouse.exports.person_rows import PersonRows

TABLES = ["users", "profiles", "map"]
MAKERS = 2

parts = st.lists(
    st.tuples(
        st.sampled_from(TABLES),
        st.lists(
            st.tuples(st.integers(-3, 12), st.integers(-1, 3), st.sampled_from(["", '"a":1', '"b":"x"'])), max_size=4
        ),
    ),
    max_size=12,
)


def slowly(given_parts):
    best = {}
    repeated = dict.fromkeys(TABLES, 0)
    for table, some in given_parts:
        for person, rank, text in some:
            key = (person, TABLES.index(table))
            claim = (rank, text.encode())
            if key in best:
                repeated[table] += 1
                claim = max(claim, best[key]) if max(claim[0], best[key][0]) >= 0 else min(claim, best[key])
            best[key] = claim
    persons = sorted({person for person, table in best if table < MAKERS})
    lines = []
    for person in persons:
        texts = [best[person, table][1] for table in range(len(TABLES)) if (person, table) in best]
        lines.append(b",".join([b'{"user_id":%d' % person, *filter(None, texts)]) + b"}\n")
    return lines, {table: count for table, count in repeated.items() if count}


@settings(max_examples=100, deadline=None)
@given(given_parts=parts, run=st.sampled_from([1, 10, 1000]), stretch=st.sampled_from([1, 2, 100]))
def test_each_person_has_one_row_of_the_parts_that_rank_highest(tmp_path_factory, given_parts, run, stretch):
    with PersonRows(TABLES, MAKERS, tmp_path_factory.getbasetemp(), run, stretch) as people:
        for table, some in given_parts:
            data = "".join(text for _, _, text in some).encode()
            ends = np.cumsum([0, *(len(text) for _, _, text in some)])
            people.add(
                table,
                np.array(
                    [(person, rank, ends[k], ends[k + 1]) for k, (person, rank, _) in enumerate(some)], np.int64
                ).reshape(-1, 4),
                memoryview(data),
            )
        found = [(bytes(lines), count) for lines, count in people.rows()]
    lines, repeated = slowly(given_parts)
    assert b"".join(text for text, _ in found) == b"".join(lines)
    assert sum(count for _, count in found) == len(lines)
    assert dict(people.repeated) == repeated
    for line in lines:
        json.loads(line)
