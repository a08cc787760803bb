"""The tables of a weekly database export: one function a table, giving rows of values as edX stores them."""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5
from random import Random

from edx_warehouse.sample.courses import Block
from edx_warehouse.sample.files import midnight, stamp
from edx_warehouse.sample.learning import Classroom, Enrolment, containers
from edx_warehouse.sample.plan import Plan

type Value = str | int | float | None
type Rows = Iterator[Mapping[str, Value]]


def enrolled(room: Classroom, before: int) -> list[Enrolment]:
    """Return the enrolments that existed at a moment."""
    return [it for it in room.enrolments if it.created < before]


def digest(*parts: object) -> str:
    """Return 32 hex digits that stand for a person or a thing."""
    return md5(" ".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def _known(text: str) -> str | None:
    return None if text == "NULL" else text


def users(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``auth_user``."""
    for it in enrolled(room, before):
        who = it.learner
        last = max((second for second in [it.created, *it.opened] if second < before), default=it.created)
        yield {
            "id": who.user_id,
            "username": who.username,
            "first_name": "",
            "last_name": "",
            "email": who.email,
            "password": "",
            "is_staff": int(who.staff),
            "is_active": 1,
            "is_superuser": 0,
            "last_login": stamp(last),
            "date_joined": stamp(who.joined),
        }


def profiles(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``auth_userprofile``; a few accounts have none."""
    for it in enrolled(room, before):
        who = it.learner
        if who.user_id % 29 == 0:
            continue
        old = {"old_names": [[who.name.split()[0], "typo\tin the name", stamp(who.joined)]]}
        yield {
            "id": who.user_id + 7,
            "user_id": who.user_id,
            "name": who.name,
            "language": "",
            "location": "",
            "meta": json.dumps(old) if who.user_id % 5 == 0 else "",
            "courseware": "course.xml",
            "gender": _known(who.gender),
            "mailing_address": "1 Example Street\r\nSpringfield" if who.user_id % 11 == 0 else "",
            "year_of_birth": who.year_of_birth,
            "level_of_education": _known(who.education),
            "goals": _known(who.goals),
            "allow_certificate": 1,
            "country": who.country,
            "city": who.city,
            "bio": _known(who.bio),
            "profile_image_uploaded_at": None,
        }


def enrollment(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``student_courseenrollment``: the state now, not a history."""
    for number, it in enumerate(enrolled(room, before), start=1):
        yield {
            "id": number,
            "user_id": it.learner.user_id,
            "course_id": room.course.course_id,
            "created": stamp(it.created),
            "is_active": int(not 0 < it.left < before),
            "mode": it.mode(before),
        }


def certificates(plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``certificates_generatedcertificate``, made once, four days before the newest export."""
    made = certified_at(plan)
    if made >= before:
        return
    for number, it in enumerate(enrolled(room, made), start=1):
        grade = it.grade(made)
        passed = grade >= 0.5
        if not it.opened:
            continue
        key = digest("certificate", it.learner.user_id, room.course.key)
        yield {
            "id": number,
            "user_id": it.learner.user_id,
            "download_url": f"https://certificates.example.org/{key}.pdf" if passed else "",
            "grade": f"{grade}",
            "course_id": room.course.course_id,
            "key": key,
            "distinction": 0,
            "status": "downloadable" if passed else ("unavailable" if number % 13 == 0 else "notpassing"),
            "verify_uuid": digest("verify", key) if passed else "",
            "download_uuid": digest("download", key) if passed else "",
            "name": it.learner.name,
            "created_date": stamp(made + number),
            "modified_date": stamp(made + number + 60),
            "error_reason": "",
            "mode": it.mode(made),
        }


def certified_at(plan: Plan) -> int:
    """Return the second at which certificates are made."""
    return midnight(plan.export_weeks[-1]) - 4 * 86400


def student_module(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``courseware_studentmodule``: opening an item makes rows for all that it is in."""
    places = {block.name: place for place, block in enumerate(room.course.root.walk())}
    for it in enrolled(room, before):
        rows: dict[str, dict[str, Value]] = {}
        for position, opened in enumerate(it.opened):
            if opened >= before:
                continue
            item = room.course.items[position]
            for block in [*reversed(containers(item)), item]:
                row = rows.setdefault(block.name, _module(room, it, block, opened))
                row["modified"] = stamp(opened)
                if block.category == "sequential":
                    row["state"] = f'{{"position": {block.children.index(item.ancestors[0]) + 1}}}'
            tries = [one for one in it.attempts.get(position, ()) if one[0] < before]
            if tries:
                _answer(room, item, it, tries, rows[item.name])
        for name, row in rows.items():
            yield {"id": it.learner.user_id * 10_000 + places[name]} | row


def _module(room: Classroom, it: Enrolment, block: Block, opened: int) -> dict[str, Value]:
    return {
        "module_type": block.category,
        "module_id": room.course.block_id(block),
        "student_id": it.learner.user_id,
        "state": '{"seed": 1, "input_state": {}}' if block.category == "problem" else "{}",
        "grade": None,
        "created": stamp(opened),
        "modified": stamp(opened),
        "max_grade": None,
        "done": "na",
        "course_id": room.course.course_id,
    }


def _answer(room: Classroom, item: Block, it: Enrolment, tries: list[tuple[int, bool]], row: dict[str, Value]) -> None:
    names = [f"{room.course.html_id(item)}_{number + 2}_1" for number in range(item.parts)]
    when, well = tries[-1]
    verdict = "correct" if well else "incorrect"
    empty: dict[str, Value] = {"npoints": None, "msg": "", "hint": "", "hintmode": None, "queuestate": None}
    state = {
        "attempts": len(tries),
        "seed": 1,
        "done": True,
        "student_answers": dict.fromkeys(
            names, 'a "quoted"\tanswer \\ with\nlines' if it.learner.user_id % 7 == 0 else "choice_1"
        ),
        "correct_map": {name: {"correctness": verdict, **empty} for name in names},
        "input_state": {name: {} for name in names},
        "last_submission_time": stamp(when),
    }
    row |= {
        "state": json.dumps(state),
        "grade": float(item.parts if well else 0),
        "max_grade": float(item.parts),
        "modified": stamp(when),
    }


def course_roles(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``student_courseaccessrole``."""
    for number, it in enumerate(enrolled(room, before)):
        if it.learner.staff:
            role = "instructor" if number % 2 == 0 else "staff"
            yield {
                "org": room.course.key.org,
                "course_id": room.course.course_id,
                "user_id": it.learner.user_id,
                "role": role,
            }


def forum_roles(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``django_comment_client_role_users``."""
    for it in enrolled(room, before):
        names = ["Student", "Administrator"] if it.learner.staff else ["Student"]
        if it.learner.user_id % 37 == 0:
            names.append("Community TA")
        for name in names:
            yield {"course_id": room.course.course_id, "user_id": it.learner.user_id, "name": name}


def user_id_map(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``user_id_map``."""
    for it in enrolled(room, before):
        who = it.learner
        yield {"hash_id": digest("anonymous", who.user_id), "id": who.user_id, "username": who.username}


def course_tags(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``user_api_usercoursetag``: who is in which arm of an experiment."""
    for it in enrolled(room, before):
        if it.opened and it.opened[0] < before:
            yield {
                "user_id": it.learner.user_id,
                "course_id": room.course.course_id,
                "key": "xblock.partition_service.partition_1",
                "value": str(it.learner.user_id % 2),
            }


def anonymous_ids(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``student_anonymoususerid``."""
    for number, it in enumerate(enrolled(room, before), start=1):
        yield {
            "id": number,
            "user_id": it.learner.user_id,
            "anonymous_user_id": digest("anonymous", it.learner.user_id, room.course.key),
            "course_id": room.course.course_id,
        }


def languages(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``student_languageproficiency``."""
    for number, it in enumerate(enrolled(room, before), start=1):
        if it.learner.user_id % 4 == 0:
            code = ("en", "es", "zh", "fr")[number % 4]
            yield {"id": number, "user_profile_id": it.learner.user_id + 7, "code": code}


def cohorts(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``course_groups_cohortmembership``."""
    for number, it in enumerate(enrolled(room, before), start=1):
        yield {
            "id": number,
            "course_user_group_id": 1 + it.learner.user_id % 2,
            "user_id": it.learner.user_id,
            "course_id": room.course.course_id,
        }


def course_grades(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``grades_persistentcoursegrade``, which always has the newer spelling of the course id."""
    random = Random(f"grades {room.course.key}")  # noqa: S311 - an invented world, not a secret
    for it in enrolled(room, before):
        micro = random.randrange(1_000_000)
        tries = [when for one in it.attempts.values() for when, _ in one if when < before]
        if not tries:
            continue
        grade = it.grade(before)
        yield {
            "course_id": room.course.key.opaque,
            "user_id": it.learner.user_id,
            "course_edited_timestamp": None,
            "course_version": digest("version", room.course.key)[:24],
            "grading_policy_hash": digest("policy", room.course.key)[:28],
            "percent_grade": grade,
            "letter_grade": "Pass" if grade >= 0.5 else "",
            "passed_timestamp": f"{stamp(max(tries))}.{micro:06d}" if grade >= 0.5 else None,
            "created": f"{stamp(min(tries))}.{micro:06d}",
            "modified": f"{stamp(max(tries))}.{micro:06d}",
        }


TABLES: Mapping[str, Callable[[Plan, Classroom, int], Rows]] = {
    "auth_user": users,
    "auth_userprofile": profiles,
    "student_courseenrollment": enrollment,
    "certificates_generatedcertificate": certificates,
    "courseware_studentmodule": student_module,
    "student_courseaccessrole": course_roles,
    "django_comment_client_role_users": forum_roles,
    "user_id_map": user_id_map,
    "user_api_usercoursetag": course_tags,
    "student_anonymoususerid": anonymous_ids,
    "student_languageproficiency": languages,
    "course_groups_cohortmembership": cohorts,
    "grades_persistentcoursegrade": course_grades,
}
