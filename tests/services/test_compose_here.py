"""What the services are told here is what the containers are told, but for addresses and folders."""

import re
from pathlib import Path

import pytest

from edx_warehouse.local.home import CHECKOUT
from services.compose import Compose
from services.containers import Containers

EACH = ("init", "buckets", "api-server", "scheduler", "dag-processor", "triggerer", "worker")


@pytest.fixture
def containers(tmp_path: Path) -> Containers:
    return Containers(tmp_path, tmp_path / "registry.yaml", storage=1, bigquery=2)


def test_no_service_is_sent_to_a_container(containers: Containers) -> None:
    for name in EACH:
        told = [*containers.environment(name).values(), *containers.compose.command(name)]
        address = re.compile(r"\b(postgres|redis|api-server|storage|bigquery):\d|/opt/|127\.0\.0\.1:8080\b")
        assert [text for text in told if address.search(text)] == []


def test_what_the_file_sets_is_what_the_services_are_told(containers: Containers, tmp_path: Path) -> None:
    told = containers.environment("worker")
    assert told["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert told["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"] == "21600"
    assert told["AIRFLOW__CORE__PARALLELISM"] == "32"  # of .env.example
    assert told["AIRFLOW__CORE__DAGS_FOLDER"] == f"{CHECKOUT}/dags"  # of the image
    assert told["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] == f"{tmp_path}/airflow/logs"
    assert told["AIRFLOW_ADMIN_PASSWORD"] == ""
    assert containers.environment("init")["AIRFLOW_ADMIN_PASSWORD"] == containers.env["AIRFLOW_ADMIN_PASSWORD"]


def test_a_dollar_of_the_shell_stays_one(containers: Containers) -> None:
    assert '"$REDIS_PASSWORD" | redis-server' in containers.compose.command("redis")[-1]


def test_a_missing_secret_is_told() -> None:
    with pytest.raises(ValueError, match="POSTGRES_PASSWORD"):
        Compose({}, str).environment("worker")
