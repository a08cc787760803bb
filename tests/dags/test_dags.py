"""All Dags of a small registry, as Airflow's dag-processor reads them: twice, in processes that differ in what must not
matter (seed of hashes, time zone, locale), and without a network.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edx_warehouse.domain.pools import pools
from edx_warehouse.domain.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
READER = Path(__file__).with_name("read_dags.py")
REGISTRY = """\
institutions:
  HarvardX:
    project: harvardx-data
    bucket: harvardx-data
    archive: file:///srv/hmdc/harvardx
    log_prefixes: [harvardx]
  MITx:
    project: mitx-data
    bucket: mitx-data
    archive: file:///srv/hmdc/mitx
    log_prefixes: [mitx]
    deliveries_until: 2014-11-30
    connections: {ingest: mitx_ingest, split: mitx_split, build: mitx_build, archive: mitx_archive, watch: mitx_watch}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX, launch: 2014-01-01, groups: [cs, web]}
  - {course_id: "course-v1:HarvardX+PH556x.2+a-very-long-run-of-2014", institution: HarvardX}
  - {course_id: MITx/6.00x/1T2014, institution: MITx}
windows:
  - {name: "2012_2013", start: 2012-09-01, end: 2013-09-01}
"""
INSTITUTIONS = ("HarvardX", "MITx")
COURSES = ("HarvardX__CS50x__2014_T1", "HarvardX__PH556x_2__a_very_long_run_of_2014", "MITx__6_00x__1T2014")
ONE = "course_weekly__HarvardX__CS50x__2014_T1"

# What each table's text names, found without the parser that the Dags use.
READS = {
    path.stem: set(re.findall(r"\b(?:logs|transformed|secondary)\.(\w+) AS\b", path.read_text()))
    for path in sorted((ROOT / "include/sql/secondary").glob("*.sql"))
}
BY_DATE = [it for it in READS if "@event_dates" in (ROOT / f"include/sql/secondary/{it}.sql").read_text()]
WHOLE = [it for it in READS if it not in BY_DATE]
SURVEYS = ("email_opt_in", "survey_questions", "survey_responses")
LOADED = {path.stem: path.read_text() for path in (ROOT / "include/schemas/transformed").glob("*.yaml")}
SMALL = {it for it, text in LOADED.items() if re.search("^(raw|small): ", text, re.MULTILINE)}
LOADS = sorted(LOADED.keys() - SMALL)


def builds(*names: str) -> list[str]:
    """Return the builds of a week that read one of some tables."""
    return [f"build_{it}" for it in WHOLE if READS[it] & set(names)]


def daily_builds(name: str) -> list[str]:
    return [f"build_{it}" for it, read in READS.items() if name in read]


# Each task of a family of Dags with the tasks that come right after it.
GOLDEN: dict[str, dict[str, list[str]]] = {
    "hmdc_mirror": {
        "load_reference": [],
        "start_missed_loads": [],
        "mirror_weekly": ["start_deliveries"],
        "mirror_logs": ["start_deliveries"],
        "mirror_surveys": ["start_deliveries"],
        "convert_reference": ["load_lists", "start_deliveries"],
        "load_lists": [],
        "start_deliveries": [],
    },
    "split_logs": {
        "wait_for_logs": ["split_logs"],
        "split_logs": ["start_loads"],
        "start_loads": [],
    },
    "course_daily": {
        "wait_for_split": ["load_tracklog"],
        "load_tracklog": ["plan_builds"],
        "plan_builds": [f"build_{it}" for it in READS],
        **{f"build_{it}": [*daily_builds(it), "check_tables"] for it in READS},
        "check_tables": [],
    },
    "course_weekly": {
        "wait_for_export": ["convert_export"],
        "convert_export": sorted(
            [
                "convert_surveys",
                "load_small_tables",
                *(f"load_{it}" for it in LOADS if it not in SURVEYS),
                *(f"build_{it}" for it in WHOLE if not READS[it] & {*LOADED, *WHOLE}),
            ]
        ),
        "convert_surveys": [f"load_{it}" for it in SURVEYS],
        **{f"load_{it}": [*builds(it), "publish_tables"] for it in LOADS},
        "load_small_tables": [*builds(*SMALL), "publish_tables"],
        **{f"build_{it}": [*builds(it), "publish_tables"] for it in WHOLE},
        "publish_tables": ["check_tables"],
        "check_tables": ["seal_week"],
        "seal_week": ["start_next_week"],
        "start_next_week": [],
    },
    "freshness": {"look": []},
    "institution_tables": {"build_reports": []},
    "hmdc_snapshot": {"push_snapshots": []},
    "windows": {"plan_windows": ["build_window"], "build_window": []},
    "archive_restore": {"restore_weeks": ["start_deliveries"], "start_deliveries": []},
    "archive_level": {
        "mirror_weekly": ["restore_missing", "return_deliveries"],
        "mirror_logs": ["restore_missing", "return_deliveries"],
        "restore_missing": ["push_snapshots"],
        "push_snapshots": ["start_deliveries"],
        "return_deliveries": [],
        "start_deliveries": [],
    },
}
STEPS = {
    **dict.fromkeys(("course_daily", "course_weekly", "windows", "institution_tables"), "build"),
    **dict.fromkeys(("archive_restore", "archive_level", "hmdc_snapshot"), "archive"),
    "hmdc_mirror": "ingest",
    "split_logs": "split",
    "freshness": "watch",
}
OF_COURSES = ("course_daily", "course_weekly")


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what two processes found; they run at once, for each spends its time on importing Airflow."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "registry.yaml").write_text(REGISTRY)
    differences = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Kolkata", "LC_ALL": "C"},
    )
    running = []
    for number, difference in enumerate(differences):
        home = folder / str(number)
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT / "plugins"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
            "EDX_WAREHOUSE_REGISTRY": str(folder / "registry.yaml"),
            **difference,
        }
        with (home / "log").open("wb") as log:
            command = [sys.executable, str(READER), str(home / "found.json"), ONE]
            running.append((home, subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)))
    codes = [process.wait(180) for _, process in running]
    assert codes == [0, 0], "\n".join((home / "log").read_text() for home, _ in running)
    return [json.loads((home / "found.json").read_text()) for home, _ in running]


@pytest.fixture(scope="module")
def found(readings: list[dict[str, Any]]) -> dict[str, Any]:
    return readings[0]


@pytest.fixture(scope="module")
def slots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Return the slots of every pool that Airflow is given for this registry."""
    path = tmp_path_factory.mktemp("pools") / "registry.yaml"
    path.write_text(REGISTRY)
    declared = pools(ROOT / "include", Registry.read(path))
    return {"default_pool": 128} | {name: int(pool["slots"]) for name, pool in declared.items()}


def tasks(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for dag_id, dag in found["dags"].items():
        for task_id, task in dag["tasks"].items():
            yield f"{dag_id}.{task_id}", task


def test_all_dags_are_read_without_an_error_a_warning_or_the_network(found: dict[str, Any]) -> None:
    assert found["import_errors"] == {}
    assert found["plugin_errors"] == {}
    assert found["warnings"] == []
    assert found["network"] == []


def test_there_is_a_dag_for_each_institution_and_course_and_no_other(found: dict[str, Any]) -> None:
    wanted = {f"{family}__{name}" for family in GOLDEN for name in (COURSES if family in OF_COURSES else INSTITUTIONS)}
    assert set(found["dags"]) == wanted


@pytest.mark.parametrize("family", GOLDEN)
def test_the_tasks_of_a_family_are_these_in_this_order(family: str, found: dict[str, Any]) -> None:
    dags = {dag_id: dag for dag_id, dag in found["dags"].items() if dag_id.startswith(f"{family}__")}
    assert dags
    for dag_id, dag in dags.items():
        assert {it: task["downstream"] for it, task in dag["tasks"].items()} == GOLDEN[family], dag_id


def test_each_step_of_an_institution_talks_to_google_as_its_own_account(found: dict[str, Any]) -> None:
    for name, task in tasks(found):
        step = STEPS[name.partition("__")[0]]
        ours = "google_cloud_default" if "HarvardX" in name else f"mitx_{step}"
        assert task["account"] in (ours, None), name
        assert task["account"] or not name.endswith(("mirror_logs", "split_logs", "load_tracklog", "wait_for_logs")), (
            name
        )
    accounts = {task["account"] for _, task in tasks(found)}
    assert {f"mitx_{step}" for step in STEPS.values()} <= accounts


def test_the_tables_of_a_course_are_shown_in_groups(found: dict[str, Any]) -> None:
    daily = found["dags"]["course_daily__MITx__6_00x__1T2014"]["groups"]
    assert daily == {
        "build_days": sorted(f"build_{it}" for it in BY_DATE),
        "build_whole": sorted(f"build_{it}" for it in WHOLE),
    }
    assert found["dags"][ONE]["groups"] == {
        "load": sorted(["load_small_tables", *(f"load_{it}" for it in LOADS)]),
        "build": sorted(f"build_{it}" for it in WHOLE),
    }


def test_a_dag_and_its_tasks_have_ids_that_labels_can_hold(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        for name in (dag_id, *dag["tasks"]):
            assert len(name) <= 63
            assert re.fullmatch(r"[A-Za-z0-9_]+", name)


def test_every_task_is_tried_again_with_growing_pauses_but_not_for_ever(found: dict[str, Any]) -> None:
    for name, task in tasks(found):
        assert 1 <= task["retries"] <= 5, name
        assert task["backoff"] > 1, name
        assert task["policy"], f"{name} would retry errors that no retry mends"
        assert 0 < task["timeout"] <= 24 * 3600, name


def test_every_task_has_a_pool_that_is_declared(found: dict[str, Any], slots: dict[str, int]) -> None:
    assert {name: task["pool"] for name, task in tasks(found) if task["pool"] not in slots} == {}


def test_the_tables_of_a_course_have_one_writer_at_a_time(found: dict[str, Any], slots: dict[str, int]) -> None:
    used_by: dict[str, set[str]] = {slug: set() for slug in COURSES}
    for name, task in tasks(found):
        dag_id, task_id = name.split(".")
        if dag_id.startswith(OF_COURSES) and task_id.startswith(("load_", "build_", "seal_")):
            used_by[dag_id.split("__", 1)[1]].add(task["pool"])
    assert all(len(used) == 1 for used in used_by.values()), used_by
    assert len(set.union(*used_by.values())) == len(COURSES)
    assert {slots[pool] for used in used_by.values() for pool in used} == {1}


def test_of_many_days_all_are_loaded_before_one_is_planned_and_built_before_the_next_is_planned(
    found: dict[str, Any],
) -> None:
    tasks = found["dags"]["course_daily__MITx__6_00x__1T2014"]["tasks"]
    loads, builds, plans = (
        {tuple(task["weight"]) for name, task in tasks.items() if name.startswith(prefix)}
        for prefix in ("load_", ("build_", "check_"), "plan_")
    )
    weekly = found["dags"]["course_weekly__MITx__6_00x__1T2014"]["tasks"]
    last = {
        tuple(task["weight"])
        for name, task in weekly.items()
        if name.startswith(("build_", "publish_", "check_", "seal_"))
    }
    assert {rule for rule, _ in loads | builds | plans | last} == {"absolute"}
    assert min(loads) > max(builds)
    assert min(builds) > max(plans)
    assert min(plans) > max(last)


def test_the_mirror_comes_before_the_splits_and_these_before_the_loads_of_courses(found: dict[str, Any]) -> None:
    mirrors, splits = (
        {tuple(task["weight"]) for name, task in tasks(found) if name.startswith(family)}
        for family in ("hmdc_mirror", "split_logs")
    )
    loads = {
        tuple(task["weight"])
        for name, task in tasks(found)
        if name.startswith(OF_COURSES) and name.rsplit(".", 1)[1].startswith("load_")
    }
    assert {rule for rule, _ in mirrors | splits | loads} == {"absolute"}
    assert min(mirrors) > max(splits)
    assert min(splits) > max(loads)


def test_a_build_whose_inputs_were_left_out_takes_place_but_not_one_whose_inputs_failed(found: dict[str, Any]) -> None:
    tasks = found["dags"]["course_daily__MITx__6_00x__1T2014"]["tasks"]
    assert {task["rule"] for name, task in tasks.items() if name.startswith(("build_", "check_"))} == {"none_failed"}


def test_what_goes_to_and_from_the_archive_is_limited_by_its_own_pool(found: dict[str, Any]) -> None:
    for name, task in tasks(found):
        if name.rsplit(".", 1)[1].startswith(("mirror_", "push_", "restore_", "return_", "convert_reference")):
            assert task["pool"] == "hmdc_archive", name


def test_every_dag_says_what_it_does_and_where_the_runbook_is(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        assert "runbook" in dag["doc_md"], dag_id
        assert "One run is one" in dag["doc_md"], dag_id


def test_every_dag_is_found_by_its_institution_and_a_course_by_its_groups(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        institution = dag_id.split("__")[1]
        assert {"edx", institution} <= set(dag["tags"]), dag_id
    assert {"cs", "web"} <= set(found["dags"][ONE]["tags"])


def test_days_begin_at_midnight_utc_and_the_past_is_not_caught_up_unasked(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        assert dag["timezone"] == "UTC", dag_id
        assert dag["start"].endswith("T00:00:00+00:00"), dag_id
        assert dag["catchup"] is False, dag_id


def test_a_course_begins_with_its_launch_and_ends_with_its_deliveries(found: dict[str, Any]) -> None:
    assert found["dags"][ONE]["start"].startswith("2014-01-01")
    assert found["dags"]["course_daily__MITx__6_00x__1T2014"]["end"].startswith("2014-11-30")
    assert found["dags"][ONE]["end"] is None


def test_what_can_be_backfilled_by_day_has_data_intervals(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        if dag_id.startswith((*OF_COURSES, "split_logs")):
            assert dag["timetable"] == "CronDataIntervalTimetable", dag_id


def test_each_table_of_a_course_is_an_asset_of_its_own(found: dict[str, Any]) -> None:
    daily = found["dags"]["course_daily__MITx__6_00x__1T2014"]["tasks"]
    assert daily["load_tracklog"]["outlets"] == ["MITx__6_00x__1T2014/tracklog"]
    assert daily["build_person_course"]["outlets"] == ["MITx__6_00x__1T2014/person_course"]
    split = found["dags"]["split_logs__HarvardX"]["tasks"]["split_logs"]
    assert split["outlets"] == [f"{slug}/logs" for slug in COURSES[:2]]
    published = found["dags"][ONE]["tasks"]["publish_tables"]
    assert {f"HarvardX__CS50x__2014_T1/{it}" for it in ("user_info_combo", *WHOLE)} <= set(published["outlets"])
    sealed = found["dags"][ONE]["tasks"]["seal_week"]
    assert sealed["outlets"] == ["HarvardX__CS50x__2014_T1/weekly"]


def test_the_serialized_dags_are_the_same_bytes_whatever_process_reads_them(readings: list[dict[str, Any]]) -> None:
    # Airflow sorts keys as well before it looks whether a Dag changed; lists have to agree as they are.
    first, second = (json.dumps(it["serialized"], sort_keys=True) for it in readings)
    assert first == second


def test_a_process_that_needs_one_dag_builds_only_that_one(found: dict[str, Any]) -> None:
    assert found["alone"] == [ONE]
