"""The local cloud as a whole, with the real emulators."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Blob, Client

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.local.stack import Stack
from edx_warehouse.local.web import ask

REGISTRY = """
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///nowhere", log_prefixes: [harvardx]}
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///nowhere", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX}
"""

Make = Callable[..., Stack]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Give stacks of one home, on ports that are free; what they start is stopped."""
    names = ("STORAGE", "BIGQUERY", "BIGQUERY_GRPC", "AIRFLOW")
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in names]
        for it in sockets:
            it.bind(("127.0.0.1", 0))
        numbers = [it.getsockname()[1] for it in sockets]
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    environ = {
        "PATH": os.defpath,
        "EDX_WAREHOUSE_HOME": str(tmp_path / "home"),
        "EDX_WAREHOUSE_REGISTRY": str(tmp_path / "registry.yaml"),
    } | {f"EDX_WAREHOUSE_{name}_PORT": str(number) for name, number in zip(names, numbers, strict=True)}
    told: list[str] = []

    def one(**changes: str) -> Stack:
        return Stack.from_environment(environ | changes, told.append)

    yield one
    one().cloud_down()


def _object(stack: Stack, name: str) -> Blob:
    """Return an object as Google's own client sees it."""
    endpoint = f"http://127.0.0.1:{stack.ports.storage}"
    client = Client(project="mitx-data", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint})
    return client.bucket("mitx-data").blob(name)


def _kill(stack: Stack) -> None:
    for service in stack.cloud:
        assert service.pid
        os.kill(service.pid, signal.SIGKILL)
        while service.pid:
            time.sleep(0.02)


@pytest.mark.cloud
def test_a_killed_cloud_comes_up_again_with_its_data(make: Make):
    stack = make()
    stack.cloud_up()
    assert [it.healthy for it in stack.conditions(stack.cloud)] == [True, True]
    dataset = {"datasetReference": {"projectId": "mitx-data", "datasetId": "kept"}}
    assert ask(stack.ports.bigquery, "/bigquery/v2/projects/mitx-data/datasets", dataset)[0] == 200
    _object(stack, "kept").upload_from_string("before")
    _kill(stack)
    assert [it.healthy for it in stack.conditions(stack.cloud)] == [False, False]
    stack.cloud_up()
    assert _object(stack, "kept").download_as_text() == "before"
    assert ask(stack.ports.bigquery, "/bigquery/v2/projects/mitx-data/datasets/kept")[0] == 200


@pytest.mark.cloud
def test_up_twice_starts_once_and_makes_the_registrys_buckets(make: Make):
    stack = make()
    stack.cloud_up()
    pids = [service.pid for service in stack.cloud]
    make().cloud_up()
    assert [service.pid for service in stack.cloud] == pids
    _, body = ask(stack.ports.storage, "/storage/v1/b?project=mitx-data")
    assert sorted(it["name"] for it in json.loads(body)["items"]) == ["harvardx-data", "mitx-data"]
    assert stack.registry_of_running() == stack.registry


@pytest.mark.cloud
def test_a_running_stack_is_not_given_another_registry(make: Make, tmp_path: Path):
    make().cloud_up()
    (tmp_path / "other.yaml").write_text(REGISTRY)
    with pytest.raises(Terminal, match=r"other\.yaml") as caught:
        make(EDX_WAREHOUSE_REGISTRY=str(tmp_path / "other.yaml")).cloud_up()
    assert caught.value.problem.code == "E-LOC-104"


@pytest.mark.cloud
def test_a_reset_removes_the_data_and_nothing_beside_it(make: Make, tmp_path: Path):
    stack = make()
    stack.cloud_up()
    _object(stack, "gone").upload_from_string("before")
    (tmp_path / "home" / "mine").write_text("kept")
    stack.reset()
    assert [service.pid for service in stack.cloud] == [None, None]
    stack.cloud_up()
    assert not _object(stack, "gone").exists()
    assert (tmp_path / "home" / "mine").read_text() == "kept"


@pytest.mark.cloud
@pytest.mark.parametrize("name", ["STORAGE", "BIGQUERY", "BIGQUERY_GRPC"])
def test_a_port_held_by_another_program_is_named_with_its_variable(make: Make, name: str):
    stack = make()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", getattr(stack.ports, name.lower())))
        stranger.listen()
        with pytest.raises(Terminal, match=f"EDX_WAREHOUSE_{name}_PORT") as caught:
            stack.cloud_up()
    assert caught.value.problem.code == "E-LOC-101"
    assert [service.pid for service in stack.cloud] == [None, None]


@pytest.mark.cloud
def test_a_mistake_in_the_registry_stops_the_start_and_not_the_stop(make: Make, tmp_path: Path):
    (tmp_path / "broken.yaml").write_text("institutions: [")
    stack = make(EDX_WAREHOUSE_REGISTRY=str(tmp_path / "broken.yaml"))
    with pytest.raises(Terminal, match=r"broken\.yaml"):
        stack.cloud_up()
    stack.down()
    assert [service.pid for service in stack.cloud] == [None, None]


def test_nothing_runs_in_a_new_home(make: Make):
    stack = make()
    assert not stack.is_up()
    assert stack.registry_of_running() is None
