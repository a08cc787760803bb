"""The links beside a task, as the UI asks Airflow's API for them."""

from typing import Any

import pytest

from fakes.airflow_server import AirflowServer

RUN = "scheduled__2014-11-16T00:00:00+00:00"
DAILY = "course_daily__HarvardX__CS50x__2014_T1"
NAMES = {"BigQuery job", "BigQuery table", "Manifest", "Provenance", "Runbook", "Storage object"}


def links(airflow: AirflowServer, dag_id: str, task_id: str) -> dict[str, Any]:
    answer = airflow.get(f"/api/v2/dags/{dag_id}/dagRuns/{RUN}/taskInstances/{task_id}/links")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["extra_links"]
    assert set(found) == NAMES
    return {name: url for name, url in found.items() if url}


def test_a_loaded_day_leads_to_its_table_its_job_its_file_and_its_manifest(airflow: AirflowServer) -> None:
    found = links(airflow, DAILY, "load_tracklog")
    table, console = "HarvardX__CS50x__2014_T1_logs", "https://console.cloud.google.com"
    assert found == {
        "BigQuery table": f"{console}/bigquery?project=harvardx-data&p=harvardx-data&d={table}&t=tracklog_20141115&page=table",
        "BigQuery job": f"{console}/bigquery?project=harvardx-data&page=queryresults&j=bq%3AEU%3Amake_1",
        "Storage object": f"{console}/storage/browser/_details/harvardx-data/HarvardX__CS50x__2014_T1/logs/tracklog-2014-11-15.json.gz",
        "Manifest": f"{console}/storage/browser/_details/harvardx-data/HarvardX__CS50x__2014_T1/logs/tracklog-2014-11-15.manifest.json",
        "Provenance": f"/edx-status/provenance/harvardx-data.{table}.tracklog_20141115",
    }


def test_a_failed_task_leads_to_its_table_and_to_the_page_of_its_error(airflow: AirflowServer) -> None:
    found = links(airflow, DAILY, "build_person_course")
    assert found["Runbook"] == "/edx-docs/runbook/E-CHK-102"
    assert found["Provenance"] == "/edx-status/provenance/harvardx-data.HarvardX__CS50x__2014_T1_latest.person_course"
    assert airflow.get(found["Runbook"]).status_code == 200


def test_nothing_but_a_code_becomes_a_link_to_the_runbook(airflow: AirflowServer) -> None:
    assert "Runbook" not in links(airflow, DAILY, "check_tables")


@pytest.mark.parametrize("task_id", ["load_user_info_combo", "build_person_course", "publish_tables", "seal_week"])
def test_a_task_that_never_ran_leads_to_what_it_makes(airflow: AirflowServer, task_id: str) -> None:
    found = links(airflow, "course_weekly__MITx__6_00x__1T2014", task_id)
    assert any("MITx__6_00x__1T2014" in url and "mitx-data" in url for url in found.values())
    assert not {"BigQuery job", "Runbook"} & set(found)
