"""Processes that outlive the command that started them."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.local.services import Service, stop

# A parent with a child in a process group of its own, as Airflow's task processes are; both sleep.
FAMILY = """
import os, signal, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", os.getpid(), flush=True)
time.sleep(60)
"""


def _service(folder: Path, *words: str, code: str = FAMILY) -> Service:
    command = (sys.executable, "-c", code, *words)
    return Service("family", command, {"PATH": os.defpath}, folder / "run", folder / "logs")


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Service]:
    service = _service(tmp_path)
    yield service
    stop([service], grace=0)


def _await_lines(service: Service, count: int) -> list[int]:
    """Return the pids that the family wrote."""
    for _ in range(600):
        lines = service.log_file.read_text().splitlines()
        if len(lines) >= count:
            return [int(line.split()[1]) for line in lines]
        time.sleep(0.05)
    raise AssertionError("the processes did not start")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stopping_leaves_no_process_not_even_one_in_a_group_of_its_own(family: Service):
    family.start()
    pids = _await_lines(family, 2)
    stop([family])
    assert [pid for pid in pids if _runs(pid)] == []
    assert family.pid is None


def test_children_of_a_killed_service_are_stopped_too(family: Service):
    family.start()
    pids = _await_lines(family, 2)
    assert family.pid is not None
    os.kill(family.pid, signal.SIGKILL)
    while family.pid is not None:
        time.sleep(0.02)
    assert any(_runs(pid) for pid in pids)
    stop([family])
    assert [pid for pid in pids if _runs(pid)] == []


def test_a_process_that_does_not_listen_is_killed_in_the_end(tmp_path: Path):
    service = _service(tmp_path, "deaf")
    service.start()
    pids = _await_lines(service, 2)
    stop([service], grace=0.5)
    assert [pid for pid in pids if _runs(pid)] == []


def test_starting_twice_starts_once(family: Service):
    family.start()
    first = family.pid
    family.start()
    assert family.pid == first


def test_a_pid_that_went_to_a_stranger_is_left_alone(family: Service):
    family.run.mkdir()
    family.pid_file.write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    assert family.pid is None
    assert family.members() == []
    stop([family])
    assert not family.pid_file.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "started": 1}'])
def test_a_torn_pid_file_means_not_running(family: Service, text: str):
    family.run.mkdir()
    family.pid_file.write_text(text)
    assert family.pid is None


def test_a_service_that_ended_is_reported_with_its_log(tmp_path: Path):
    service = _service(tmp_path, code="raise SystemExit(3)")
    service.start()
    while service.pid is not None:
        time.sleep(0.02)
    with pytest.raises(Terminal, match=r"family\.log") as caught:
        service.require_alive()
    assert caught.value.problem.code == "E-LOC-102"


def test_a_missing_program_says_how_to_install_it(tmp_path: Path):
    service = Service("family", (str(tmp_path / "nothing"),), {}, tmp_path / "run", tmp_path / "logs")
    with pytest.raises(Terminal, match="make setup") as caught:
        service.start()
    assert caught.value.problem.code == "E-LOC-103"
