"""The drift of a week: each kind, what it means for the week, and since when it is so."""

import json
from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Held
from edx_warehouse.domain.limits import WeekLimits
from edx_warehouse.exports.convert import ConvertedWeek
from edx_warehouse.exports.week_drift import (
    NEXT,
    Drift,
    Earlier,
    dated,
    drift_of_files,
    drift_of_rows,
    notes,
    refuse_held,
    released,
    rows_of,
)
from fakes.weekly_delivery import CANARY, CONTRACTS, COURSE, WEEK, Delivery

BEFORE = date(2014, 11, 9)
LIMITS = WeekLimits()


def earlier(files: tuple[str, ...] = (), **rows: int) -> Earlier:
    return Earlier(BEFORE, rows, frozenset({*rows, *files}))


def of_files(delivery: Delivery, before: Earlier | None = None) -> list[tuple[str, str, str | None, str]]:
    found = drift_of_files(delivery.write(), COURSE, WEEK, CONTRACTS, before)
    assert CANARY not in str(found)
    return [(it.kind, it.file, it.column, it.policy) for it in found]


def of_rows(week: ConvertedWeek, before: Earlier | None = None) -> list[tuple[str, str, str | None, str]]:
    return [(it.kind, it.file, it.column, it.policy) for it in drift_of_rows(week, before, LIMITS)]


def week_before(delivery: Delivery, out: Path) -> Earlier:
    return Earlier.read(BEFORE, json.loads(delivery.convert(out).to_json()), [])


def learners(delivery: Delivery, count: int) -> None:
    delivery.rows["enrollment"] = [
        {"id": str(n), "user_id": str(n), "course_id": str(COURSE), "is_active": "1", "mode": "audit"}
        for n in range(1, count + 1)
    ]


def test_an_export_as_agreed_has_no_drift(tmp_path):
    delivery = Delivery(tmp_path / "in")
    week = delivery.convert(tmp_path / "out")
    before = earlier(("course_structure",), **rows_of(week))
    assert of_files(delivery, before) == []
    assert of_rows(week, before) == []
    assert of_rows(week) == []


def test_an_added_column_is_accepted_and_told(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["profiles"].append("phone")
    delivery.rows["profiles"][0]["phone"] = CANARY
    assert of_files(delivery) == [("added", "profiles", "phone", "accepted")]


def test_a_new_key_of_the_forum_is_accepted_and_told_without_its_value(tmp_path):
    delivery = Delivery(tmp_path / "in")
    documents = [
        {"_id": {"$oid": "1"}, "body": "x"},
        {"_id": {"$oid": "2"}, "mood": CANARY},
        {CANARY + "@example.com": 1},
    ]
    lines = [*map(json.dumps, documents), "no document"]
    delivery.contents["forum"] = "".join(f"{line}\n" for line in lines).encode()
    assert of_files(delivery) == [
        ("added", "forum", "(a name that is no identifier)", "accepted"),
        ("added", "forum", "mood", "accepted"),
    ]


def test_columns_in_another_order_are_accepted_and_told(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["users"].sort()
    assert of_files(delivery) == [("reordered", "users", None, "accepted")]


def test_removed_and_renamed_columns_hold_the_week_unless_they_are_optional(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["enrollment"].remove("mode")
    delivery.columns["profiles"].remove("city")
    delivery.columns["certificates"][delivery.columns["certificates"].index("status")] = "status_code"
    held = [
        ("added", "certificates", "status_code", "accepted"),
        ("renamed", "certificates", "status", "held"),
        ("removed", "enrollment", "mode", "held"),
    ]
    assert of_files(delivery) == held
    had = week_before(Delivery(tmp_path / "before"), tmp_path / "out")
    assert of_files(delivery, had) == [*held, ("removed", "profiles", "city", "accepted")]


def test_an_optional_column_is_removed_only_if_the_week_before_had_it(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["profiles"].remove("city")
    assert of_files(delivery) == []  # the first week
    assert of_files(delivery, earlier(("users",))) == []  # the table is new
    removed = [("removed", "profiles", "city", "accepted")]
    full = week_before(Delivery(tmp_path / "before"), tmp_path / "1")
    assert of_files(delivery, full) == removed
    (found,) = drift_of_files(delivery.write(), COURSE, WEEK, CONTRACTS, full)
    assert found.found == "column city is absent: NULL; in the week of 2014-11-09 it was there"
    assert of_files(delivery, week_before(delivery, tmp_path / "2")) == []
    week = delivery.convert(tmp_path / "3")
    assert not [it for it in notes(week, []) if "city" in it.found]


def test_a_column_is_renamed_only_if_the_new_name_was_not_there_beside_it(tmp_path):
    before, delivery = Delivery(tmp_path / "before"), Delivery(tmp_path / "in")
    delivery.columns["profiles"][delivery.columns["profiles"].index("city")] = "city_name"
    added = ("added", "profiles", "city_name", "accepted")
    assert of_files(delivery) == [added]
    assert of_files(delivery, week_before(before, tmp_path / "1")) == [
        added,
        ("renamed", "profiles", "city", "accepted"),
    ]
    before.columns["profiles"].append("city_name")
    assert of_files(delivery, week_before(before, tmp_path / "2")) == [
        added,
        ("removed", "profiles", "city", "accepted"),
    ]
    assert of_files(delivery, week_before(delivery, tmp_path / "3")) == [added]


def test_a_week_that_was_converted_before_columns_were_written_down_is_still_read(tmp_path):
    delivery = Delivery(tmp_path / "in")
    for column in ("city", "country"):
        delivery.columns["profiles"].remove(column)
    files = [{"name": name, "sha256": "0", "rows_in": 2, "rows_out": 2, "rows_of_others": 0} for name in delivery.rows]
    told = Drift(kind="removed", file="profiles", column="city", found="…", since=BEFORE)
    before = Earlier.read(BEFORE, {"files": files}, [told])
    assert of_files(delivery, before) == [("removed", "profiles", "country", "accepted")]
    assert before.rows == dict.fromkeys(delivery.rows, 2)


@pytest.mark.parametrize("content", [b"", b"id,username\n1,x\n", b"\xff\xfei\0d\0", b"7\tada\tada@example.com\n"])
def test_a_file_without_a_header_holds_the_week_and_is_not_repeated(tmp_path, content):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["users"] = content
    found = drift_of_files(delivery.write(), COURSE, WEEK, CONTRACTS, None)
    assert [(it.kind, it.file, it.policy) for it in found] == [("unreadable", "users", "held")]
    assert "ada" not in str(found[0])


def test_a_table_without_a_contract_is_told(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["assessment_aiclassifier"] = b"id\tsecret\n"
    assert of_files(delivery) == [("unknown_table", "assessment_aiclassifier", None, "accepted")]


def test_a_partial_week_is_held_and_a_table_that_stays_away_is_told(tmp_path):
    delivery = Delivery(tmp_path / "in")
    del delivery.rows["profiles"], delivery.rows["studentmodule"]
    found = of_files(delivery, earlier(("profiles", "studentmodule", "teams", "users")))
    assert found == [("partial", "profiles", None, "held"), ("absent", "teams", None, "accepted")]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (100, 80, None),
        (100, 79, ("shrunken", "held")),
        (100, 120, None),
        (49, 10, ("shrunken", "accepted")),
        (49, 0, ("header_only", "held")),
        (1, 0, ("header_only", "held")),
        (0, 0, None),
    ],
)
def test_a_table_that_shrinks_holds_the_week_if_it_is_not_small(tmp_path, before, now, expected):
    delivery = Delivery(tmp_path / "in")
    learners(delivery, now)
    found = of_rows(delivery.convert(tmp_path / "out"), earlier(enrollment=before))
    assert found == ([] if expected is None else [(expected[0], "enrollment", None, expected[1])])


def test_a_studentmodule_that_is_not_delivered_any_more_has_no_rows(tmp_path):
    delivery = Delivery(tmp_path / "in")
    del delivery.rows["studentmodule"]
    found = of_rows(delivery.convert(tmp_path / "out"), earlier(studentmodule=2))
    assert found == [("header_only", "studentmodule", None, "held")]


def test_what_shrank_says_from_what_to_what(tmp_path):
    delivery = Delivery(tmp_path / "in")
    learners(delivery, 30)
    (found,) = drift_of_rows(delivery.convert(tmp_path / "out"), earlier(enrollment=100), LIMITS)
    assert str(found) == "enrollment: 30 rows; 100 rows in the week of 2014-11-09 (-70%)"
    with pytest.raises(Held) as caught:
        refuse_held(COURSE, WEEK, [found])
    assert (caught.value.problem.code, caught.value.problem.file) == ("E-EXP-107", "enrollment")
    assert "edx-warehouse release weekly" in caught.value.problem.next
    refuse_held(COURSE, WEEK, released([found]))


@pytest.mark.parametrize(
    ("rows", "odd", "policy"), [(20, 10, "accepted"), (20, 11, "held"), (20_000, 20, "accepted"), (20_000, 21, "held")]
)
def test_values_of_another_type_hold_the_week_when_they_are_many(tmp_path, rows, odd, policy):
    delivery = Delivery(tmp_path / "in")
    learners(delivery, rows)
    for row in delivery.rows["enrollment"][:odd]:
        row["is_active"] = CANARY
    found = drift_of_rows(delivery.convert(tmp_path / "out"), None, LIMITS)
    assert [(it.kind, it.file, it.column, it.policy) for it in found] == [
        ("retyped", "enrollment", "is_active", policy)
    ]
    assert found[0].found.startswith(f"{odd} of {rows} values")
    assert CANARY not in str(found)


def test_odd_values_are_counted_by_file_and_field_and_not_told_in_sentences(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.rows["certificates"][0]["grade"] = delivery.rows["profiles"][0]["year_of_birth"] = CANARY
    document = {"_id": {"$oid": "1"}, "course_id": str(COURSE), "comment_count": CANARY, "votes": {"count": CANARY}}
    delivery.contents["forum"] = json.dumps(document).encode() + b"\n"
    week = delivery.convert(tmp_path / "out")
    odd = {
        "certificates": {"grade": 1},
        "forum": {"comment_count": 1, "votes.count": 1},
        "profiles": {"year_of_birth": 1},
    }
    assert {it.name: it.odd_values for it in week.files if it.odd_values} == odd
    manifest = json.loads(week.to_json())
    assert {it["name"]: it["odd_values"] for it in manifest["files"] if it["odd_values"]} == odd
    assert not [line for line in week.drift if "type" in line]
    told = {name: set(counts) for name, counts in odd.items()}
    found = of_rows(week)
    assert found == [("retyped", name, column, "accepted") for name in told for column in sorted(told[name])]
    assert CANARY not in week.to_json()


def test_a_thousand_values_are_the_most_in_a_table_of_any_size(tmp_path):
    delivery = Delivery(tmp_path / "in")
    learners(delivery, 30)
    for row in delivery.rows["enrollment"][:8]:
        row["is_active"] = "yes"
    week = delivery.convert(tmp_path / "out")
    assert drift_of_rows(week, None, WeekLimits(odd_values=7, odd_values_most=7, odd_share=1.0))[0].policy == "held"
    assert drift_of_rows(week, None, WeekLimits(odd_values=7, odd_values_most=8, odd_share=1.0))[0].policy == "accepted"


def test_what_else_a_conversion_tells_is_noted_once(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["profiles"].append("phone")
    delivery.rows["enrollment"].append({**delivery.rows["enrollment"][0], "id": "40"})
    delivery.rows["enrollment"][1]["is_active"] = "yes"
    found = drift_of_files(delivery.write(), COURSE, WEEK, CONTRACTS, None)
    week = delivery.convert(tmp_path / "out")
    found += drift_of_rows(week, None, LIMITS)
    noted = notes(week, found)
    assert {it.kind for it in noted} == {"note"}
    assert "enrollment: 1 rows of people who have another one: the highest id is taken" in map(str, noted)
    assert not [it for it in noted if "phone" in it.found or "type" in it.found]


def test_drift_goes_on_from_week_to_week_and_begins_again_after_a_gap():
    added = Drift(kind="added", file="users", column="phone", found="…")
    note = Drift(kind="note", file="enrollment", found="7 rows of another course")
    (first,) = dated([added], BEFORE, None)
    assert first.since == BEFORE
    before = Earlier(BEFORE, {}, frozenset(), {it.key: BEFORE for it in (added, note)})
    again = [Drift(kind="note", file="enrollment", found="9 rows of another course"), added]
    assert {it.kind: it.since for it in dated(again, WEEK, before)} == {"added": BEFORE, "note": BEFORE}
    assert dated([added], WEEK, earlier())[0].since == WEEK


def test_what_holds_comes_first_and_everything_is_the_same_after_json():
    found = dated(
        [
            Drift(kind="added", file="a", column="x", found="…"),
            Drift(kind="shrunken", file="z", found="…", policy="held"),
        ],
        WEEK,
        None,
    )
    assert [it.policy for it in found] == ["held", "accepted"]
    assert [Drift.from_dict(it.to_dict()) for it in found] == found


@pytest.mark.parametrize("kind", sorted(NEXT))
def test_every_kind_says_what_to_do_and_is_in_the_manual(kind):
    assert Drift(kind=kind, file="users", found="…").to_dict()["next"]
    manual = Path(__file__).resolve().parents[3] / "docs" / "weekly-exports.md"
    assert f"| `{kind}` |" in manual.read_text()
