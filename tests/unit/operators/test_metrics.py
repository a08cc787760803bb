"""What whoever watches is told, as their StatsD server gets it from Airflow's own client."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.operators import metrics
from edx_warehouse.operators.freshness import Freshness
from edx_warehouse.tables.provenance import JobRecord
from fakes.receivers import Statsd, served


@pytest.fixture
def statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statsd]:
    with served(Statsd()) as server:
        settings = {"ON": "True", "HOST": "127.0.0.1", "PORT": str(server.port), "INFLUXDB_ENABLED": "True"}
        for name, value in settings.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", value)
        clients = []

        def connect() -> Any:
            clients.append(get_stats_factory()())
            return clients[-1]

        stats.initialize(factory=connect, export_legacy_names=conf.getboolean("metrics", "legacy_names_on"))
        yield server
        monkeypatch.undo()
        stats.initialize(factory=get_stats_factory(), export_legacy_names=True)
        for client in clients:
            client.statsd.close()


def told(server: Statsd, lines: int) -> list[str]:
    """Return what came, as soon as as many lines came as should."""
    deadline = time.monotonic() + 5
    while len(server.lines) < lines and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)  # whatever comes that should not
    return sorted(server.lines)


def test_the_lines_of_a_split_are_counted_by_what_became_of_them(statsd: Statsd) -> None:
    metrics.lines_split("HarvardX", {"rows": 90, "quarantined": 7, "duplicates": 3, "blank": 0})
    assert told(statsd, 3) == [
        "airflow.edx_warehouse.split_lines,institution=harvardx,outcome=duplicates:3|c",
        "airflow.edx_warehouse.split_lines,institution=harvardx,outcome=quarantined:7|c",
        "airflow.edx_warehouse.split_lines,institution=harvardx,outcome=rows:90|c",
    ]


def test_a_table_is_counted_with_its_rows_and_bytes_and_without_its_course(statsd: Statsd) -> None:
    moment = datetime(2014, 11, 16, tzinfo=UTC)
    record = JobRecord(
        reference="secondary.person_course",
        target="harvardx-data.HarvardX__CS50x__2014_T1_latest.person_course",
        who="someone@example.org",
        status="replaced",
        started=moment,
        ended=moment,
        job_id="one",
        digest="two",
        code_version="1",
        course_id="HarvardX/CS50x/2014_T1",
        bytes_processed=2048,
        bytes_billed=10 * 1024 * 1024,
        rows_out=12,
    )
    metrics.table_made("harvardx", record)
    lines = told(statsd, 4)
    tags = "institution=harvardx,table=secondary.person_course"
    assert lines == [
        f"airflow.edx_warehouse.bytes_billed,{tags}:10485760|c",
        f"airflow.edx_warehouse.bytes_processed,{tags}:2048|c",
        f"airflow.edx_warehouse.rows_made,{tags}:12|c",
        f"airflow.edx_warehouse.tables_made,{tags}:1|c",
    ]
    assert "CS50x" not in "".join(lines)
    assert "someone" not in "".join(lines)


def test_how_late_a_feed_is_is_told_as_it_is_now(statsd: Statsd) -> None:
    metrics.feed_seen(
        Freshness(
            "HarvardX",
            "logs",
            newest=date(2014, 11, 10),
            missing=(date(2014, 11, 11), date(2014, 11, 12)),
            held={date(2014, 11, 9): "E-SPL-101"},
            late=timedelta(hours=30, minutes=30),
        )
    )
    tags = "feed=logs"
    lines = told(statsd, 5)
    assert all(tags in line for line in lines)
    values = {line.split(",")[0].removeprefix("airflow.edx_warehouse.freshness_"): line.split(":")[1] for line in lines}
    assert values == {
        "late_hours": "30.5|g",
        "missing": "2|g",
        "waiting": "0|g",
        "held": "1|g",
        "newest_timestamp": f"{datetime(2014, 11, 10, tzinfo=UTC).timestamp()}|g",
    }


def test_a_feed_that_never_came_has_no_newest_day(statsd: Statsd) -> None:
    metrics.feed_seen(Freshness("HarvardX", "weekly"))
    assert not [line for line in told(statsd, 4) if "newest" in line]


def test_a_failure_is_counted_by_code_and_its_text_is_not_told(statsd: Statsd) -> None:
    problem = Problem(code="E-CHK-102", unit="one", expected="two", found="three", done="four", next="five")
    metrics.task_failed("course_weekly__HarvardX__CS50x__2014_T1", Terminal(problem))
    metrics.task_failed("split_logs__HarvardX", ValueError("ada@example.org"))
    assert told(statsd, 2) == [
        "airflow.edx_warehouse.tasks_failed,family=course_weekly,code=E-CHK-102:1|c",
        "airflow.edx_warehouse.tasks_failed,family=split_logs,code=unknown:1|c",
    ]


def test_nothing_is_sent_and_nothing_fails_while_metrics_are_off(
    statsd: Statsd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "False")
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)
    metrics.lines_split("HarvardX", {"rows": 90})
    assert told(statsd, 0) == []
