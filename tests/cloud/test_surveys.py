"""Surveys from the archive to the tables: what changed takes effect, what is bad holds itself, the rest goes on."""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import storage

from edx_warehouse.domain import places
from edx_warehouse.domain.days import midnight
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import due
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.holds import holds
from edx_warehouse.operators.reference import ConvertReferenceOperator
from edx_warehouse.operators.reference_tables import LoadReferenceOperator
from edx_warehouse.operators.survey_mirror import MirrorSurveysOperator
from edx_warehouse.operators.surveys import CONVERTED, ConvertSurveysOperator
from edx_warehouse.operators.week import MakeTablesOperator
from edx_warehouse.tables.catalog import Catalog
from fakes.institution import CS50, DeliveredTo
from fakes.strict_proxy import StrictProxy
from fakes.weekly_delivery import Delivery

pytestmark = pytest.mark.cloud

WEEK = date(2014, 11, 16)
CONTRACTS = Contracts.read(Path(__file__).resolve().parents[2] / "include")
CODES = ["ResponseId", "RecordedDate", "Finished", "username", "Q1"]
NAMES = {
    "users": "auth_user",
    "profiles": "auth_userprofile",
    "enrollment": "student_courseenrollment",
    "certificates": "certificates_generatedcertificate",
    "studentmodule": "courseware_studentmodule",
}


def sheet(*rows: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class Surveyed(DeliveredTo):
    """An institution with one weekly export of one course, and what comes beside it."""

    def put(self, content: bytes, *where: str) -> Path:
        path = self.archive.joinpath("incoming", *where)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def survey(self, *rows: Sequence[str], name: str = "entry-2014-11-16.csv", kind: str = "pre_course") -> Path:
        return self.put(sheet(*rows), "surveys", CS50.slug, kind, name)

    def deliver_week(self, folder: Path) -> None:
        for table, path in Delivery(folder).write().items():
            name = f"{NAMES[table]}-prod-analytics.sql" if table in NAMES else f"{table}-prod-analytics.json"
            self.put(path.read_bytes(), "weekly", str(WEEK), f"{CS50.file_prefix}-{name}")

    def task(self, kind: type[Any], **arguments: Any) -> Any:
        bucket, warehouse = self.bucket, self.warehouse

        class Working(kind):
            def bucket(self) -> Bucket:
                return bucket

            def warehouse(self, unit: str) -> Warehouse:
                return warehouse

        return Working(task_id=kind.__name__, institution=self.institution, **arguments)

    def mirror_surveys(self) -> dict[str, Any]:
        self.mirror("weekly")
        return self.task(MirrorSurveysOperator, courses=[CS50], settle_seconds=0).execute({})

    def convert(self) -> dict[str, Any]:
        """Run both tasks that convert; return what the second one told."""
        arguments = {"course": CS50, "contracts": CONTRACTS}
        week = self.task(ConvertWeekOperator, **arguments).execute(context())
        return self.task(ConvertSurveysOperator, converted="convert", **arguments).execute(context(week))

    def seal(self) -> None:
        """Do what the last task of the week does, as far as it says what the week was made from."""
        prefix = places.week_of_course(CS50, WEEK)
        found = [self.bucket.stat(prefix + name) for name in ("converted.json", CONVERTED)]
        digests = [it.metadata for it in found if it]
        self.bucket.put(
            prefix + "MANIFEST.json", b"{}", {"sources": digests[0]["sources"], "surveys": digests[1]["surveys"]}
        )

    def rows_of(self, table: str) -> list[dict[str, Any]]:
        content = self.bucket.read(f"{places.week_of_course(CS50, WEEK)}transformed/{table}.json.gz")
        return [json.loads(line) for line in gzip.decompress(content or b"").splitlines()]


def context(week: Any = None) -> dict[str, Any]:
    instance = SimpleNamespace(xcom_pull=lambda task_ids: week, dag_id="course_weekly__x", task_id="load", try_number=1)
    run = SimpleNamespace(logical_date=midnight(WEEK), dag_id="course_weekly__x", run_id="delivery")
    events = defaultdict(lambda: SimpleNamespace(add_partitions=lambda _: None))
    return {"ti": instance, "dag_run": run, "outlet_events": events}


@pytest.fixture
def there(tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str):
    made = Surveyed(tmp_path, storage_client, warehouse, place)
    made.deliver_week(tmp_path / "week")
    return made


def test_new_and_changed_surveys_make_the_finished_week_due_and_take_effect_once(there: Surveyed) -> None:
    there.survey(CODES, ["R_1", "2014-11-10 10:00", "True", "ada", "why"])
    assert there.mirror_surveys() == {"copied": 1, "strange": 0, "growing": 0}
    assert there.convert() == {
        "week": str(WEEK),
        "email_opt_in": 0,
        "survey_questions": 1,
        "survey_responses": 1,
    }
    there.seal()
    before = there.generations()
    there.mirror_surveys()
    there.convert()
    assert there.generations() == before
    assert due.due_weeks(there.bucket, [CS50]) == []

    there.survey(CODES, ["R_2", "2014-11-12 10:00", "True", "zoe", "so"], name="exit.csv", kind="end_of_course")
    there.mirror_surveys()
    assert due.due_weeks(there.bucket, [CS50]) == [(WEEK, CS50)]
    there.convert()
    there.seal()
    assert due.due_weeks(there.bucket, [CS50]) == []
    assert {(row["kind"], row["user_id"], row["answer"]) for row in there.rows_of("survey_responses")} == {
        ("pre_course", 5, "why"),
        ("end_of_course", 12, "so"),
    }

    (there.archive / "incoming/surveys" / CS50.slug / "end_of_course/exit.csv").unlink()
    there.mirror_surveys()
    assert due.due_weeks(there.bucket, [CS50]) == [(WEEK, CS50)]
    there.convert()
    assert [row["kind"] for row in there.rows_of("survey_responses")] == ["pre_course"]


def test_a_bad_file_holds_itself_until_a_right_one_is_in_its_place(there: Surveyed) -> None:
    there.survey(CODES, ["R_1", "2014-11-10 10:00", "True", "ada", "why"], ["R_2", "soon", "True", "zoe", "x"])
    there.survey(["Name", "Q1"], ["Zoë", "x"], name="bad.csv")
    there.put(b"x", "surveys", CS50.slug, "party", "strange.csv")
    there.put(b"x", "surveys", "Nobody__knows__me", "pre_course", "strange.csv")
    assert there.mirror_surveys()["strange"] == 2
    there.convert()
    [(name, problem)] = holds(there.bucket)
    assert name == f"quarantine/surveys/{CS50.slug}/pre_course/bad.csv/held.json"
    assert problem["code"] == "E-SRV-101"
    rows = gzip.decompress(there.bucket.read(f"quarantine/surveys/{CS50.slug}/rows.jsonl.gz") or b"").splitlines()
    assert [json.loads(row)["reason"] for row in rows] == ["time"]
    assert [row["response_id"] for row in there.rows_of("survey_responses")] == ["R_1"]

    there.survey(CODES, ["R_3", "2014-11-10 10:00", "True", "zoe", "right"], name="bad.csv")
    there.survey(CODES, ["R_1", "2014-11-10 10:00", "True", "ada", "why"])
    there.mirror_surveys()
    there.convert()
    assert holds(there.bucket) == []
    assert there.bucket.objects("quarantine/surveys/") == []
    assert len(there.rows_of("survey_responses")) == 2


def test_a_week_that_is_delivered_again_keeps_its_surveys(there: Surveyed, tmp_path: Path) -> None:
    there.survey(CODES, ["R_1", "2014-11-10 10:00", "True", "ada", "why"])
    there.mirror_surveys()
    there.convert()
    path = next((there.archive / "incoming/weekly" / str(WEEK)).glob("*-auth_user-*"))
    path.write_bytes(path.read_bytes().replace(b"ada", b"eva"))
    there.mirror_surveys()
    there.convert()
    [row] = there.rows_of("survey_responses")
    assert "user_id" not in row
    assert there.bucket.stat(f"{places.week_of_course(CS50, WEEK)}transformed/survey_questions.json.gz")


def test_a_course_without_surveys_has_empty_tables_that_are_loaded_as_declared(
    there: Surveyed, catalog: Catalog
) -> None:
    header = b"user_id,username,email,full_name,course_id,is_opted_in_for_email,preference_set_datetime\n"
    row = f"5,ada,ada@example.com,Ada,{CS50},True,2014-11-10 10:00:00\n".encode()
    there.put(header + row, "weekly", str(WEEK), "HarvardX-email_opt_in-prod-analytics.csv")
    there.mirror_surveys()
    result = there.convert()
    loaded = {}
    for table in ("email_opt_in", "survey_responses"):
        name = f"transformed.{table}"
        task = there.task(MakeTablesOperator, course=CS50, tables=[name], converted="convert", catalog=catalog)
        loaded[table] = [task.execute(context(result))["made"], task.execute(context(result))["made"]]
    assert loaded == {it: [[f"transformed.{it}"], []] for it in ("email_opt_in", "survey_responses")}
    assert (result["email_opt_in"], result["survey_responses"]) == (1, 0)


def test_the_lists_of_the_office_are_loaded_where_they_changed(there: Surveyed, catalog: Catalog) -> None:
    convert = there.task(ConvertReferenceOperator, contracts=CONTRACTS, settle_seconds=0)
    load = there.task(LoadReferenceOperator, tables=["course_listing", "staff"], catalog=catalog)
    assert load.execute(context()) == {"made": []}
    there.put(b"username,role,course_id\nada,pm,\n", "reference", "staff.csv")
    convert.execute({})
    assert load.execute(context()) == {"made": ["staff"]}
    assert load.execute(context()) == {"made": []}
    there.put(b"username,role,course_id\nada,pm,\nbob,instructor,HarvardX/CS50x/2014_T1\n", "reference", "staff.csv")
    convert.execute({})
    assert load.execute(context()) == {"made": ["staff"]}
    table = there.warehouse.client.get_table(there.warehouse.reference(places.REFERENCE_TABLES, "staff"))
    assert table.num_rows == 2
    assert "Data loaded from" in table.description


def test_the_lists_of_the_office_are_typed_and_a_bad_one_keeps_the_one_before(there: Surveyed) -> None:
    there.put(b"username,role,course_id\nada,pm,\n", "reference", "staff.csv")
    task = there.task(ConvertReferenceOperator, contracts=CONTRACTS, settle_seconds=0)
    assert task.execute({}) == {"made": ["hmdc/reference/staff.csv"]}
    before = there.generations()
    assert task.execute({}) == {"made": []}
    assert there.generations() == before
    there.put(b"who,what\nada,pm\n", "reference", "staff.csv")
    assert task.execute({}) == {"made": []}
    assert [problem["code"] for _, problem in holds(there.bucket)] == ["E-SRV-104"]
    rows = gzip.decompress(there.bucket.read("reference/staff.json.gz") or b"").splitlines()
    assert [json.loads(row) for row in rows] == [{"course_id": "", "username": "ada", "role": "pm"}]
    there.put(b"username,role,course_id\nada,pm,\n", "reference", "staff.csv")
    task.execute({})
    assert holds(there.bucket) == []
