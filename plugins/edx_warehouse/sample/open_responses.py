"""The ``ora/`` tables of a weekly export: open-response items, whose answers peers and staff assess."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edx_warehouse.sample.files import stamp
from edx_warehouse.sample.learning import Classroom, Enrolment
from edx_warehouse.sample.plan import Plan
from edx_warehouse.sample.tables import Rows, Value, digest, enrolled

_DAY = 86400
_ANSWER = 'My answer has a\ttab, a "quote", a \\ and\ntwo lines'
_CRITERIA: list[dict[str, Value]] = [
    {"rubric_id": 1, "name": name, "label": name, "order_num": place, "prompt": f"{name}: how well?"}
    for place, name in enumerate(("Ideas", "Clarity"))
]
_OPTIONS: list[dict[str, Value]] = [
    {"criterion_id": criterion, "order_num": points, "points": points, "name": name, "label": name, "explanation": "…"}
    for criterion in (1, 2)
    for points, name in enumerate(("Poor", "Good"))
]


@dataclass(frozen=True, slots=True)
class _Submission:
    """One learner's answer; a peer, the learner before, has assessed it when ``peer`` is there."""

    number: int
    enrolment: Enrolment
    student: str
    uuid: str
    at: int
    peer: "_Submission | None"


def _submissions(room: Classroom, before: int) -> list[_Submission]:
    """Return what was handed in; a number belongs to a learner for ever, as enrolments are in order of time."""
    found: list[_Submission] = []
    for it in enrolled(room, before)[::4]:
        at = it.created + _DAY
        if at < before:
            student = digest("anonymous", it.learner.user_id, room.course.key)
            uuid = digest("submission", student)
            found.append(_Submission(len(found) + 1, it, student, uuid, at, found[-1] if found else None))
    return found


def _item(room: Classroom) -> str:
    key = room.course.key
    if room.course.opaque:
        return f"block-v1:{key.org}+{key.course}+{key.run}+type@openassessment+block@{digest('essay', key)}"
    return f"i4x://{key.org}/{key.course}/openassessment/essay"


def _place(room: Classroom) -> dict[str, Value]:
    return {"item_id": _item(room), "course_id": room.course.course_id}


type _Row = Callable[[Classroom, _Submission], Mapping[str, Value] | None]


def _of_each(row: _Row) -> Callable[[Plan, Classroom, int], Rows]:
    """Return a table with at most one row for each submission."""

    def rows(_plan: Plan, room: Classroom, before: int) -> Rows:
        for it in _submissions(room, before):
            found = row(room, it)
            if found is not None:
                yield {"id": it.number} | dict(found)

    return rows


def _always(*fixed: Mapping[str, Value]) -> Callable[[Plan, Classroom, int], Rows]:
    """Return a table of what the course team wrote."""

    def rows(_plan: Plan, _room: Classroom, _before: int) -> Rows:
        for number, row in enumerate(fixed, start=1):
            yield {"id": number} | dict(row)

    return rows


def _assessed(row: _Row) -> Callable[[Plan, Classroom, int], Rows]:
    """Return a table with a row for each submission that a peer has assessed."""
    return _of_each(lambda room, it: row(room, it) if it.peer else None)


ORA_TABLES: Mapping[str, Callable[[Plan, Classroom, int], Rows]] = {
    "submissions_studentitem": _of_each(
        lambda room, it: {"student_id": it.student, **_place(room), "item_type": "openassessment"}
    ),
    "submissions_submission": _of_each(
        lambda _, it: {
            "uuid": it.uuid,
            "student_item_id": it.number,
            "attempt_number": 1,
            "submitted_at": stamp(it.at),
            "created_at": stamp(it.at),
            "raw_answer": json.dumps({"parts": [{"text": _ANSWER}]}),
            "status": "A",
            "team_submission_id": None,
        }
    ),
    "submissions_score": _of_each(
        lambda _, it: {
            "student_item_id": it.number,
            "submission_id": it.number,
            "points_earned": it.number % 3,
            "points_possible": 2,
            "created_at": stamp(it.at),
            "reset": 0,
        }
    ),
    "submissions_scoresummary": _of_each(
        lambda _, it: {"student_item_id": it.number, "highest_id": it.number, "latest_id": it.number}
    ),
    "submissions_scoreannotation": _of_each(
        lambda _, it: (
            {"score_id": it.number, "annotation_type": "staff_override", "creator": it.student, "reason": "late\nwork"}
            if it.number % 2 == 0
            else None
        )
    ),
    "workflow_assessmentworkflow": _of_each(
        lambda room, it: {
            "created": stamp(it.at),
            "modified": stamp(it.at),
            "status": "done" if it.peer else "peer",
            "status_changed": stamp(it.at),
            "submission_uuid": it.uuid,
            "uuid": digest("workflow", it.uuid),
            **_place(room),
        }
    ),
    "workflow_assessmentworkflowstep": _of_each(
        lambda _, it: {
            "workflow_id": it.number,
            "name": "peer",
            "submitter_completed_at": stamp(it.at),
            "assessment_completed_at": stamp(it.at) if it.peer else None,
            "order_num": 0,
            "skipped": 0,
        }
    ),
    "workflow_assessmentworkflowcancellation": _of_each(
        lambda _, it: (
            {"workflow_id": it.number, "comments": "", "cancelled_by_id": it.student, "created_at": stamp(it.at)}
            if it.number % 3 == 0
            else None
        )
    ),
    "assessment_rubric": _always({"content_hash": digest("rubric"), "structure_hash": digest("rubric structure")}),
    "assessment_criterion": _always(*_CRITERIA),
    "assessment_criterionoption": _always(*_OPTIONS),
    "assessment_assessment": _assessed(
        lambda _, it: {
            "submission_uuid": it.uuid,
            "rubric_id": 1,
            "scored_at": stamp(it.at),
            "scorer_id": it.peer.student if it.peer else "",
            "score_type": "PE",
            "feedback": "Well done,\nmostly",
        }
    ),
    "assessment_assessmentpart": _assessed(
        lambda _, it: {"assessment_id": it.number, "criterion_id": 1, "option_id": 1 + it.number % 2, "feedback": ""}
    ),
    "assessment_assessmentfeedback": _assessed(lambda _, it: {"submission_uuid": it.uuid, "feedback_text": "Thanks"}),
    "assessment_assessmentfeedback_assessments": _assessed(
        lambda _, it: {"assessmentfeedback_id": it.number, "assessment_id": it.number}
    ),
    "assessment_assessmentfeedback_options": _assessed(
        lambda _, it: {"assessmentfeedback_id": it.number, "assessmentfeedbackoption_id": 1}
    ),
    "assessment_assessmentfeedbackoption": _always({"text": "These assessments were useful."}),
    "assessment_peerworkflow": _of_each(
        lambda room, it: {
            "student_id": it.student,
            **_place(room),
            "submission_uuid": it.uuid,
            "created_at": stamp(it.at),
            "completed_at": None,
            "grading_completed_at": stamp(it.at) if it.peer else None,
            "cancelled_at": None,
        }
    ),
    "assessment_peerworkflowitem": _assessed(
        lambda _, it: {
            "scorer_id": it.peer.number if it.peer else 0,
            "author_id": it.number,
            "submission_uuid": it.uuid,
            "started_at": stamp(it.at),
            "assessment_id": it.number,
            "scored": 1,
        }
    ),
    "assessment_staffworkflow": _of_each(
        lambda room, it: {
            "scorer_id": "",
            **_place(room),
            "submission_uuid": it.uuid,
            "created_at": stamp(it.at),
            "grading_completed_at": None,
            "grading_started_at": None,
            "cancelled_at": None,
            "assessment": None,
        }
    ),
    "assessment_studenttrainingworkflow": _of_each(
        lambda room, it: {"submission_uuid": it.uuid, "student_id": it.student, **_place(room)}
    ),
    "assessment_studenttrainingworkflowitem": _of_each(
        lambda _, it: {
            "workflow_id": it.number,
            "order_num": 0,
            "started_at": stamp(it.at),
            "completed_at": None,
            "training_example_id": 1,
        }
    ),
    "assessment_trainingexample": _always(
        {"raw_answer": json.dumps({"answer": _ANSWER}), "rubric_id": 1, "content_hash": digest("example")}
    ),
    "assessment_trainingexample_options_selected": _always({"trainingexample_id": 1, "criterionoption_id": 2}),
}
