"""Processes that go on running after the command that started them.

Each service leads a session of its own. Airflow's children leave their parent's process group but not its session,
and survive a killed parent: whatever belongs to the session is what is stopped.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from edx_warehouse.local.home import refuse

_GRACE = 20.0
_PAUSE = 0.1


@dataclass(frozen=True)
class Service:
    """A long-running process: its command, what it is told, and where its pid and its log are."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    run: Path
    logs: Path
    port: int | None = None

    @property
    def log_file(self) -> Path:
        """Where the service writes."""
        return self.logs / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Where its process is written down."""
        return self.run / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Return the process that leads the service while it runs, else None."""
        written = self._written()
        return written[0] if written and _is_same(*written) else None

    @property
    def started(self) -> float:
        """Return when it was started, in seconds since 1970; 0 when it never was."""
        written = self._written()
        return written[1] if written else 0.0

    def start(self) -> None:
        """Start the service if it does not run; what an earlier one left behind is stopped first.

        :raises Terminal: ``E-LOC-103`` when its program is missing.
        """
        if self.pid is not None:
            return
        stop([self])
        for folder in (self.run, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            try:
                process = subprocess.Popen(  # noqa: S603
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(self.environment),
                    cwd=self.run,
                    start_new_session=True,
                )
            except OSError as error:
                raise refuse(
                    "E-LOC-103",
                    f"a program that runs for {self.name}",
                    error.strerror or "none",
                    "run `make setup`",
                    file=Path(self.command[0]),
                ) from error
        # It outlives this process on purpose: Popen must not complain about it, nor wait.
        process.returncode = 0
        with suppress(psutil.Error):
            document = json.dumps({"pid": process.pid, "started": psutil.Process(process.pid).create_time()})
            temporary = self.pid_file.with_suffix(".new")
            temporary.write_text(document)
            temporary.replace(self.pid_file)

    def require_alive(self) -> None:
        """Complain if the service ended.

        :raises Terminal: ``E-LOC-102`` naming its log.
        """
        if self.pid is None:
            raise refuse(
                "E-LOC-102",
                f"{self.name} to run",
                "that it ended",
                "read the last lines of its log",
                file=self.log_file,
            )

    def members(self) -> list[psutil.Process]:
        """Return every living process of the service's session, the leader's children included."""
        written = self._written()
        if written is None:
            return []
        pid, _ = written
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # reap it if this process started it
        if psutil.pid_exists(pid) and not _is_same(*written) and not _is_dead(pid):
            return []  # the number went to a stranger, which it does only when the session is gone
        return [
            process for process in psutil.process_iter() if _session(process.pid) == pid and not _is_dead(process.pid)
        ]

    def _written(self) -> tuple[int, float] | None:
        try:
            document = json.loads(self.pid_file.read_text())
            return int(document["pid"]), float(document["started"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def stop(services: Iterable[Service], grace: float = _GRACE) -> None:
    """Stop services with all their processes: asked first, killed after ``grace`` seconds."""
    services = list(services)
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while living := [process for service in services for process in service.members()]:
        late = time.monotonic() > deadline
        for process in living:
            if late or process.pid not in asked:
                asked.add(process.pid)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(_PAUSE)
    for service in services:
        service.pid_file.unlink(missing_ok=True)


def _is_same(pid: int, started: float) -> bool:
    """Tell whether a pid is still the process it was: numbers are used again."""
    try:
        # To the second: after a reboot or a change of the clock the boot time may be rounded otherwise.
        return abs(psutil.Process(pid).create_time() - started) < 1 and not _is_dead(pid)
    except psutil.Error:
        return False


def _is_dead(pid: int) -> bool:
    """Tell whether a process has ended; one whose last threads are still ending holds its ports until they have."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.Error:
        return True


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
