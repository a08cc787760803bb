from hypothesis import given
from hypothesis import strategies as st

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.weekly_files import files_of, unknown_files

CS50 = CourseKey("HarvardX", "CS50x", "2014_T1")
HYPHENS = CourseKey("HarvardX", "HSPH-HMS214x", "2013-14")


def test_every_kind_of_file_gets_its_canonical_name():
    names = [
        "HarvardX-CS50x-2014_T1-auth_user-prod-analytics.sql",
        "HarvardX-CS50x-2014_T1-auth_userprofile-prod-analytics.sql.gz",
        "HarvardX-CS50x-2014_T1-courseware_studentmodule-prod-edx-replica.sql",
        "HarvardX-CS50x-2014_T1-teams_courseteam-prod-analytics.sql",
        "ora/HarvardX-CS50x-2014_T1-submissions_score-prod-analytics.sql",
        "HarvardX-CS50x-2014_T1-course_structure-prod-analytics.json",
        "HarvardX-CS50x-2014_T1-course-prod-analytics.xml.tar.gz",
        "HarvardX-CS50x-2014_T1-prod.mongo",
        "MANIFEST.json",
    ]
    assert files_of(names, [CS50]) == {
        CS50: {
            "users": names[0],
            "profiles": names[1],
            "studentmodule": names[2],
            "teams": names[3],
            "submissions_score": names[4],
            "course_structure": names[5],
            "course_xml": names[6],
            "forum": names[7],
        }
    }
    assert unknown_files(names, [CS50]) == {}


def test_hyphens_inside_names_are_resolved_by_the_registry():
    name = "HarvardX-HSPH-HMS214x-2013-14-auth_user-prod-analytics.sql"
    assert files_of([name], [CS50, HYPHENS]) == {HYPHENS: {"users": name}}


def test_the_longest_course_that_fits_wins():
    short, long = CourseKey("MITx", "6.00", "1T"), CourseKey("MITx", "6.00", "1T-course")
    names = ["MITx-6.00-1T-course-course-prod-analytics.xml.tar.gz", "MITx-6.00-1T-course-prod-analytics.xml.tar.gz"]
    expected = {long: {"course_xml": names[0]}, short: {"course_xml": names[1]}}
    assert files_of(names, [short, long]) == expected
    assert files_of(reversed(names), [long, short]) == expected


def test_files_of_nobody_are_set_aside_with_a_reason():
    reasons = unknown_files(
        [
            "HarvardX-Other-2014-auth_user-prod-analytics.sql",
            "HarvardX-CS50x-2014_T1-auth_user-edge-analytics.sql",
            "HarvardX-CS50x-2014_T1-auth_user-prod-edge-analytics.sql",
            "HarvardX-CS50x-2014_T1-edge.mongo",
            "HarvardX-Sandbox-2014-user_id_map-edge-analytics.sql",
            "HarvardX-CS50x-2014_T1-ccx-3-auth_user-prod-analytics.sql",
            "HarvardX-CS50x-2014_T1-brand_new-prod-analytics.sql",
            "HarvardX-CS50x-2014_T1-auth_user-prod-analytics.sql.gpg",
            "README",
        ],
        [CS50],
    )
    assert [reason.split(" (")[0] for reason in reasons.values()] == [
        "encrypted: decrypt it first" if name.endswith("gpg") else
        "from the Edge site" if "edge" in name else
        "no known table of a registered course" if "CS50x" in name else
        "no registered course"
        for name in reasons
    ]  # fmt: skip
    assert len(reasons) == 9


def test_two_files_for_one_table_are_both_set_aside():
    names = [f"HarvardX-CS50x-2014_T1-auth_user-{site}-analytics.sql" for site in ("prod", "prod-edx")]
    assert files_of(names, [CS50]) == {}
    assert unknown_files(names, [CS50]) == dict.fromkeys(names, f"ambiguous: 2 files are users of {CS50}")


PART = st.lists(st.sampled_from(["a", "b1", "auth", "course"]), min_size=1, max_size=3).map("-".join)
COURSES = st.builds(CourseKey, st.just("X"), PART, PART)
TABLES = st.sampled_from(["auth_user", "wiki_article", "submissions_score", "courseware_studentmodule"])


@given(st.sets(COURSES, min_size=1, max_size=6), TABLES, st.sampled_from(["prod", "prod-edx"]), st.data())
def test_a_file_of_a_registered_course_is_that_course_s_however_its_name_reads(courses, table, site, data):
    by_prefix = {course.file_prefix: course for course in sorted(courses)}
    course = data.draw(st.sampled_from(sorted(by_prefix.values())))
    name = f"ora/{course.file_prefix}-{table}-{site}-analytics.sql"
    found = files_of([name], by_prefix.values())
    assert list(found) == [course]
    assert list(found[course].values()) == [name]
    assert unknown_files([name], by_prefix.values()) == {}
