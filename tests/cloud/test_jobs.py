"""BigQuery jobs that are begun once, whatever happens to the answers."""

import gzip
import json
import traceback
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from edx_warehouse.domain.errors import Terminal, Transient
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.jobs import run_job
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.declarations import Field
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud

BEGIN = r"/jobs(\?|$)"
FIELDS = [Field("n", "INTEGER", description="A number.")]


@pytest.fixture
def uri(bucket: Bucket, place: str) -> str:
    lines = "".join(json.dumps({"n": n}) + "\n" for n in range(3))
    bucket.put(f"{place}.json.gz", gzip.compress(lines.encode(), mtime=0))
    return bucket.uri(f"{place}.json.gz")


@pytest.fixture
def target(warehouse: Warehouse, place: str) -> str:
    warehouse.ensure_dataset("jobs", "Tables of these tests.")
    return warehouse.reference("jobs", place)


def jobs_of(warehouse: Warehouse, key: str) -> list[str]:
    return sorted(job.job_id for job in warehouse.client.list_jobs(all_users=True) if job.job_id.startswith(key))


def rows(warehouse: Warehouse, target: str) -> int:
    return int(warehouse.client.get_table(target).num_rows or 0)


def append(warehouse: Warehouse, uri: str, target: str):  # type: ignore[no-untyped-def]
    """Return what begins a load that would double the rows if it were done twice."""
    config = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField("n", "INTEGER")],
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
    )
    return lambda job_id: warehouse.client.load_table_from_uri(uri, target, job_id=job_id, job_config=config)


def test_a_key_that_is_used_twice_is_one_job(warehouse: Warehouse, uri: str, target: str, place: str) -> None:
    for _ in range(2):
        job = run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
        assert job.output_rows == 3
    assert jobs_of(warehouse, place) == [f"{place}_a1"]
    assert rows(warehouse, target) == 3


def test_a_load_whose_answer_was_lost_is_adopted(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, uri: str, target: str, place: str
) -> None:
    bigquery_proxy.fail("lost", "POST", BEGIN)
    job = run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
    assert job.job_id == f"{place}_a1"
    assert job.ended is not None
    assert jobs_of(warehouse, place) == [f"{place}_a1"]
    assert rows(warehouse, target) == 3


def test_a_query_whose_answer_was_lost_is_adopted(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, place: str
) -> None:
    bigquery_proxy.fail("lost", "POST", BEGIN)
    job = warehouse.query("SELECT 7 AS n", {}, place)
    assert [row["n"] for row in job.result()] == [7]
    assert jobs_of(warehouse, place) == [f"{place}_a1"]


def test_a_service_that_is_away_for_a_moment_is_asked_again_for_the_same_job(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, uri: str, target: str, place: str
) -> None:
    bigquery_proxy.fail("unavailable", "POST", BEGIN, times=2)
    bigquery_proxy.fail("unavailable", "GET", rf"/jobs/{place}", times=2)
    run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
    assert jobs_of(warehouse, place) == [f"{place}_a1"]
    assert rows(warehouse, target) == 3


def test_a_job_that_the_service_refuses_is_terminal_and_not_tried_again(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, bucket: Bucket, target: str, place: str
) -> None:
    bucket.put(f"{place}.json.gz", gzip.compress(b'{"n": "Ann of Cambridge"}\n', mtime=0))
    with pytest.raises(Terminal) as refused:
        run_job(warehouse.client, place, "a unit", append(warehouse, bucket.uri(f"{place}.json.gz"), target))
    assert refused.value.problem.code == "E-JOB-101"
    assert refused.value.problem.unit == "a unit"
    told = "".join(traceback.format_exception(refused.value))  # as a task's log has it, with what led to the error
    assert "Ann" not in told + refused.value.problem.to_json()
    assert bigquery_proxy.count("POST", BEGIN) == 1


def test_what_the_service_says_of_a_cell_is_told_nowhere(warehouse: Warehouse, place: str) -> None:
    def result() -> None:
        raise BadRequest("Could not parse 'Ann of Cambridge' as INT64 for field n")

    job = SimpleNamespace(result=result, state="RUNNING", error_result={"reason": "invalid", "location": place})
    with pytest.raises(Terminal) as refused:
        run_job(warehouse.client, place, "a unit", lambda _: job)
    assert refused.value.problem.field == place
    assert "Ann" not in "".join(traceback.format_exception(refused.value))


def test_a_job_that_failed_at_an_earlier_time_is_begun_anew(
    warehouse: Warehouse, bucket: Bucket, target: str, place: str
) -> None:
    uri = bucket.uri(f"{place}.json.gz")
    with pytest.raises(Terminal):
        run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
    bucket.put(f"{place}.json.gz", gzip.compress(b'{"n": 1}\n', mtime=0))  # somebody mends it and clears the task
    run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
    assert jobs_of(warehouse, place) == [f"{place}_a1", f"{place}_a2"]
    assert rows(warehouse, target) == 1


def test_a_job_that_is_refused_before_it_begins_is_terminal_too(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, uri: str, target: str, place: str
) -> None:
    bigquery_proxy.fail("refused", "POST", BEGIN)
    with pytest.raises(Terminal) as refused:
        run_job(warehouse.client, place, "a unit", append(warehouse, uri, target))
    assert refused.value.problem.found == "invalid"
    assert bigquery_proxy.count("POST", BEGIN) == 1


def test_a_query_that_cannot_be_read_is_terminal(warehouse: Warehouse, place: str) -> None:
    with pytest.raises(Terminal) as refused:
        warehouse.query("SELECT nothing FROM nowhere.at_all AS it", {}, place)
    assert refused.value.problem.code == "E-JOB-101"


def test_a_dry_run_that_cannot_be_read_is_terminal(warehouse: Warehouse) -> None:
    with pytest.raises(Terminal) as refused:
        warehouse.columns("SELEC 1", {})
    assert refused.value.problem.code == "E-JOB-103"


def test_a_load_takes_only_whole_files(warehouse: Warehouse, bucket: Bucket, target: str, place: str) -> None:
    whole = gzip.compress(b'{"n": 1}\n' * 1000, mtime=0)
    bucket.put(f"{place}.json.gz", whole[:-12])
    with pytest.raises(Terminal):
        warehouse.load(bucket.uri(f"{place}.json.gz"), FIELDS, target, place)
    found = warehouse.find(target)
    assert found is None or not found.num_rows


def test_when_no_answer_ever_comes_the_task_may_try_later(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def begin(job_id: str) -> None:
        raise ConnectionError(f"nobody answers for {job_id}")

    monkeypatch.setattr("edx_warehouse.hooks.jobs.time.sleep", lambda _: None)
    with pytest.raises(Transient) as failed:
        run_job(warehouse.client, place, "a unit", begin)
    assert failed.value.problem.code == "E-JOB-102"
    assert jobs_of(warehouse, place) == []
