"""The local cloud's emulators on ports of their own, for one test file or folder."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edx_warehouse.local import emulators
from edx_warehouse.local.home import Home, Ports
from edx_warehouse.local.services import Service, stop
from fakes.ports import unused_ports


@contextmanager
def local_cloud(folder: Path) -> Iterator[tuple[Service, Service]]:
    """Run the storage and the BigQuery emulator on a folder until the block ends."""
    emulators.require_installed()
    pair = emulators.emulators(os.environ, Home(folder), free_ports())
    # The services outlive their parent on purpose: a pytest that is asked to end has to stop them first.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for service in pair:
            service.start()
        for service in pair:
            wait_for(service)
        yield pair
    finally:
        stop(pair)
        signal.signal(signal.SIGTERM, before)


def free_ports() -> Ports:
    """Return a stack's ports that nobody uses."""
    return Ports(*unused_ports(4))


def wait_for(service: Service) -> None:
    for _ in range(600):
        service.require_alive()
        if emulators.answers(service):
            return
        time.sleep(0.1)
    pytest.fail(f"{service.name} does not answer\n{service.log_file.read_text()}")
