from datetime import date
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.limits import Budget, Limits, WeekLimits
from edx_warehouse.domain.registry import Registry, registry_path

INSTITUTIONS = """\
institutions:
  MITx:
    project: mitx-data
    bucket: mitx-data
    archive: sftp://hmdc@/srv/mitx/
    log_prefixes: [MITx, mitx-old]
  HarvardX:
    project: harvardx-data
    bucket: harvardx-data
    archive: file:///srv/hmdc/harvardx
    log_prefixes: [harvardx]
    sites: [prod]
    deliveries_until: 2014-11-30
"""
COURSES = """\
courses:
  - {course_id: "course-v1:MITx+6.00x+1T2014", institution: MITx}
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX, launch: 2014-01-01, wrap: 2014-12-31, groups: [web, cs]}
"""
WINDOWS = """\
windows:
  - {name: "2012_2013", start: 2012-09-01, end: 2013-09-01}
"""
_CONNECTION = "put it into an Airflow connection and write the connection's id before @"
_NAMED = "name the Airflow connection that has host and key: sftp://hmdc@/srv/hmdc"
WHOLE = INSTITUTIONS + COURSES + WINDOWS


def read(tmp_path: Path, text: str) -> Registry:
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    return Registry.read(path)


def refusal(tmp_path: Path, text: str) -> Problem:
    """Return the problem; every one names the file, the key or the line, and the mend."""
    with pytest.raises(Terminal) as refused:
        read(tmp_path, text)
    problem = refused.value.problem
    assert problem.code == "E-CFG-101"
    assert problem.file == str(tmp_path / "registry.yaml")
    assert problem.next
    assert problem.done == "nothing was started"
    return problem


def course(course_id: str, institution: str = "MITx", more: str = "") -> str:
    return f'  - {{course_id: "{course_id}", institution: {institution}{more}}}\n'


def test_a_registry_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    registry = read(tmp_path, WHOLE)
    assert [it.name for it in registry.institutions] == ["HarvardX", "MITx"]
    assert [str(it.key) for it in registry.courses] == ["HarvardX/CS50x/2014_T1", "MITx/6.00x/1T2014"]
    assert [it.name for it in registry.windows] == ["2012_2013"]
    harvard, mit = registry.institutions
    assert mit.archive == "sftp://hmdc@/srv/mitx"
    assert mit.log_prefixes == ("mitx", "mitx-old")
    assert mit.sites == ("edge", "prod")
    assert harvard.sites == ("prod",)
    assert (harvard.deliveries_until, mit.deliveries_until) == (date(2014, 11, 30), None)
    assert (harvard.last_due("logs"), harvard.last_due("weekly")) == (date(2014, 11, 30), date(2014, 11, 30))
    assert mit.last_due("logs") == date.max
    cs50 = registry.courses[0]
    assert (cs50.launch, cs50.wrap, cs50.groups) == (date(2014, 1, 1), date(2014, 12, 31), ("cs", "web"))
    assert registry.courses_of(mit) == (registry.courses[1],)


def test_where_queries_read_events_is_one_key_of_the_institution(tmp_path: Path) -> None:
    harvard, mit = read(tmp_path, INSTITUTIONS + "    log_tables: partitioned\n" + COURSES).institutions
    assert (harvard.log_tables, mit.log_tables) == ("partitioned", "days")
    problem = refusal(tmp_path, INSTITUTIONS + "    log_tables: both\n" + COURSES)
    assert (problem.expected, problem.found) == ("one of days, partitioned", "'both'")


def test_days_that_will_never_come_are_dates_by_feed(tmp_path: Path) -> None:
    gaps = "    never_delivered: {logs: [2014-11-12, 2014-11-13], weekly: [2014-11-16]}\n"
    harvard, mit = read(tmp_path, INSTITUTIONS + gaps + COURSES).institutions
    assert sorted(harvard.never_delivered) == [
        ("logs", date(2014, 11, 12)),
        ("logs", date(2014, 11, 13)),
        ("weekly", date(2014, 11, 16)),
    ]
    assert mit.never_delivered == frozenset()
    problem = refusal(tmp_path, INSTITUTIONS + "    never_delivered: {log: [2014-11-12]}\n" + COURSES)
    assert (problem.expected, problem.found) == ("one of logs, weekly", "'log'")
    problem = refusal(tmp_path, INSTITUTIONS + "    never_delivered: {logs: [soon]}\n" + COURSES)
    assert (problem.expected, problem.found) == ("a date YYYY-MM-DD", "'soon'")


def test_logs_may_end_before_exports(tmp_path: Path) -> None:
    text = INSTITUTIONS.replace(
        "deliveries_until: 2014-11-30", "deliveries_until: 2014-11-30\n    logs_until: 2014-11-28"
    )
    harvard = read(tmp_path, text + COURSES).institutions[0]
    assert (harvard.last_due("logs"), harvard.last_due("weekly")) == (date(2014, 11, 28), date(2014, 11, 30))


def test_an_institution_may_have_its_own_limits_of_splitting(tmp_path: Path) -> None:
    text = INSTITUTIONS.replace("sites: [prod]", "sites: [prod]\n    log_limits: {quarantine_share: 0.05, depth: 80}")
    harvard, mit = read(tmp_path, text + COURSES).institutions
    assert (harvard.log_limits, mit.log_limits) == (Limits(quarantine_share=0.05, depth=80), Limits())


def test_an_institution_may_have_a_budget(tmp_path: Path) -> None:
    text = INSTITUTIONS.replace("sites: [prod]", "sites: [prod]\n    budget: {bytes_per_day: 5000}")
    harvard, mit = read(tmp_path, text + COURSES).institutions
    assert (harvard.budget, mit.budget) == (Budget(bytes_per_day=5000), Budget())


def test_an_institution_may_have_its_own_limits_of_drift(tmp_path: Path) -> None:
    text = INSTITUTIONS.replace("sites: [prod]", "sites: [prod]\n    weekly_limits: {shrink_share: 0.5, small_rows: 5}")
    harvard, mit = read(tmp_path, text + COURSES).institutions
    assert (harvard.weekly_limits, mit.weekly_limits) == (WeekLimits(shrink_share=0.5, small_rows=5), WeekLimits())
    assert "small_rows" in refusal(tmp_path, text.replace("small_rows", "small") + COURSES).expected


@pytest.mark.parametrize(
    "written",
    [
        "quarantine_share: 1.5",
        "quarantine_share: .nan",
        "depth: -1",
        "depth: 1.5",
        "depth: true",
        "depth: '64'",
        "dept: 1",
    ],
)
def test_a_limit_is_a_number_that_makes_sense(tmp_path: Path, written: str) -> None:
    text = INSTITUTIONS.replace("sites: [prod]", f"sites: [prod]\n    log_limits: {{{written}}}")
    with pytest.raises(Terminal):
        read(tmp_path, text + COURSES)


def test_each_step_may_have_its_own_connection_to_google(tmp_path: Path) -> None:
    more = "    connections: {split: mitx_split, ingest: mitx_ingest}\n  HarvardX:"
    harvard, mit = read(tmp_path, WHOLE.replace("  HarvardX:", more, 1)).institutions
    assert mit.connections == (("ingest", "mitx_ingest"), ("split", "mitx_split"))
    assert harvard.connections == ()


def test_a_connection_of_an_unknown_step_is_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path, WHOLE.replace("  HarvardX:", "    connections: {load: one}\n  HarvardX:", 1))
    assert problem.field == "institutions.MITx.connections"
    assert "ingest" in problem.expected


def test_windows_may_be_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, INSTITUTIONS + COURSES).windows == ()


def test_an_institution_may_have_no_course_yet(tmp_path: Path) -> None:
    registry = read(tmp_path, INSTITUTIONS + "courses: []\n")
    assert all(registry.courses_of(it) == () for it in registry.institutions)


@pytest.mark.parametrize(
    ("old", "new", "key", "mend"),
    [
        ("windows:", "window:", "window", "correct or remove the key"),
        ("    bucket: mitx-data", "    buckets: mitx-data", "institutions.MITx.buckets", "correct or remove the key"),
        ("    project: mitx-data\n", "", "institutions.MITx.project", "add the key"),
        (", launch:", ", lunch:", "courses[1].lunch", "correct or remove the key"),
        ("archive: file:///srv/hmdc", "archive: /srv/hmdc", "institutions.HarvardX.archive", "write the URL"),
        ("sftp://hmdc@/srv", "sftp://hmdc:secret@host/srv", "institutions.MITx.archive", _CONNECTION),
        ("sftp://hmdc@/srv", "sftp://host/srv", "institutions.MITx.archive", _NAMED),
        ("project: mitx-data", "project: MITx Data", "institutions.MITx.project", "correct the value"),
        ("project: mitx-data", "project: 12", "institutions.MITx.project", "put the value in quotes"),
        ("bucket: mitx-data", "bucket: m", "institutions.MITx.bucket", "correct the value"),
        ("bucket: mitx-data", "bucket: harvardx-data", "institutions", "remove or rename one of them"),
        ("[harvardx]", "harvardx", "institutions.HarvardX.log_prefixes", "begin each entry with a dash"),
        ("[harvardx]", "[1]", "institutions.HarvardX.log_prefixes[0]", "put the value in quotes"),
        ("  MITx:", "  MIT-x:", "institutions.MIT-x", "rename the institution"),
        ("2014-11-30", "soon", "institutions.HarvardX.deliveries_until", "correct the date"),
        ("institution: MITx}", "institution: MIT}", "courses[0].institution", "declare it under institutions"),
        ("HarvardX/CS50x/2014_T1", "HarvardX-CS50x", "courses[1].course_id", "correct it"),
        ("HarvardX/CS50x/2014_T1", "HarvardX/CS50x/..", "courses[1].course_id", "correct it"),
        ("wrap: 2014-12-31", "wrap: 2013-12-31", "courses[1].wrap", "correct one of the two"),
        ("groups: [web, cs]", "groups: web", "courses[1].groups", "begin each entry with a dash"),
        ("end: 2013-09-01", "end: 2012-09-01", "windows[0].end", "correct one of the two"),
        ('"2012_2013"', "logs", "windows[0].name", "rename the window"),
        ('"2012_2013"', "state", "windows[0].name", "rename the window"),
        ('"2012_2013"', '"2012/13"', "windows[0].name", "correct the value"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_the_mend(
    old: str, new: str, key: str, mend: str, tmp_path: Path
) -> None:
    assert WHOLE.count(old) == 1
    problem = refusal(tmp_path, WHOLE.replace(old, new))
    assert (problem.field, problem.next) == (key, mend)


def test_an_unquoted_name_that_yaml_reads_as_a_number_is_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path, WHOLE.replace('"2012_2013"', "2012_2013"))
    assert problem.line == WHOLE[: WHOLE.index('"2012_2013"')].count("\n") + 1
    assert problem.next == 'write "2012_2013" if a text is meant'


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path, WHOLE.replace("    sites: [prod]\n", "    bucket: other-data\n"))
    assert problem.field == "bucket"
    assert problem.next == "keep one of them"


def test_an_institution_written_twice_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, WHOLE.replace("  HarvardX:", "  MITx:")).field == "MITx"


def test_an_alias_is_refused(tmp_path: Path) -> None:
    text = WHOLE.replace("log_prefixes: [harvardx]", "log_prefixes: &names [harvardx]").replace("[prod]", "*names")
    assert refusal(tmp_path, text).next == "write the value out"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("MITx/6.00x/2013", "MITx/6_00x/2013"),
        ("MITx/6.00x/2013", "MITx/6-00x/2013"),
        ("MITx/6.00x/2013", "mitx/6.00X/2013"),
        ("MITx/6.00x/2013", "course-v1:MITx+6.00x+2013"),
        ("MITx/6.00x/2013", "MITx/6.00x/2013"),
    ],
)
def test_two_courses_of_one_slug_are_refused(first: str, second: str, tmp_path: Path) -> None:
    problem = refusal(tmp_path, INSTITUTIONS + "courses:\n" + course(first) + course(second))
    assert problem.field == "courses"
    assert problem.next == "remove or rename one of them"


def test_two_courses_whose_weekly_files_have_one_name_are_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path, INSTITUTIONS + "courses:\n" + course("MITx/a-b/c") + course("MITx/a/b-c"))
    assert problem.found == "MITx/a-b/c and MITx/a/b-c with one"


@pytest.mark.parametrize("run", ["2013_logs", "2013-logs", "2013.latest", "x_weekly", "all_2012_2013"])
def test_a_slug_that_ends_like_a_derived_dataset_is_refused(run: str, tmp_path: Path) -> None:
    problem = refusal(tmp_path, INSTITUTIONS + "courses:\n" + course(f"MITx/6.00x/{run}") + WINDOWS)
    assert problem.field == "courses[0].course_id"
    assert problem.next == "rename the window, or leave the course out"


def test_two_courses_whose_windows_share_a_dataset_are_refused(tmp_path: Path) -> None:
    courses = "courses:\n" + course("MITx/6.00x/a") + course("MITx/6.00x/a_b")
    windows = WINDOWS + '  - {name: "b_2012_2013", start: 2012-09-01, end: 2013-09-01}\n'
    problem = refusal(tmp_path, INSTITUTIONS + courses + windows)
    assert problem.found == "MITx/6.00x/a b_2012_2013 and MITx/6.00x/a_b 2012_2013 with one"


@pytest.mark.parametrize("run", ["logs", "2013_logs2", "catalogs", "logs_2013"])
def test_a_slug_that_only_looks_a_little_like_one_is_taken_or_refused_by_its_end(run: str, tmp_path: Path) -> None:
    text = INSTITUTIONS + "courses:\n" + course(f"MITx/6.00x/{run}")
    if run == "logs":
        assert "ends in _logs" in refusal(tmp_path, text).found
    else:
        assert len(read(tmp_path, text).courses) == 1


def test_a_course_whose_dag_would_lose_its_label_is_refused(tmp_path: Path) -> None:
    longest = "r" * (63 - len("course_weekly__MITx__6_00x__"))
    assert len(read(tmp_path, INSTITUTIONS + "courses:\n" + course(f"MITx/6.00x/{longest}")).courses) == 1
    problem = refusal(tmp_path, INSTITUTIONS + "courses:\n" + course(f"MITx/6.00x/{longest}r"))
    assert problem.expected == "a Dag id of at most 63 characters"


@pytest.mark.parametrize("text", ["", "[]\n", "just text\n", "institutions: []\ncourses: []\n"])
def test_a_file_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text).expected == "keys and values"


def test_the_registry_in_force_is_the_one_the_environment_names(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    assert registry_path(tmp_path, {"EDX_WAREHOUSE_REGISTRY": str(other)}) == other
    assert registry_path(tmp_path, {"EDX_WAREHOUSE_REGISTRY": ""}) == tmp_path / "registry.yaml"
    assert registry_path(tmp_path, {}) == tmp_path / "registry.yaml"


TAG = "projects/harvardx-data/locations/us/taxonomies/12/policyTags/34"


def test_restricted_columns_are_protected_by_a_policy_tag_or_by_a_list_of_tables(tmp_path: Path) -> None:
    harvard, mit = read(tmp_path, INSTITUTIONS + f"    policy_tags: {{restricted: {TAG}}}\n" + COURSES).institutions
    assert (harvard.restricted_tag, harvard.restricted_tables) == (TAG, None)
    assert (mit.restricted_tag, mit.restricted_tables) == ("", None)
    text = INSTITUTIONS + "    restricted_tables: [logs.tracklog]\n" + COURSES
    assert read(tmp_path, text).institutions[0].restricted_tables == frozenset({"logs.tracklog"})


@pytest.mark.parametrize(
    "lines",
    [
        "    policy_tags: {restricted: secret}\n",
        f"    policy_tags: {{restricted: {TAG}, never: {TAG}}}\n",
        f"    policy_tags: {{restricted: {TAG}}}\n    restricted_tables: [logs.tracklog]\n",
        "    restricted_tables: logs.tracklog\n",
    ],
)
def test_a_doubtful_protection_is_refused(tmp_path: Path, lines: str) -> None:
    assert "HarvardX" in (refusal(tmp_path, INSTITUTIONS + lines + COURSES).field or "")
