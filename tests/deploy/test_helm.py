"""The Helm chart's values: the same settings as the containers', and nothing that may not be in production."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy/helm/values.yaml").read_text()
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SETTINGS = COMPOSE["services"]["worker"]["environment"]
# What a deployment chooses, or what the chart says itself.
OWN = {
    *("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CELERY__RESULT_BACKEND", "AIRFLOW__CELERY__BROKER_URL"),
    *("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"),
    *("AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"),
    *("AIRFLOW__METRICS__STATSD_ON", "AIRFLOW__METRICS__STATSD_HOST", "AIRFLOW__METRICS__STATSD_PORT"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
}
CHOSEN = {"core.parallelism", "api.base_url", "logging.remote_logging", "logging.remote_base_log_folder"}
RUNNING = ("apiServer", "scheduler", "dagProcessor", "triggerer", "workers", "statsd")


def test_airflow_is_told_the_same_as_in_containers() -> None:
    for name in set(SETTINGS) - OWN:
        if match := re.fullmatch(r"AIRFLOW__(\w+?)__(\w+)", name):
            section, key = (it.lower() for it in match.groups())
            found = VALUES["config"][section][key]
            default = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", SETTINGS[name])
            assert f"{section}.{key}" in CHOSEN or found == default, name


def test_the_version_is_that_of_the_requirements() -> None:
    pinned = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert VALUES["airflowVersion"] == pinned[1]


def test_secrets_are_named_and_not_written() -> None:
    for key in ("fernetKey", "apiSecretKey", "jwtSecret"):
        assert key not in VALUES
    assert VALUES["fernetKeySecretName"]
    assert VALUES["apiSecretKeySecretName"]
    assert VALUES["jwtSecretName"]
    assert set(VALUES["data"]) == {"metadataSecretName", "brokerUrlSecretName"}
    assert not re.search(r"(?i)password|private_key", TEXT)
    assert json.loads(VALUES["config"]["secrets"]["backend_kwargs"])["connections_prefix"] == "airflow-connections"


@pytest.mark.parametrize("name", RUNNING)
def test_what_runs_has_requests_and_limits(name: str) -> None:
    assert set(VALUES[name]["resources"]) == {"requests", "limits"}


def test_nothing_is_root() -> None:
    assert VALUES["securityContexts"]["pod"]["runAsNonRoot"] is True
    assert VALUES["securityContexts"]["containers"]["allowPrivilegeEscalation"] is False
    assert VALUES["uid"] == 50000


def test_the_account_is_the_one_that_terraform_makes() -> None:
    (account,) = set(re.findall(r"gcp-service-account: ([\w-]+)@", TEXT))
    assert f'account_id   = "{account}"' in (ROOT / "deploy/terraform/main.tf").read_text()
    assert "-airflow-logs" in VALUES["config"]["logging"]["remote_base_log_folder"]


def test_the_image_is_pinned_by_whoever_deploys() -> None:
    assert VALUES["images"]["airflow"]["tag"] == "COMMIT"
    # The chart gives whole commands: an entrypoint would come before them.
    assert "ENTRYPOINT" not in (ROOT / "Dockerfile").read_text()
