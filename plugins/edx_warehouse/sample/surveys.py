"""Surveys of the four kinds as a survey tool exports them, and the lists beside the weekly exports."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from edx_warehouse.sample.courses import SampleCourse
from edx_warehouse.sample.files import midnight, stamp, write
from edx_warehouse.sample.learning import Classroom, Enrolment
from edx_warehouse.sample.plan import Plan
from edx_warehouse.sample.tables import digest, enrolled

_LIKED = ("Videos", "Problems", "Forum", "Readings, notes")
_SCALE = ("Strongly agree", "Agree", "Disagree")


def write_surveys(plan: Plan, room: Classroom, number: int, folder: Path) -> list[Path]:
    """Write the surveys of a course; every third one, the first among them, has all kinds and all oddities.

    :param number: of the course, from 0.
    :param folder: ``surveys/<slug>``.
    """
    week = plan.export_weeks[-1]
    slug = room.course.key.slug
    wanted = [(kind, week, _survey(room, kind)) for kind in ("pre_course", "end_of_course")]
    if number % 3 == 0:
        random = Random(f"{plan.seed} surveys {slug}")  # noqa: S311 - an invented world, not a secret
        wanted += [
            ("pre_course", week - timedelta(weeks=1), _half_way(room)),
            ("dynamic", week, _dynamic(room, random)),
            ("in_course", week, _in_course(room, random)),
        ]
    return [write(folder / kind / f"{slug}-{kind}-{day}.csv", content, week) for kind, day, content in wanted]


def write_opt_in(rooms: Iterable[Classroom], week: date, path: Path) -> Path:
    """Write who wants e-mail, of all courses of an institution."""
    header = [
        "user_id",
        "username",
        "email",
        "full_name",
        "course_id",
        "is_opted_in_for_email",
        "preference_set_datetime",
    ]
    rows = []
    for room in rooms:
        for it in enrolled(room, midnight(week) + 86400)[::2]:
            who = it.learner
            said = str(who.user_id % 3 != 0)
            when = stamp(it.created + 60)
            rows.append([who.user_id, who.username, who.email, who.name, room.course.course_id, said, when])
    return write(path, _sheet([header, *rows]), week)


def write_lists(plan: Plan, rooms: Sequence[Classroom], folder: Path) -> list[Path]:
    """Write an institution's course listing and staff list."""
    header = ["Institution", "Semester", "New or Rerun", "Course Number", "Short Title", "Title", "Instructors"]
    header += ["Registration Open", "Course Launch", "Course Wrap", "course_id"]
    listing = [_listed(plan, room.course) for room in rooms]
    staff = sorted({it.learner.username for room in rooms for it in room.enrolments if it.learner.staff})
    grants = [["", name, "", "pm"] for name in staff[:1]]
    grants += [[room.course.course_id, name, "", "instructor"] for room in rooms for name in staff[1:]]
    return [
        write(folder / "course_listing.csv", _sheet([header, *listing]), plan.wrap),
        write(folder / "staff.csv", _sheet([["course_id", "username", "name", "role"], *grants]), plan.wrap),
    ]


def _listed(plan: Plan, course: SampleCourse) -> list[str]:
    number = course.key.course
    days = (plan.launch - timedelta(days=90), plan.launch, plan.wrap)
    return [
        *(
            course.institution,
            f"Fall {plan.launch.year}",
            "New",
            number,
            number,
            f"{course.root.title}, an introduction",
        ),
        "A. Example; B. Example",
        *(f"{day.month}/{day.day}/{day.year}" for day in days),
        course.course_id,
    ]


def _survey(room: Classroom, kind: str) -> bytes:
    """Return a survey tool's CSV with its three header rows; only some learners answer."""
    question = "Why do you take part?" if kind == "pre_course" else "What will you remember?"
    rows: list[list[object]] = [
        ["ResponseId", "StartDate", "Finished", "anonymous_user_id", "Q1", "Q2"],
        ["Response ID", "Start Date", "Finished", "anonymous_user_id", question, "How many hours, a week?"],
        [json.dumps({"ImportId": name}) for name in ("_recordId", "startDate", "finished", "id", "QID1", "QID2")],
    ]
    for number, it in enumerate(room.enrolments[::4]):
        hours = ("1-2", "3-5", "more, much more", "")[number % 4]
        person = _anonymous(room, it)
        answer = it.learner.goals if it.learner.goals != "NULL" else ""
        rows.append([f"R_{person[:12]}", stamp(it.created + 300), number % 5 != 0, person, answer, hours])
    return _sheet(rows)


def _half_way(room: Classroom) -> bytes:
    """Return an older export of the same survey: some responses were not at their end then."""
    rows: list[list[object]] = [
        ["ResponseId", "StartDate", "Finished", "anonymous_user_id", "Q1", "Q2"],
        ["Response ID", "Start Date", "Finished", "anonymous_user_id", "Why?", "How many hours, a week?"],
    ]
    for it in room.enrolments[: len(room.enrolments) // 2 : 4]:
        person = _anonymous(room, it)
        rows.append([f"R_{person[:12]}", stamp(it.created + 300), False, person, "", ""])
    return _sheet(rows)


def _dynamic(room: Classroom, random: Random) -> bytes:
    """Return an export with two header rows: choices in columns, a table of opinions, and learners who answer twice."""
    codes = ["ResponseID", "RecordedDate", "Progress", "IPAddress", "ExternalReference"]
    codes += [f"Q1_{place}" for place in range(1, 5)] + ["Q1_4_TEXT", "Q2_1", "Q2_2"]
    texts = ["Response ID", "Recorded Date", "Progress", "IP Address", "External Data Reference"]
    texts += [f"What did you like? - {choice}" for choice in _LIKED] + ["What did you like? - Text"]
    texts += ["I am sure - that I go on", "I am sure - that I come back"]
    rows: list[list[object]] = [[*codes], [*texts]]
    for number, it in enumerate(room.enrolments[1::3]):
        for again in range(1 + (number % 3 == 0)):
            when = datetime.fromtimestamp(it.created + 7200 * (again + 1), UTC)
            liked = [choice if random.random() < 0.4 else "" for choice in _LIKED]
            response = digest("dynamic", room.course.key, it.learner.user_id, again)[:12]
            progress = 100 if number % 4 else 60
            row = [f"R_{response}", f"{when:%m/%d/%Y %I:%M %p}", progress, it.learner.ip, it.learner.username]
            text = "the slides" if liked[3] and number % 2 else ""
            rows.append([*row, *liked, text, random.choice(_SCALE), random.choice(_SCALE)])
    return _sheet(rows)


def _in_course(room: Classroom, random: Random) -> bytes:
    """Return an export with one header row, lists of choices, and two rows that cannot be taken."""
    rows: list[list[object]] = [["ResponseId", "EndDate", "Finished", "user_id", "Status", "hours", "again", "tools"]]
    for number, it in enumerate(room.enrolments[::2]):
        response = digest("in_course", room.course.key, it.learner.user_id)[:12]
        tools = ",".join(random.sample(("Laptop", "Tablet", "Phone"), 1 + number % 3))
        status = "Survey Preview" if number == 0 else "IP Address"
        row = [f"R_{response}", stamp(it.created + 9000), int(number % 6 != 5), it.learner.user_id, status]
        rows.append([*row, 1 + number % 9, ("Yes", "No")[number % 2], tools])
    rows.append(["R_000000000001", "some day", 1, "", "IP Address", 3, "Yes", "Laptop"])
    rows.append(["R_000000000002", stamp(midnight(date(2014, 11, 1))), 1])
    return _sheet(rows)


def _anonymous(room: Classroom, it: Enrolment) -> str:
    return digest("anonymous", it.learner.user_id, room.course.key)


def _sheet(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
