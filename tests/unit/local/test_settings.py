"""What the processes of a local stack are told."""

import json
from pathlib import Path

import pytest

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Course, Institution, Registry
from edx_warehouse.local import settings
from edx_warehouse.local.home import Home, Ports


def _environment(tmp_path: Path, environ: dict[str, str], ports: Ports = Ports()) -> dict[str, str]:  # noqa: B008
    return settings.environment(environ, Home(tmp_path), ports, tmp_path / "registry.yaml", "harvardx-data")


def test_settings_of_another_airflow_and_of_the_real_google_do_not_leak_in(tmp_path: Path):
    foreign = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": "redis://elsewhere",
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW_CONFIG": "/elsewhere/airflow.cfg",
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": "google-cloud-platform://",
        "GOOGLE_APPLICATION_CREDENTIALS": "/elsewhere/key.json",
        "STORAGE_EMULATOR_HOST": "http://elsewhere",
        "PYTHONPATH": "/elsewhere",
    }
    environment = _environment(tmp_path, foreign)
    for name, value in foreign.items():
        assert environment.get(name) != value, name


def test_what_an_archive_needs_is_passed_on(tmp_path: Path):
    environment = _environment(tmp_path, {"AWS_PROFILE": "archive", "HOME": "/home/someone"})
    assert (environment["AWS_PROFILE"], environment["HOME"]) == ("archive", "/home/someone")


def test_two_stacks_share_no_port_no_folder_and_no_key(tmp_path: Path):
    one = _environment(tmp_path / "one", {})
    other = _environment(tmp_path / "other", {}, Ports(19023, 19050, 19060, 18080))
    own = ("_PORT", "_HOST", "_URL", "_KEY", "_SECRET", "_CONN", "_HOME", "_FOLDER__")
    names = [name for name in one if name.endswith(own) and name != "AIRFLOW__API__HOST"]
    assert "AIRFLOW__API_AUTH__JWT_SECRET" in names
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in names
    assert [name for name in names if one[name] == other[name]] == []


def test_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path):
    first, second = _environment(tmp_path, {}), _environment(tmp_path, {})
    for name in ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY"):
        assert first[name] == second[name]
        assert len(first[name]) >= 43
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.stat().st_mode & 0o777 == 0o600


def test_sqlite_waits_for_other_writers_and_runs_few_tasks(tmp_path: Path):
    environment = _environment(tmp_path, {})
    address = f"sqlite:///{tmp_path}/stack/airflow/airflow.db?timeout=60"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == address
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "4"


def test_a_postgresql_address_is_used(tmp_path: Path):
    environment = _environment(tmp_path, {"EDX_WAREHOUSE_DATABASE": "postgresql://someone@localhost/airflow"})
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://someone@localhost/airflow"


def test_a_database_of_another_kind_is_refused_without_telling_its_password(tmp_path: Path):
    with pytest.raises(Terminal, match="EDX_WAREHOUSE_DATABASE") as caught:
        _environment(tmp_path, {"EDX_WAREHOUSE_DATABASE": "mysql://someone:secret@localhost/airflow"})
    assert "secret" not in caught.value.problem.to_json()


def test_the_connection_is_anonymous_and_names_the_project(tmp_path: Path):
    connection = json.loads(_environment(tmp_path, {})["AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"])
    assert connection["conn_type"] == "google_cloud_platform"
    assert connection["extra"] == {"project": "harvardx-data", "is_anonymous": True}


def test_local_servers_are_not_asked_through_a_proxy(tmp_path: Path):
    environment = _environment(tmp_path, {"NO_PROXY": "intranet"})
    assert environment["no_proxy"] == environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_no_pool_is_larger_than_what_runs_at_once():
    pools = settings.pools({}, Registry((), (), ()))
    assert set(pools) == {"hmdc_archive", "split", "windows"}
    assert all(1 <= int(str(pool["slots"])) <= 4 for pool in pools.values())


def test_a_course_has_a_pool_of_one_writer():
    place = Institution("X", "x-data", "x-data", "file:///x", ("x",), ("prod",))
    pools = settings.pools({}, Registry((place,), (Course(CourseKey("X", "6.00x", "2014"), place),), ()))
    assert pools["course__X__6_00x__2014"]["slots"] == 1
