"""The restore drill: weeks go to the archive, deliveries are lost, and an empty bucket and project get the same tables."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from edx_warehouse.domain import places
from edx_warehouse.domain.fingerprints import fingerprint
from edx_warehouse.domain.registry import Course
from edx_warehouse.domain.windows import LATEST, Window
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bags import Bags
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.due import due_weeks
from edx_warehouse.operators.restore import Restorer
from edx_warehouse.operators.roles import CourseOperator
from edx_warehouse.operators.seal import SealWeekOperator
from edx_warehouse.operators.snapshot import Pusher
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.survey_mirror import MirrorSurveysOperator
from edx_warehouse.operators.surveys import ConvertSurveysOperator
from edx_warehouse.operators.week import PublishWeekOperator
from edx_warehouse.operators.windows import BuildWindowOperator
from edx_warehouse.tables.catalog import Catalog
from fakes.institution import CS50, DeliveredTo, context_of
from fakes.strict_proxy import StrictProxy
from fakes.weekly_delivery import CONTRACTS, Delivery

pytestmark = pytest.mark.cloud

WEEK, BEFORE = date(2014, 11, 16), date(2014, 11, 9)
WINDOW = Window("autumn", date(2014, 9, 1), date(2014, 11, 8))  # BEFORE is the week that it is made from
TABLES = ("course_axis", "email_opt_in", "studentmodule", "survey_responses", "user_info_combo")
LOADED = [f"transformed.{table}" for table in TABLES]
IN_WINDOW = ("transformed.email_opt_in", "transformed.survey_responses", "ops.job_history")
SURVEY = b"ResponseId,RecordedDate,Finished,username,Q1\nR_1,2014-11-01 10:00,True,ada,why\n"
OPT_IN = (
    "user_id,username,email,course_id,is_opted_in_for_email,preference_set_datetime\n"
    f"5,ada,ada@example.com,{CS50},True,2014-10-01 08:00:00\n"
).encode()
NAMES = {
    "users": "auth_user-prod-analytics.sql",
    "profiles": "auth_userprofile-prod-analytics.sql",
    "enrollment": "student_courseenrollment-prod-analytics.sql",
    "certificates": "certificates_generatedcertificate-prod-analytics.sql",
    "studentmodule": "courseware_studentmodule-prod-analytics.sql",
    "course_structure": "course_structure-prod-analytics.json",
}


class Place:
    """A bucket and a project, and the tasks of a weekly run in them."""

    def __init__(self, delivered: DeliveredTo, bucket: Bucket, warehouse: Warehouse, catalog: Catalog) -> None:
        self.bucket, self.warehouse = bucket, warehouse
        self.institution, self.catalog = delivered.institution, catalog

    def run(self, week: date = WEEK) -> None:
        """Convert, load and finish a week, as ``course_weekly`` does."""
        converted = self.do(ConvertWeekOperator, week=week, contracts=CONTRACTS)
        beside = self.do(ConvertSurveysOperator, converted, contracts=CONTRACTS, converted="convert")
        assert (beside["email_opt_in"], beside["survey_responses"]) == (1, 1)
        if week == WEEK:
            self.do(PublishWeekOperator, converted, tables=LOADED, converted="convert", catalog=self.catalog)
        self.seal(converted)

    def seal(self, converted: Any) -> None:
        asset = Asset(name="week")
        self.do(SealWeekOperator, converted, tables=LOADED, converted="convert", catalog=self.catalog, asset=asset)

    def build_window(self) -> dict[str, tuple[str, str]]:
        """Build the window; return fingerprint and digest of each of its tables."""
        self.do(
            BuildWindowOperator,
            taught=[Course(CS50, self.institution)],
            windows=[WINDOW],
            catalog=Catalog([self.catalog[it] for it in IN_WINDOW]),
            unit={"course": str(CS50), "window": WINDOW.name},
        )
        return self.tables(WINDOW)

    def do(self, operator: type[Any], result: Any = None, week: date = WEEK, **options: Any) -> Any:
        bucket, warehouse = self.bucket, self.warehouse
        here = {"bucket": lambda self: bucket, "warehouse": lambda self, unit: warehouse}
        place = {"institution": self.institution} | ({"course": CS50} if issubclass(operator, CourseOperator) else {})
        task = type(operator.__name__, (operator,), here)(task_id="task", **place, **options)
        instance = SimpleNamespace(
            dag_id="course_weekly", task_id="task", try_number=1, xcom_pull=lambda task_ids: result
        )
        return task.execute({**context_of(week), "ti": instance})

    def tables(self, window: Window = LATEST) -> dict[str, tuple[str, str]]:
        """Return fingerprint and digest of each table of the course."""
        dataset = places.dataset(CS50, window)
        client = self.warehouse.client
        return {
            name: (
                fingerprint(dict(row) for row in client.list_rows(self.warehouse.reference(dataset, name))),
                labels["digest"],
            )
            for name, labels in self.warehouse.labels(dataset).items()
        }

    def manifest(self, folder: str = places.week_of_course(CS50, WEEK)) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bucket.read(folder + "MANIFEST.json") or b"{}")
        return found

    def push(self, archive: Archive) -> list[str]:
        return list(Pusher(archive, self.bucket, "HarvardX").push([CS50], Span()).written)


@pytest.fixture
def elsewhere(proxies: tuple[StrictProxy, StrictProxy]) -> Iterator[Warehouse]:
    """Return a project that holds nothing."""
    options = ClientOptions(api_endpoint=proxies[1].url)
    with closing(bigquery.Client("restored-data", AnonymousCredentials(), client_options=options)) as client:
        yield Warehouse(client, "HarvardX/CS50x/2014_T1 2014-11-16")


def test_an_empty_project_gets_the_same_tables_from_a_snapshot(
    tmp_path: Path, storage_client: storage.Client, warehouse: Warehouse, elsewhere: Warehouse, catalog: Catalog
) -> None:
    delivered = DeliveredTo(tmp_path, storage_client, warehouse, "drill")
    incoming = delivered.archive / "incoming"
    for week in (BEFORE, WEEK):
        deliver(incoming, week, tmp_path / "delivery")
    delivered.mirror("weekly")
    first = Place(delivered, delivered.bucket, warehouse, catalog)
    first.do(MirrorSurveysOperator, courses=[CS50], settle_seconds=0)
    first.run()
    first.run(BEFORE)
    window = first.build_window()
    archive = Archive(delivered.institution.archive)
    assert first.push(archive) == [places.snapshot(BEFORE, CS50), places.snapshot(WEEK, CS50)]

    # A table that is made again with the same rows keeps its file; so there is nothing new to push.
    served = warehouse.client.get_table(warehouse.reference(places.latest_dataset(CS50), "studentmodule"))
    served.labels = {**served.labels, "digest": "made-again"}
    warehouse.client.update_table(served, ["labels"])
    prefix = places.week_of_course(CS50, WEEK)
    before = first.bucket.stat(f"{prefix}secondary/studentmodule.csv.gz")
    first.seal({"week": str(WEEK)})
    after = first.bucket.stat(f"{prefix}secondary/studentmodule.csv.gz")
    assert before is not None
    assert after is not None
    assert (after.generation, after.metadata["digest"]) == (before.generation, "made-again")
    assert first.bucket.objects(places.drafts(CS50)) == []
    assert first.push(archive) == []

    shutil.rmtree(incoming)
    storage_client.create_bucket("restored-bucket")
    second = Place(delivered, Bucket(storage_client, "restored-bucket"), elsewhere, catalog)
    restored = Restorer(Bags(archive), second.bucket, windows=[WINDOW]).newest([CS50], Span())
    assert (list(restored.weeks), restored.failed) == ([f"{CS50} {WEEK}", f"{CS50} {BEFORE}"], [])
    assert due_weeks(second.bucket, [CS50]) == [(WEEK, CS50)]
    second.run()
    assert due_weeks(second.bucket, [CS50]) == []

    original = first.tables() | {
        "studentmodule": (first.tables()["studentmodule"][0], second.tables()["studentmodule"][1])
    }
    assert second.tables() == original
    assert second.tables().keys() == set(TABLES)
    assert second.manifest() == first.manifest()
    assert all("content" in it for it in second.manifest()["files"] if it["name"].startswith("secondary/"))
    assert second.push(archive) == []

    assert second.build_window() == window
    # The survey and the opt-in rows are the same in both weeks.
    assert {name: rows for name, (rows, _) in window.items()} == {
        name: original[name][0] for name in ("email_opt_in", "survey_responses")
    }
    folder = places.window_folder(CS50, WINDOW)
    assert second.manifest(folder) == first.manifest(folder)
    assert second.manifest(folder)["week"] == str(BEFORE)


def deliver(incoming: Path, week: date, folder: Path) -> None:
    """Put a weekly export, with its opt-in file, and a survey into an archive."""
    exports, surveys = incoming / "weekly" / str(week), incoming / "surveys" / CS50.slug / "pre_course"
    exports.mkdir(parents=True)
    for name, path in Delivery(folder).write().items():
        shutil.copy(path, exports / f"{CS50.file_prefix}-{NAMES[name]}")
    (exports / "HarvardX-email_opt_in-prod-analytics.csv").write_bytes(OPT_IN)
    surveys.mkdir(parents=True, exist_ok=True)
    (surveys / "entry.csv").write_bytes(SURVEY)
