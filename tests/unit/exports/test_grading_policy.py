"""``grading_policy`` and ``grade_cutoffs``, from the policies of the XML tarball."""

import json

import pytest

from fakes.weekly_delivery import Delivery, json_rows, tar_gz

COURSE_ID = "HarvardX/CS50x/2014_T1"
POLICY = {
    "GRADER": [
        {"type": "Homework", "short_label": "HW", "min_count": 12, "drop_count": 2, "weight": 0.15},
        {"type": "Final Exam", "name": "Final", "min_count": "1", "weight": " 0.85 ", "passing_grade": 0.5, "a": [1]},
    ],
    "GRADE_CUTOFFS": {"B": 0.6, "A": 0.87, "Great Work": 0.95},
}


def converted(tmp_path, policy, path="policies/2014_T1/grading_policy.json"):
    delivery = Delivery(tmp_path / "in")
    text = policy if isinstance(policy, str) else json.dumps(policy)
    root = '<course url_name="2014_T1" org="HarvardX" course="CS50x"><chapter url_name="c"/></course>'
    delivery.contents["course_xml"] = tar_gz(
        {"x/course.xml": root, "x/policies/2014_T1/policy.json": "{}", f"x/{path}": text}
    )
    week = delivery.convert(tmp_path / "out")
    rows = [json_rows(tmp_path / f"out/transformed/{it}.json.gz") for it in ("grading_policy", "grade_cutoffs")]
    return rows[0], rows[1], [line for line in week.drift if "grading" in line]


@pytest.mark.parametrize("path", ["policies/2014_T1/grading_policy.json", "grading_policy.json"])
def test_types_come_in_the_policys_order_and_cutoffs_from_the_highest(tmp_path, path):
    types, cutoffs, drift = converted(tmp_path, POLICY, path)
    assert types == [
        {
            "course_id": COURSE_ID,
            "index": 1,
            "assignment_type": "Homework",
            "name": "Homework",
            "fraction_of_overall_grade": 0.15,
            "short_label": "HW",
            "min_count": 12,
            "drop_count": 2,
        },
        {
            "course_id": COURSE_ID,
            "index": 2,
            "assignment_type": "Final Exam",
            "name": "Final",
            "fraction_of_overall_grade": 0.85,
            "min_count": 1,
            "others": '{"a": [1], "passing_grade": 0.5}',
        },
    ]
    assert [(row["letter"], row["cutoff"]) for row in cutoffs] == [("Great Work", 0.95), ("A", 0.87), ("B", 0.6)]
    assert drift == []


def test_numbers_that_are_none_are_null_and_counted(tmp_path):
    policy = {
        "GRADER": [{"type": "Lab", "weight": "half", "min_count": 1.5, "drop_count": True}, "no entry"],
        "GRADE_CUTOFFS": {"Pass": None, "A": "high", "B": 0.5},
    }
    types, cutoffs, drift = converted(tmp_path, policy)
    assert types == [{"course_id": COURSE_ID, "index": 1, "assignment_type": "Lab", "name": "Lab"}]
    assert [row["letter"] for row in cutoffs] == ["B"]
    assert drift == ["grading_policy: 4 numbers that are none"]


@pytest.mark.parametrize("policy", ["{}", '{"GRADER": {}, "GRADE_CUTOFFS": []}', '{"GRADER": null}'])
def test_a_policy_without_entries_gives_no_rows(tmp_path, policy):
    assert converted(tmp_path, policy) == ([], [], [])


@pytest.mark.parametrize("policy", ["", "[]", '{"GRADER": NaN}', "{" * 10])
def test_a_policy_that_cannot_be_read_is_told_and_does_not_hold_the_week(tmp_path, policy):
    assert converted(tmp_path, policy) == ([], [], ["course_axis: 1 grading policies that cannot be read"])


def test_a_course_without_a_tarball_has_no_policy(tmp_path):
    Delivery(tmp_path / "in").convert(tmp_path / "out")
    assert json_rows(tmp_path / "out/transformed/grade_cutoffs.json.gz") == []
