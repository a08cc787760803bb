from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.exports.contracts import Broken, Change, Contracts
from fakes.weekly_delivery import CONTRACTS, columns_of

ENROLLMENT = CONTRACTS.by_name["enrollment"]


@pytest.mark.parametrize("name", sorted(CONTRACTS.by_name))
def test_every_contract_describes_every_column_and_keeps_a_header_of_all(name):
    contract = CONTRACTS.by_name[name]
    assert all(column.description for column in contract.columns)
    layout = contract.layout(columns_of(name))
    assert layout.drift == ()
    assert [column.name for column in layout.columns] == [column.name for column in contract.loaded]


def test_what_must_never_be_loaded_is_classified_so():
    never = {(n, c.name) for n, contract in CONTRACTS.by_name.items() for c in contract.columns if c.privacy == "never"}
    assert never >= {
        *(("users", name) for name in ("password", "first_name", "last_name")),
        *(("profiles", name) for name in ("mailing_address", "meta", "goals", "bio")),
        *(("certificates", name) for name in ("verify_uuid", "download_uuid", "download_url", "key")),
    }


def test_columns_are_found_by_name_in_any_order():
    header = columns_of("enrollment")
    header.sort()
    layout = ENROLLMENT.layout(header)
    assert [header[place] for place in layout.positions] == [column.name for column in ENROLLMENT.columns]
    assert layout.changes == (Change("reordered", None, "columns in another order: read by name"),)


def test_a_new_column_is_reported_and_has_no_place():
    layout = ENROLLMENT.layout([*columns_of("enrollment"), "phone"])
    assert layout.width == 7
    assert 6 not in layout.positions
    assert layout.drift == ("column phone is new: not loaded until it is in the contract",)


def test_a_name_that_may_be_data_is_not_repeated():
    layout = ENROLLMENT.layout([*columns_of("enrollment"), "somebody@example.com"])
    assert layout.drift == ("column (a name that is no identifier) is new: not loaded until it is in the contract",)


def test_a_renamed_column_is_guessed():
    with pytest.raises(Broken) as caught:
        ENROLLMENT.layout([name if name != "created" else "created_at" for name in columns_of("enrollment")])
    assert caught.value.expected == 'column "created"'
    assert caught.value.found == 'near-match "created_at" for "created": renamed?'
    assert "created_at as an alias of created" in caught.value.mend


def test_a_removed_column_is_named_with_what_is_new():
    with pytest.raises(Broken) as caught:
        ENROLLMENT.layout([*(name for name in columns_of("enrollment") if name != "mode"), "phone"])
    assert caught.value.found == 'no "mode": removed?; new columns phone'


def test_an_absent_optional_column_is_null_and_reported():
    layout = CONTRACTS.by_name["profiles"].layout([name for name in columns_of("profiles") if name != "city"])
    assert layout.drift == ("column city is absent: NULL",)
    assert layout.positions[[column.name for column in layout.columns].index("city")] is None


def test_a_renamed_optional_column_is_guessed_and_taken_as_absent():
    header = ["town" if name == "city" else name for name in columns_of("profiles")]
    changes = CONTRACTS.by_name["profiles"].layout(header).changes
    assert {(it.kind, it.column) for it in changes} == {("added", "town"), ("removed", "city")}
    header = ["city_name" if name == "city" else name for name in columns_of("profiles")]
    changes = CONTRACTS.by_name["profiles"].layout(header).changes
    assert {(it.kind, it.column) for it in changes} == {("added", "city_name"), ("renamed", "city")}
    assert not any(it.held for it in changes)


def test_a_broken_header_tells_all_that_is_different():
    header = [name if name != "created" else "created_at" for name in columns_of("enrollment") if name != "mode"]
    with pytest.raises(Broken) as caught:
        ENROLLMENT.layout([*header, "phone"])
    assert {(it.kind, it.column, it.held) for it in caught.value.changes} == {
        ("added", "created_at", False),
        ("added", "phone", False),
        ("renamed", "created", True),
        ("removed", "mode", True),
    }


def test_an_alias_is_the_column():
    header = [name if name != "avatar_type" else "avatar_typ" for name in columns_of("users")]
    assert CONTRACTS.by_name["users"].layout(header).drift == ()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ([*columns_of("enrollment"), "mode"], "mode more than once"),
        ([",".join(columns_of("enrollment"))], "one that looks comma-separated"),
        ([";".join(columns_of("enrollment"))], "one that looks semicolon-separated"),
        (["|".join(columns_of("enrollment"))], "one that looks pipe-separated"),
        ([""], "a first line of 1 fields, fewer than half of them columns of student_courseenrollment"),
    ],
)
def test_a_header_that_is_none_is_refused(header, found):
    with pytest.raises(Broken) as caught:
        ENROLLMENT.layout(header)
    assert caught.value.found == found


def test_a_row_in_place_of_a_header_is_not_repeated():
    with pytest.raises(Broken) as caught:
        ENROLLMENT.layout(["17", "5", "HarvardX/CS50x/2014_T1", "secret_name", "1", "honor"])
    assert "secret_name" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ("{name: a, type: TEXT, class: public, description: d}", "columns[0].type"),
        ("{name: a, type: STRING, class: secret, description: d}", "columns[0].class"),
        ("{name: a, type: STRING, class: public}", "columns[0].description"),
        ("{name: a, type: STRING, class: never, required: true, description: d}", "columns[0]"),
        ("{name: a, type: STRING, class: public, description: d, extra: 1}", "columns[0]"),
    ],
)
def test_a_contract_with_a_mistake_is_refused_by_key(tmp_path: Path, columns, key):
    folder = tmp_path / "schemas" / "raw"
    folder.mkdir(parents=True)
    (folder / "t.yaml").write_text(f"description: d\nsource: t\nescaping: mysql\ncolumns:\n  - {columns}\n")
    with pytest.raises(Terminal) as caught:
        Contracts.read(tmp_path)
    assert caught.value.problem.field == key


FREE_TEXT = {"raw_answer", "feedback", "feedback_text", "comments", "reason", "content", "user_message"}


@pytest.mark.parametrize("name", sorted(CONTRACTS.by_name))
def test_who_somebody_is_and_what_somebody_wrote_is_never_public(name):
    people = {"user_id", "student_id", "username", "scorer_id", "creator", "submission_uuid", "owner_id"}
    public = {column.name for column in CONTRACTS.by_name[name].columns if column.privacy == "public"}
    assert not public & (people | FREE_TEXT)
