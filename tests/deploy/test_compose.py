"""The containers' file, read as Docker Compose reads it: what each service must have before it may run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
# They end, and others wait for that: a health check would have nothing to look at.
ENDING = {name for name, it in SERVICES.items() if it.get("restart") == "no"}
REQUIRED = re.compile(r"\$\{(\w+):\?")
NAMED = re.compile(r"(?<!\$)\$\{(\w+)")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_these_services_run() -> None:
    assert set(SERVICES) - ENDING >= {
        *("postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker"),
        *("storage", "bigquery"),
    }
    assert {"init", "buckets"} == ENDING


@each_service
def test_a_service_has_a_health_check_or_ends(name: str) -> None:
    check = SERVICES[name].get("healthcheck", {})
    assert name in ENDING or {"test", "interval", "timeout", "retries"} <= set(check)


@each_service
def test_a_service_is_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name in ENDING else "unless-stopped")


@each_service
def test_a_service_is_not_root_and_cannot_become_it(name: str) -> None:
    user = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", SERVICES[name]["user"]).split(":")[0]
    assert user not in {"", "root", "0"}
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
    assert not SERVICES[name].get("privileged")


@each_service
def test_a_service_has_limits(name: str) -> None:
    assert set(SERVICES[name]["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert SERVICES[name]["logging"]["options"]["max-size"]


@each_service
def test_an_image_has_a_version(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert tag
    assert "latest" not in tag
    if "build" not in SERVICES[name]:
        assert re.match(r"v?\d+\.\d+", tag), "an image of somebody else's is pinned to its minor version"


@each_service
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_what_a_service_waits_for_is_there_and_says_when(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ENDING else "service_healthy"
        assert wait == {"condition": expected}
        # A profile's service may not be started: nobody outside of the profile may wait for it.
        assert set(SERVICES[other].get("profiles", [])) <= set(SERVICES[name].get("profiles", []))


@each_service
def test_a_volume_is_declared_or_a_folder_of_the_host(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or source[0] in "./$"


def test_emulators_and_metrics_come_with_their_profiles_alone() -> None:
    profiles: dict[str, set[str]] = {}
    for name, it in SERVICES.items():
        for profile in it.get("profiles", []):
            profiles.setdefault(profile, set()).add(name)
    assert profiles == {
        "local-cloud": {"storage", "bigquery", "buckets"},
        "metrics": {"statsd", "prometheus", "grafana"},
    }


def test_every_variable_is_explained_in_the_example() -> None:
    text = (ROOT / "docker-compose.yaml").read_text()
    explained = set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE))
    assert (
        set(NAMED.findall(text)) - explained - {"EDX_WAREHOUSE_COMMIT", "AIRFLOW_AUTH_MANAGER", "AIRFLOW_WORKER_GRACE"}
        == set()
    )
    assert set(REQUIRED.findall(text)) <= set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))


def test_secrets_have_no_default() -> None:
    values = [str(value) for it in SERVICES.values() for value in it.get("environment", {}).values()]
    text = "\n".join(values)
    secret = re.compile(r"\$\{(\w*(?:PASSWORD|SECRET|FERNET)\w*)([:}][?-]?)")
    assert secret.findall(text)
    assert {operator for _, operator in secret.findall(text)} == {":?"}
    for line in EXAMPLE.splitlines():
        if re.match(r"\w*(PASSWORD|SECRET|FERNET)\w*=", line):
            assert line.endswith("="), "the example has no secret that somebody might keep"


def test_tasks_do_not_know_the_password_of_a_person() -> None:
    for name, it in SERVICES.items():
        if "env_file" in it and name != "init":
            assert it["environment"]["AIRFLOW_ADMIN_PASSWORD"] == ""


def test_airflow_is_told_what_this_package_needs() -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"):
        settings = SERVICES[name]["environment"]
        assert settings["AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS"] == "True"
        assert settings["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert settings["AIRFLOW__API__EXPOSE_CONFIG"] == "False"


def test_redis_gives_a_task_out_again_only_after_the_longest_may_take() -> None:
    from edx_warehouse.pipelines.settings import DEFAULT_ARGS

    seconds = int(SERVICES["worker"]["environment"]["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"])
    assert seconds > DEFAULT_ARGS["execution_timeout"].total_seconds()
