"""A local stack: the emulators and an Airflow, started, watched and stopped together."""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from edx_warehouse.domain.errors import WarehouseError
from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.local import airflow_services, emulators, settings
from edx_warehouse.local.home import CHECKOUT, Home, Ports, refuse, variable
from edx_warehouse.local.services import Service, stop
from edx_warehouse.local.web import is_free

_CLOUD_PATIENCE = 60.0
_AIRFLOW_PATIENCE = 300.0
_PAUSE = 0.5
_TELL_EVERY = 5.0


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Condition:
    """How a service is."""

    name: str
    pid: int | None
    port: int | None
    healthy: bool


@dataclass(frozen=True)
class Stack:
    """The stack of one home; two with other homes and ports run side by side.

    :param environ: what the caller was given; read, never changed.
    :param tell: where progress lines go.
    """

    environ: Mapping[str, str] = field(repr=False)
    home: Home
    ports: Ports
    registry: Path
    tell: Callable[[str], None] = field(default=_to_stderr, repr=False)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, tell: Callable[[str], None] = _to_stderr
    ) -> Self:
        """Return the stack that the environment variables describe; nothing is started.

        :raises Terminal: ``E-LOC-105`` when one of them is wrong.
        """
        registry = registry_path(CHECKOUT / "include", environ).expanduser().absolute()
        return cls(environ, Home.from_environment(environ), Ports.from_environment(environ), registry, tell)

    @property
    def airflow_url(self) -> str:
        """Where the Airflow UI and API are."""
        return settings.airflow_url(self.ports)

    @cached_property
    def cloud(self) -> tuple[Service, ...]:
        """The emulators."""
        return emulators.emulators(self.environ, self.home, self.ports)

    @cached_property
    def airflow(self) -> tuple[Service, ...]:
        """Airflow's processes, in the order to start them."""
        return airflow_services.airflow_services(self.environment(), self.home, self.ports)

    def environment(self) -> dict[str, str]:
        """Return all variables for clients of the stack and for Airflow's processes."""
        return settings.environment(self.environ, self.home, self.ports, self.registry, self._project())

    def cloud_up(self) -> None:
        """Start the emulators, wait until they answer and create the registry's buckets that are missing.

        :raises Terminal: ``E-LOC-…`` naming what is in the way, or the registry's own error.
        """
        with self._alone():
            self._cloud_up()

    def cloud_down(self) -> None:
        """Stop the emulators; data stays."""
        with self._alone():
            stop(self.cloud)

    def up(self) -> None:
        """Start the emulators and Airflow and wait until all are healthy.

        :raises Terminal: ``E-LOC-…`` naming what is in the way, or the registry's own error.
        """
        with self._alone():
            self._cloud_up()
            environment = self.environment()
            self._require_free(self.airflow)
            airflow_services.migrate(environment, self.home, self.tell)
            for service in self.airflow:
                service.start()
            if registry := self._registry():
                pools = settings.pools(self.environ, registry)
                airflow_services.import_pools(environment, self.home, pools)
            self._wait(self.airflow, lambda: airflow_services.unhealthy(self.airflow, self.ports.airflow))

    def down(self) -> None:
        """Stop Airflow and the emulators with all their processes; data stays."""
        with self._alone():
            self._down()

    def reset(self) -> None:
        """Stop everything and remove all data, logs and Airflow's memory."""
        with self._alone():
            self._down()
            airflow_services.forget_database(self.environment(), self.home)
            shutil.rmtree(self.home.stack)

    def is_up(self) -> bool:
        """Tell whether the emulators and Airflow all run and are well."""
        return all(condition.healthy for condition in self.conditions([*self.cloud, *self.airflow]))

    def conditions(self, services: Sequence[Service]) -> list[Condition]:
        """Return how each of these services is."""
        unwell: list[str] = []
        if any(service in self.airflow and service.pid for service in services):
            unwell = airflow_services.unhealthy(self.airflow, self.ports.airflow)
        return [
            Condition(
                service.name,
                service.pid,
                service.port,
                service.pid is not None
                and (emulators.answers(service) if service in self.cloud else service.name not in unwell),
            )
            for service in services
        ]

    def registry_of_running(self) -> Path | None:
        """Return the registry that this home's running stack was started with; None when nothing runs."""
        started_with = self._started_with()
        return Path(str(started_with["registry"])) if started_with else None

    def _cloud_up(self) -> None:
        emulators.require_installed()
        registry = self._registry()
        self._require_same()
        self._require_free(self.cloud)
        self._write_down()
        self.home.storage.mkdir(parents=True, exist_ok=True)
        self.home.bigquery.mkdir(parents=True, exist_ok=True)
        for service in self.cloud:
            service.start()
        self._wait(self.cloud, lambda: [it.name for it in self.cloud if not emulators.answers(it)], _CLOUD_PATIENCE)
        if registry:
            for bucket in emulators.create_buckets(registry, self.ports.storage):
                self.tell(f"created the bucket {bucket}")

    def _down(self) -> None:
        *others, api_server = self.airflow[1:] + self.airflow[:1]
        # Tasks that end report to the API server: it goes after them.
        for group in (others, [api_server], self.cloud):
            stop(group)
        self._started_file.unlink(missing_ok=True)

    def _project(self) -> str:
        try:
            return Registry.read(self.registry).institutions[0].project
        except (WarehouseError, IndexError):
            return "local"  # a stack must stop whatever its registry looks like; starting reads it with complaints

    def _registry(self) -> Registry | None:
        """Return the registry; None when none is named and none is written yet."""
        if not self.registry.exists() and not self.environ.get("EDX_WAREHOUSE_REGISTRY"):
            self.tell(f"no registry yet at {self.registry}: no buckets made")
            return None
        return Registry.read(self.registry)

    def _wait(
        self, services: Sequence[Service], missing: Callable[[], list[str]], patience: float = _AIRFLOW_PATIENCE
    ) -> None:
        begun = told = time.monotonic()
        while names := missing():
            for service in services:
                service.require_alive()
            now = time.monotonic()
            if now - begun > patience:
                raise refuse(
                    "E-LOC-102",
                    f"an answer from {', '.join(names)} within {patience:.0f} s",
                    "none",
                    "read the last lines of the logs",
                    file=self.home.logs,
                )
            if now - told > _TELL_EVERY:
                told = now
                self.tell(f"waiting for {', '.join(names)} ({now - begun:.0f} s)")
            time.sleep(_PAUSE)

    def _require_free(self, services: Sequence[Service]) -> None:
        wanted = [(name, getattr(self.ports, name)) for name in ("storage", "bigquery", "bigquery_grpc", "airflow")]
        for service in services:
            if service.port is None or service.pid is not None:
                continue
            stop([service])  # a killed one may have left children that hold the port
            for name, port in wanted:
                if (port == service.port or name == f"{service.name}_grpc") and not is_free(port):
                    raise refuse(
                        "E-LOC-101",
                        f"port {port} of 127.0.0.1 to be free for {service.name}",
                        "another program on it",
                        f"stop that program, or set {variable(name)} to a free port",
                    )

    @property
    def _started_file(self) -> Path:
        return self.home.run / "stack.json"

    def _write_down(self) -> None:
        self.home.run.mkdir(parents=True, exist_ok=True)
        self._started_file.write_text(json.dumps(self._wanted()))

    def _wanted(self) -> dict[str, object]:
        return {
            "registry": str(self.registry),
            "ports": vars(self.ports),
            "database": self.environ.get("EDX_WAREHOUSE_DATABASE", "") != "",
        }

    def _started_with(self) -> dict[str, object] | None:
        if not any(service.pid for service in (*self.cloud, *self.airflow)):
            return None
        try:
            return dict(json.loads(self._started_file.read_text()))
        except (OSError, ValueError):
            return None

    def _require_same(self) -> None:
        running, wanted = self._started_with(), self._wanted()
        for name in wanted:
            if running and running.get(name) != wanted[name]:
                raise refuse(
                    "E-LOC-104",
                    f"the running stack to have the {name} {wanted[name]}",
                    str(running.get(name)),
                    "run `edx-warehouse down` first, or set another EDX_WAREHOUSE_HOME",
                    file=self.home.root,
                )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other command start or stop this home's stack meanwhile."""
        self.home.stack.mkdir(parents=True, exist_ok=True)
        with (self.home.root / "stack.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.tell("waiting for another command on this stack")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
