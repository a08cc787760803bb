"""Tables of a weekly export that only some courses have: credit, teams, wiki, verification, subsection grades."""

from collections.abc import Callable, Mapping

from edx_warehouse.sample.files import stamp
from edx_warehouse.sample.learning import Classroom, Enrolment
from edx_warehouse.sample.plan import Plan
from edx_warehouse.sample.tables import Rows, digest, enrolled

_DAY = 86400
_TEAMS = ("Night owls", 'The "second" half', "Équipe\tA")


def subsection_grades(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``grades_persistentsubsectiongrade``: one row per learner and graded subsection with a try."""
    for it in enrolled(room, before):
        for subsection in (block for block in room.course.root.walk() if block.category == "sequential"):
            problems = [
                place
                for place, item in enumerate(room.course.items)
                if item.category == "problem" and subsection in item.ancestors
            ]
            tries = [one for place in problems for one in it.attempts.get(place, ()) if one[0] < before]
            if subsection.title != "Homework" or not tries:
                continue
            right = sum(any(ok and when < before for when, ok in it.attempts.get(place, ())) for place in problems)
            yield {
                "course_id": room.course.key.opaque,
                "user_id": it.learner.user_id,
                "usage_key": room.course.block_id(subsection),
                "earned_all": float(right),
                "possible_all": float(len(problems)),
                "earned_graded": float(right),
                "possible_graded": float(len(problems)),
                "first_attempted": f"{stamp(min(tries)[0])}.000000",
                "created": f"{stamp(min(tries)[0])}.000000",
                "modified": f"{stamp(max(tries)[0])}.000000",
            }


def credit_eligibility(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``credit_crediteligibility``."""
    for number, it in enumerate(_each(room, before, 9), start=1):
        yield {
            "id": number,
            "created": f"{stamp(it.created)}.000000",
            "modified": f"{stamp(it.created)}.000000",
            "username": it.learner.username,
            "deadline": f"{stamp(it.created + 300 * _DAY)}.000000",
            "course_id": 1,
        }


def teams(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``teams``."""
    for number, (it, name) in enumerate(zip(_each(room, before, 7), _TEAMS, strict=False), start=1):
        yield {
            "id": number,
            "team_id": f"team-{digest('team', number)[:12]}",
            "name": name,
            "is_active": 1,
            "course_id": room.course.course_id,
            "topic_id": "topic_1",
            "date_created": stamp(it.created),
            "description": "We meet\nin the evening",
            "country": it.learner.country,
            "language": "en",
            "discussion_topic_id": digest("team topic", number),
            "last_activity_at": stamp(it.created),
            "team_size": len(list(teams_membership(_plan, room, before))) // 3,
            "organization_protected": 0,
            "external_id": "",
        }


def teams_membership(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``teams_membership``."""
    for number, it in enumerate(_each(room, before, 3), start=1):
        yield {
            "id": number,
            "user_id": it.learner.user_id,
            "team_id": 1 + number % len(_TEAMS),
            "date_joined": stamp(it.created),
            "last_activity_at": stamp(it.created),
        }


def wiki_article(plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``wiki_article``: the course's page, and what learners wrote."""
    for row in wiki_revision(plan, room, before):
        yield {
            "id": row["article_id"],
            "current_revision_id": row["id"],
            "created": row["created"],
            "modified": row["modified"],
            "owner_id": None,
            "group_id": None,
            "group_read": 1,
            "group_write": 1,
            "other_read": 1,
            "other_write": 1,
        }


def wiki_revision(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``wiki_articlerevision``."""
    for number, it in enumerate(_each(room, before, 11), start=1):
        yield {
            "id": number,
            "revision_number": 1,
            "user_message": "first draft",
            "automatic_log": "",
            "ip_address": it.learner.ip,
            "user_id": it.learner.user_id,
            "modified": stamp(it.created),
            "created": stamp(it.created),
            "previous_revision_id": None,
            "deleted": 0,
            "locked": 0,
            "article_id": number,
            "content": "# Notes\n\n* a\ttab and a backslash \\ in the text\r\n",
            "title": "Notes of the week",
        }


def verification(_plan: Plan, room: Classroom, before: int) -> Rows:
    """Yield ``verify_student_verificationstatus``."""
    for number, it in enumerate(_each(room, before, 8)):
        yield {
            "timestamp": stamp(it.created),
            "status": ("submitted", "approved", "approved", "denied")[number % 4],
            "course_id": room.course.course_id,
            "checkpoint_location": "final",
            "user_id": it.learner.user_id,
        }


def _each(room: Classroom, before: int, nth: int) -> list[Enrolment]:
    """Return every nth enrolment, so that what was there once stays in every later export."""
    return enrolled(room, before)[::nth]


EXTRA_TABLES: Mapping[str, Callable[[Plan, Classroom, int], Rows]] = {
    "grades_persistentsubsectiongrade": subsection_grades,
    "credit_crediteligibility": credit_eligibility,
    "teams": teams,
    "teams_membership": teams_membership,
    "wiki_article": wiki_article,
    "wiki_articlerevision": wiki_revision,
    "verify_student_verificationstatus": verification,
}
