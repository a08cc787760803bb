"""Where a local stack lives and which ports it takes."""

from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.local.home import CHECKOUT, Home, Ports


def test_the_usual_home_is_in_the_checkout():
    assert Home.from_environment({}).root == CHECKOUT / ".local"
    assert (CHECKOUT / "pyproject.toml").exists()


def test_all_state_is_below_one_folder_of_the_home(tmp_path: Path):
    home = Home.from_environment({"EDX_WAREHOUSE_HOME": str(tmp_path)})
    places = [home.storage, home.bigquery, home.airflow, home.logs, home.run]
    assert all(place.is_relative_to(tmp_path / "stack") for place in places)
    assert len(set(places)) == len(places)


def test_each_port_is_set_by_its_variable():
    names = ("STORAGE", "BIGQUERY", "BIGQUERY_GRPC", "AIRFLOW")
    environ = {f"EDX_WAREHOUSE_{name}_PORT": str(number) for number, name in enumerate(names, 20001)}
    assert Ports.from_environment(environ) == Ports(20001, 20002, 20003, 20004)
    assert Ports.from_environment({}) == Ports(9023, 9050, 9060, 8080)


@pytest.mark.parametrize("text", ["eighty", "0", "65536", "-1", "8080 "])
def test_a_port_that_is_none_is_refused_with_its_variable(text: str):
    with pytest.raises(Terminal, match="EDX_WAREHOUSE_AIRFLOW_PORT") as caught:
        Ports.from_environment({"EDX_WAREHOUSE_AIRFLOW_PORT": text})
    assert caught.value.problem.code == "E-LOC-105"


def test_two_services_on_one_port_are_refused():
    with pytest.raises(Terminal, match="four different ports"):
        Ports.from_environment({"EDX_WAREHOUSE_STORAGE_PORT": "9050"})
