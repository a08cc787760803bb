import gzip
import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held
from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.exports.convert import convert, digest_of
from fakes.weekly_delivery import (
    CANARY,
    CONTRACTS,
    COURSE,
    WEEK,
    Delivery,
    columns_of,
    csv_rows,
    json_rows,
    never,
)

INCLUDE = Path(__file__).resolve().parents[3] / "include"
AT = "2014-09-01T08:00:00Z"


def tree(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def field_names(table: str) -> list[str]:
    return [field["name"] for field in read_yaml(INCLUDE / "schemas" / "transformed" / f"{table}.yaml")["fields"]]


def test_people_come_together_in_the_order_of_their_ids(tmp_path):
    Delivery(tmp_path / "in").convert(tmp_path / "out")
    rows = json_rows(tmp_path / "out/transformed/user_info_combo.json.gz")
    assert [row["user_id"] for row in rows] == [5, 12, 99]
    assert rows[0] == {
        "user_id": 5,
        "username": "ada",
        "email": "ada@example.com",
        "is_staff": 1,
        "date_joined": AT,
        "profile_name": "Ada L.",
        "profile_gender": "f",
        "profile_year_of_birth": 1990,
        "profile_city": "Łódź\t2",
        "enrollment_course_id": "HarvardX/CS50x/2014_T1",
        "enrollment_created": AT,
        "enrollment_is_active": 1,
        "enrollment_mode": "honor",
        "certificate_id": 7,
        "certificate_user_id": 5,
        "certificate_grade": 0.93,
        "certificate_course_id": "HarvardX/CS50x/2014_T1",
        "certificate_status": "downloadable",
    }
    assert rows[1]["profile_gender"] == ""
    assert "certificate_grade" not in rows[1]
    assert rows[2] == {
        "user_id": 99,
        "enrollment_course_id": "HarvardX/CS50x/2014_T1",
        "enrollment_is_active": 1,
        "enrollment_mode": "audit",
    }


def test_studentmodule_is_typed_and_its_backslashes_are_halved(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.convert(tmp_path / "out")
    rows = json_rows(tmp_path / "out/transformed/studentmodule.json.gz")
    assert rows[1] == {
        "id": 2,
        "module_type": "problem",
        "module_id": "HarvardX/CS50x/problem/p1",
        "student_id": 5,
        "state": delivery.rows["studentmodule"][1]["state"],
        "grade": 1.0,
        "created": AT,
        "modified": "2014-09-02T08:00:00Z",
        "max_grade": 2.5,
        "done": "na",
        "course_id": "HarvardX/CS50x/2014_T1",
    }
    assert json.loads(rows[1]["state"])["student_answers"]["a"] == 'x\ny \\ "q"'


@pytest.mark.parametrize("table", ["user_info_combo", "studentmodule", "course_axis"])
def test_every_column_that_is_written_is_in_the_schema(tmp_path, table):
    Delivery(tmp_path / "in").convert(tmp_path / "out")
    rows = json_rows(tmp_path / f"out/transformed/{table}.json.gz")
    known = field_names(table)
    for row in rows:
        assert list(row) == [name for name in known if name in row]


def test_both_spellings_of_ids_give_the_same_tables(tmp_path):
    for opaque in (False, True):
        Delivery(tmp_path / f"in{opaque}", opaque=opaque).convert(tmp_path / f"out{opaque}")
    for table in ("user_info_combo", "studentmodule"):
        path = f"transformed/{table}.json.gz"
        assert (tmp_path / "outFalse" / path).read_bytes() == (tmp_path / "outTrue" / path).read_bytes()


def test_ids_are_read_row_by_row(tmp_path):
    old, new = Delivery(tmp_path / "old"), Delivery(tmp_path / "new", opaque=True)
    old.rows["studentmodule"][1] = new.rows["studentmodule"][1]
    odd = {
        **old.rows["studentmodule"][0],
        "id": "3",
        "module_id": "i4x:;_;_HarvardX;_CS50x;_video;_v 1".replace(" ", ""),
    }
    other = {**old.rows["studentmodule"][0], "id": "4", "module_id": "library-v1:x+y"}
    old.rows["studentmodule"] += [odd, other]
    week = old.convert(tmp_path / "out")
    ids = [row["module_id"] for row in json_rows(tmp_path / "out/transformed/studentmodule.json.gz")]
    assert ids == [
        "HarvardX/CS50x/chapter/week_1",
        "HarvardX/CS50x/problem/p1",
        "HarvardX/CS50x/video/v1",
        "library-v1:x+y",
    ]
    assert "studentmodule: 1 block ids of no known form: kept as they are" in week.drift


def test_rows_of_another_course_are_counted_and_only_kept_in_raw(tmp_path):
    delivery = Delivery(tmp_path / "in")
    for table in ("enrollment", "certificates", "studentmodule"):
        key = "student_id" if table == "studentmodule" else "user_id"
        stranger = {**delivery.rows[table][0], "id": "77", key: "1234", "course_id": "HarvardX/CS50x/2013"}
        delivery.rows[table].append(stranger)
    delivery.rows["enrollment"][0]["course_id"] = f" {COURSE}\n"
    week = delivery.convert(tmp_path / "out")
    assert {file.name: file.rows_of_others for file in week.files if file.rows_of_others} == {
        "enrollment": 1,
        "certificates": 1,
        "studentmodule": 1,
    }
    people = json_rows(tmp_path / "out/transformed/user_info_combo.json.gz")
    assert [row["user_id"] for row in people] == [5, 12, 99]
    assert len(json_rows(tmp_path / "out/transformed/studentmodule.json.gz")) == 2
    assert len(csv_rows(tmp_path / "out/raw/enrollment.csv.gz")) == 4
    assert "enrollment: 1 rows of another course are not in the transformed table" in week.drift


def test_never_columns_are_nowhere(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.columns["profiles"].append("phone")
    delivery.rows["profiles"][0]["phone"] = CANARY
    files = delivery.write()
    assert sum(CANARY.encode() in path.read_bytes() for path in files.values()) == 3
    week = convert(files, COURSE, WEEK, CONTRACTS, tmp_path / "out")
    for path, content in tree(tmp_path / "out").items():
        assert CANARY.encode() not in gzip.decompress(content), path
    for table in ("users", "profiles", "certificates"):
        assert not set(never(table)) & set(csv_rows(tmp_path / f"out/raw/{table}.csv.gz")[0])
    assert CANARY not in week.to_json()
    columns = next(it.columns for it in week.files if it.name == "profiles")
    assert columns[-1] == "phone"
    assert not set(never("profiles")) & set(columns)


def test_columns_in_another_order_give_the_same_bytes(tmp_path):
    plain, shuffled = Delivery(tmp_path / "a"), Delivery(tmp_path / "b")
    for columns in shuffled.columns.values():
        columns.sort()
    plain.convert(tmp_path / "out-a")
    shuffled.convert(tmp_path / "out-b", zipped=True)
    assert tree(tmp_path / "out-a") == tree(tmp_path / "out-b")


def test_the_same_files_give_the_same_bytes_and_manifest(tmp_path):
    weeks = [Delivery(tmp_path / "in").convert(tmp_path / f"out{n}") for n in range(2)]
    assert weeks[0].to_json() == weeks[1].to_json()
    assert tree(tmp_path / "out0") == tree(tmp_path / "out1")
    outputs = json.loads(weeks[0].to_json())["outputs"]
    assert {
        path: hashlib.sha256(gzip.decompress(data)).hexdigest() for path, data in tree(tmp_path / "out0").items()
    } == {path: output["sha256"] for path, output in outputs.items()}
    assert outputs["transformed/user_info_combo.json.gz"]["rows"] == 3
    assert outputs["raw/users.csv.gz"]["rows"] == 2


def test_the_digest_follows_every_delivered_byte_and_the_course(tmp_path):
    delivery = Delivery(tmp_path / "in")
    first = delivery.convert(tmp_path / "out1")
    sha256s = {file.name: file.sha256 for file in first.files}
    assert first.digest == digest_of(COURSE, CONTRACTS, sha256s)
    assert first.digest != digest_of(CourseKey("HarvardX", "CS50x", "2015"), CONTRACTS, sha256s)
    delivery.rows["users"][0]["email"] = "other@example.org"
    assert delivery.convert(tmp_path / "out2").digest != first.digest


def test_documents_keep_their_content(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["forum"] = b'{"_id": 1}\n{"_id": 2}'
    week = delivery.convert(tmp_path / "out", zipped=True)
    files = tree(tmp_path / "out")
    assert gzip.decompress(files["raw/forum.mongo.gz"]) == delivery.contents["forum"]
    assert gzip.decompress(files["raw/course_structure.json.gz"]) == delivery.contents["course_structure"]
    assert week.outputs["raw/forum.mongo.gz"].rows == 2


def test_header_only_files_are_no_rows(tmp_path):
    delivery = Delivery(tmp_path / "in")
    for rows in delivery.rows.values():
        rows.clear()
    week = delivery.convert(tmp_path / "out")
    assert json_rows(tmp_path / "out/transformed/user_info_combo.json.gz") == []
    assert json_rows(tmp_path / "out/transformed/studentmodule.json.gz") == []
    assert {file.name: file.rows_in for file in week.files if file.name != "course_structure"} == dict.fromkeys(
        ["certificates", "enrollment", "profiles", "studentmodule", "users"], 0
    )


def test_absent_certificates_and_studentmodule_are_no_rows(tmp_path):
    delivery = Delivery(tmp_path / "in")
    del delivery.rows["studentmodule"], delivery.rows["certificates"]
    week = delivery.convert(tmp_path / "out")
    assert json_rows(tmp_path / "out/transformed/studentmodule.json.gz") == []
    assert [row["user_id"] for row in json_rows(tmp_path / "out/transformed/user_info_combo.json.gz")] == [5, 12, 99]
    assert "studentmodule: not delivered: taken as no rows" in week.drift


def test_a_table_without_a_contract_is_reported_and_not_loaded(tmp_path):
    delivery = Delivery(tmp_path / "in")
    delivery.contents["assessment_aiclassifier"] = b"id\tsecret\n1\tx\n"
    week = delivery.convert(tmp_path / "out")
    assert "assessment_aiclassifier: no contract: not loaded until it has one" in week.drift
    assert not [path for path in tree(tmp_path / "out") if "aiclassifier" in path]


def test_of_several_rows_of_a_person_the_highest_id_stays_in_any_order(tmp_path):
    for name, turn in (("a", 1), ("b", -1)):
        delivery = Delivery(tmp_path / name)
        delivery.rows["enrollment"].append({**delivery.rows["enrollment"][0], "id": "40", "mode": "verified"})
        delivery.rows["user_id_map"] = [{"hash_id": h, "id": "5"} for h in ("bb", "aa")]
        for rows in delivery.rows.values():
            rows[:] = rows[::turn]
        week = delivery.convert(tmp_path / f"out-{name}")
        first = json_rows(tmp_path / f"out-{name}/transformed/user_info_combo.json.gz")[0]
        assert (first["enrollment_mode"], first["id_map_hash_id"]) == ("verified", "aa")
        assert "enrollment: 1 rows of people who have another one: the highest id is taken" in week.drift


def test_free_text_reaches_raw_and_transformed_unharmed(tmp_path):
    wild = 'tab\there\nline\r\n"quoted" \\back\\nslash, comma 😀 \\N'
    delivery = Delivery(tmp_path / "in")
    delivery.rows["profiles"][0]["city"] = wild
    delivery.rows["profiles"][0]["location"] = ""
    delivery.rows["profiles"][0]["language"] = None
    delivery.convert(tmp_path / "out")
    raw = csv_rows(tmp_path / "out/raw/profiles.csv.gz")[0]
    assert (raw["city"], raw["location"], raw["language"]) == (wild, "", None)
    assert json_rows(tmp_path / "out/transformed/user_info_combo.json.gz")[0]["profile_city"] == wild


@pytest.mark.parametrize("name", ["users", "profiles", "enrollment", "course_structure"])
def test_a_missing_required_file_holds_the_week(tmp_path, name):
    files = Delivery(tmp_path / "in").write()
    del files[name]
    with pytest.raises(Held) as caught:
        convert(files, COURSE, WEEK, CONTRACTS, tmp_path / "out")
    assert (caught.value.problem.code, caught.value.problem.found) == ("E-EXP-103", f"none for {name}")


def renamed(delivery: Delivery) -> None:
    columns = delivery.columns["enrollment"]
    columns[columns.index("created")] = "created_at"


def comma_separated(delivery: Delivery) -> None:
    delivery.contents["users"] = delivery.bytes_of("users").replace(b"\t", b",")


def ragged(delivery: Delivery) -> None:
    delivery.contents["studentmodule"] = delivery.bytes_of("studentmodule") + b"1\t2\n"


def cut(delivery: Delivery) -> None:
    delivery.contents["profiles"] = gzip.compress(delivery.bytes_of("profiles"))[:-9]


def flipped(delivery: Delivery) -> None:
    content = bytearray(gzip.compress(delivery.bytes_of("certificates")))
    content[-6] ^= 1
    delivery.contents["certificates"] = bytes(content)


def no_structure(delivery: Delivery) -> None:
    delivery.contents["course_structure"] = b"[" * 100_000


def no_course(delivery: Delivery) -> None:
    delivery.contents["course_structure"] = b"{}"


def loop(delivery: Delivery) -> None:
    delivery.contents["course_structure"] = b'{"a": {"category": "course", "children": ["a"]}}'


def emptied(delivery: Delivery) -> None:
    delivery.contents["enrollment"] = b""


@pytest.mark.parametrize(
    ("fault", "code", "file"),
    [
        (renamed, "E-EXP-101", "enrollment.sql"),
        (comma_separated, "E-EXP-101", "users.sql"),
        (emptied, "E-EXP-101", "enrollment.sql"),
        (ragged, "E-EXP-102", "studentmodule.sql"),
        (cut, "E-EXP-104", "profiles.sql"),
        (flipped, "E-EXP-104", "certificates.sql"),
        (loop, "E-EXP-105", "course_structure.sql"),
        (no_structure, "E-EXP-106", "course_structure.sql"),
        (no_course, "E-EXP-106", "course_structure.sql"),
    ],
)
def test_a_fault_holds_the_week_and_nothing_is_written(tmp_path, fault, code, file):
    delivery = Delivery(tmp_path / "in")
    fault(delivery)
    (tmp_path / "place").mkdir()
    with pytest.raises(Held) as caught:
        delivery.convert(tmp_path / "place" / "out")
    assert (caught.value.problem.code, caught.value.problem.file) == (code, file)
    assert f"{COURSE} week {WEEK}" in str(caught.value)
    assert list((tmp_path / "place").iterdir()) == []


def test_a_directory_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        Delivery(tmp_path / "in").convert(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_large_studentmodule_needs_little_memory(tmp_path):
    delivery = Delivery(tmp_path / "in")
    line = delivery.bytes_of("studentmodule").split(b"\n")[1].replace(b'{"position": 1}', b"x" * 20_000)
    header = "\t".join(columns_of("studentmodule")).encode()
    delivery.contents["studentmodule"] = b"\n".join([header, *[line] * 2_000]) + b"\n"
    files = delivery.write()
    del delivery.contents["studentmodule"]
    tracemalloc.start()
    try:
        week = convert(files, COURSE, WEEK, CONTRACTS, tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert week.outputs["transformed/studentmodule.json.gz"].bytes > 40_000_000
    assert peak < 32_000_000
