"""A course's weeks that differ: what holds, what an operator releases, and what the command tells."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from edx_warehouse import cli
from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Held
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators import due
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.drift import open_drift
from edx_warehouse.operators.holds import holds
from fakes.institution import CS50, DeliveredTo, context_of
from fakes.strict_proxy import StrictProxy
from fakes.weekly_delivery import CONTRACTS, Delivery

WEEKS = [date(2014, 11, 9), date(2014, 11, 16), date(2014, 11, 23)]


class Course:
    """A course whose weeks are delivered, mirrored and converted."""

    def __init__(self, there: DeliveredTo, folder: Path) -> None:
        self.there = there
        self.folder = folder

    def deliver(self, week: date, learners: int, *columns: str, without: str = "") -> None:
        """Deliver a week with so many enrollments, and more columns of them."""
        delivery = Delivery(self.folder / str(week) / str(learners))
        delivery.rows["enrollment"] = [
            {"id": str(n), "user_id": str(n), "course_id": str(CS50), "is_active": "1"} for n in range(1, learners + 1)
        ]
        delivery.columns["enrollment"] += columns
        target = self.there.archive / "incoming/weekly" / str(week)
        target.mkdir(parents=True, exist_ok=True)
        for name, path in delivery.write().items():
            if name != without:
                shutil.copy(path, target / f"{CS50.file_prefix}-{_DELIVERED.get(name, name)}")
        self.there.mirror("weekly")

    def convert(self, week: date) -> dict[str, Any]:
        bucket = self.there.bucket

        class Converting(ConvertWeekOperator):
            def bucket(self) -> Bucket:
                return bucket

        task = Converting(task_id="convert", institution=self.there.institution, course=CS50, contracts=CONTRACTS)
        return task.execute(context_of(week))

    def drift(self) -> list[tuple[str, str, str, str, str]]:
        """Return what is open: week, policy, kind, file, since."""
        return [
            (str(week.week), it.policy, it.kind, it.file, str(it.since))
            for week in open_drift(self.there.bucket, CS50)
            for it in week.drift
        ]


_DELIVERED = {
    "users": "auth_user-prod-analytics.sql",
    "profiles": "auth_userprofile-prod-analytics.sql",
    "enrollment": "student_courseenrollment-prod-analytics.sql",
    "certificates": "certificates_generatedcertificate-prod-analytics.sql",
    "studentmodule": "courseware_studentmodule-prod-analytics.sql",
    "course_structure": "course_structure-prod-analytics.json",
}


@pytest.fixture
def course(tmp_path: Path, storage_client: storage.Client, warehouse: Warehouse, place: str) -> Course:
    return Course(DeliveredTo(tmp_path / "there", storage_client, warehouse, place), tmp_path / "in")


@pytest.fixture
def command(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage_proxy: StrictProxy) -> Course:
    course.there.surroundings(tmp_path, monkeypatch.setenv, storage_proxy.url)
    return course


def held_code(course: Course) -> list[str]:
    return [problem["code"] for _, problem in holds(course.there.bucket)]


def test_a_shrunken_week_is_held_until_somebody_releases_it(
    command: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course, bucket = command, command.there.bucket
    course.deliver(WEEKS[0], 100)
    course.convert(WEEKS[0])
    course.deliver(WEEKS[1], 60)
    with pytest.raises(Held) as caught:
        course.convert(WEEKS[1])
    assert caught.value.problem.code == "E-EXP-107"
    assert course.there.generations(places.week_of_course(CS50, WEEKS[1])) == {}
    assert [it[0] for it in due.due_weeks(bucket, [CS50])] == [WEEKS[0]]  # it was never sealed
    assert ("2014-11-16", "held", "shrunken", "enrollment", "2014-11-16") in course.drift()

    assert cli.main(["drift"]) == 3
    assert (
        "HELD     HarvardX HarvardX/CS50x/2014_T1 2014-11-16 · shrunken enrollment: 60 rows" in capsys.readouterr().out
    )
    assert cli.main(["release", "weekly", str(CS50), "2014-11-16", "--reason", "was reset", "--by", "ada"]) == 0
    assert "taken as it is: enrollment: 60 rows; 100 rows" in capsys.readouterr().out
    assert [it[0] for it in due.due_weeks(bucket, [CS50])] == WEEKS[:2]
    assert course.convert(WEEKS[1]) == {"week": "2014-11-16"}
    capsys.readouterr()  # tasks log to stdout here
    assert cli.main(["drift", "--json", "--course", str(CS50)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(it["kind"], it["policy"], it["release"]) for it in found["drift"] if it["kind"] != "note"] == [
        ("shrunken", "released", {"by": "ada", "reason": "was reset"})
    ]
    assert held_code(course) == []
    assert cli.main(["release", "weekly", str(CS50), "2014-11-16", "--reason", "again"]) == 1
    assert "E-EXP-108" in capsys.readouterr().err


def test_a_release_is_for_the_files_that_were_looked_at(command: Course) -> None:
    course = command
    course.deliver(WEEKS[0], 100)
    course.convert(WEEKS[0])
    course.deliver(WEEKS[1], 60)
    with pytest.raises(Held):
        course.convert(WEEKS[1])
    assert cli.main(["release", "weekly", str(CS50), "2014-11-16", "--reason", "was reset"]) == 0
    course.deliver(WEEKS[1], 50)
    with pytest.raises(Held):
        course.convert(WEEKS[1])
    assert held_code(course) == ["E-EXP-107"]
    course.deliver(WEEKS[1], 90)
    course.convert(WEEKS[1])
    assert (held_code(course), [it for it in course.drift() if it[2] != "note"]) == ([], [])


def test_a_held_week_is_left_out_of_the_comparison_and_a_good_one_goes_on_with_what_is_open(course: Course) -> None:
    course.deliver(WEEKS[0], 100, "phone")
    course.convert(WEEKS[0])
    course.deliver(WEEKS[1], 60)
    with pytest.raises(Held):
        course.convert(WEEKS[1])
    course.deliver(WEEKS[2], 95, "phone")
    course.convert(WEEKS[2])
    found = [it for it in course.drift() if it[2] != "note"]
    assert found == [
        ("2014-11-16", "held", "shrunken", "enrollment", "2014-11-16"),
        ("2014-11-23", "accepted", "added", "enrollment", "2014-11-09"),
    ]
    before = course.there.generations()
    course.convert(WEEKS[2])
    assert course.there.generations() == before


def test_what_nobody_can_release_is_told_and_stays_held(command: Course, capsys: pytest.CaptureFixture[str]) -> None:
    course = command
    course.deliver(WEEKS[0], 5, without="profiles")
    with pytest.raises(Held):
        course.convert(WEEKS[0])
    assert course.drift() == [("2014-11-09", "held", "partial", "profiles", "2014-11-09")]
    assert cli.main(["release", "weekly", str(CS50), "2014-11-09", "--reason", "why not"]) == 1
    assert "held with E-EXP-103" in capsys.readouterr().err
    assert held_code(course) == ["E-EXP-103"]


def test_files_of_nobody_and_courses_left_out_are_told(command: Course, capsys: pytest.CaptureFixture[str]) -> None:
    course = command
    course.deliver(WEEKS[0], 5)
    folder = course.there.archive / "incoming/weekly" / str(WEEKS[1])
    folder.mkdir()
    for name in (
        "HarvardX-Sandbox-2014-auth_user-edge-analytics.sql",
        "HarvardX-Other-2014-auth_user-prod-analytics.sql",
    ):
        (folder / name).write_bytes(b"id\n")
    course.there.mirror("weekly")
    capsys.readouterr()  # tasks log to stdout here
    assert cli.main(["drift", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["drift"]
    assert {(it["kind"], it["file"]) for it in found} == {
        ("edge", "HarvardX-Sandbox-2014-auth_user-edge-analytics.sql"),
        ("unknown_course", "HarvardX-Other-2014-auth_user-prod-analytics.sql"),
        ("absent_course", str(CS50)),
    }
