"""The services of `docker-compose.yaml` as processes of this machine, each on a port and in a folder of its own."""

import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis

from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.local.services import Service
from fakes.ports import unused_ports
from services.compose import ROOT, Compose, env_file

WORKERS = ("worker1", "worker2")
POSTGRES_PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/none"))
_SECRETS = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_ADMIN_PASSWORD",
)
_PATIENCE = 180


def require_installed() -> None:
    for program in (POSTGRES_PROGRAMS / "postgres", "redis-server", "setpriv"):
        if not shutil.which(program):
            pytest.fail(f"there is no {program}: run `make test-services`, or apt-get install postgresql redis-server")


class Containers:
    """All services but the emulators.

    :param folder: where they keep what containers keep in volumes; whoever runs PostgreSQL must be able to pass through it.
    :param registry: the registry that Airflow reads.
    :param storage: port of the storage emulator.
    :param bigquery: port of the BigQuery emulator.
    """

    def __init__(self, folder: Path, registry: Path, storage: int, bigquery: int) -> None:
        self.folder = folder
        names = ("postgres", "redis", "api-server", "health")
        self.ports = dict(zip(names, unused_ports(len(names)), strict=True)) | {
            "storage": storage,
            "bigquery": bigquery,
        }
        self.env = env_file(
            (ROOT / ".env.example").read_text(),
            {name: secrets.token_hex(32) for name in _SECRETS}
            | {
                "AIRFLOW_FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": "google-cloud-platform://?project=harvardx-data&is_anonymous=true",
                "STORAGE_EMULATOR_HOST": "http://storage:9023",
                "BIGQUERY_EMULATOR_HOST": "http://bigquery:9050",
                "EDX_WAREHOUSE_REGISTRY": str(registry),
                "AIRFLOW_BASE_URL": "http://api-server:8080",
                "AIRFLOW_WORKER_CONCURRENCY": "2",
            },
        )
        self.compose = Compose(self.env, self.here)
        self.services = {
            name: self._service(name, name)
            for name in ("postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer")
        } | {name: self._service("worker", name) for name in WORKERS}

    def here(self, text: str) -> str:
        """Turn containers' addresses and folders into this machine's."""
        for name, port in (
            ("postgres", 5432),
            ("redis", 6379),
            ("api-server", 8080),
            ("storage", 9023),
            ("bigquery", 9050),
        ):
            text = re.sub(rf"\b{name}:{port}\b", f"127.0.0.1:{self.ports[name]}", text)
        return (
            text.replace("127.0.0.1:8080", f"127.0.0.1:{self.ports['api-server']}")
            .replace("127.0.0.1:8974", f"127.0.0.1:{self.ports['health']}")
            .replace("dir /data", rf"dir {self.folder}/redis\nbind 127.0.0.1\nport {self.ports['redis']}")
            .replace("redis-cli", f"redis-cli -p {self.ports['redis']}")
            .replace("/opt/edx-warehouse", str(CHECKOUT))
            .replace("/opt/airflow", f"{self.folder}/airflow")
            .replace("/tmp/pools.json", f"{self.folder}/pools.json")  # noqa: S108
        )

    def environment(self, service: str) -> dict[str, str]:
        """Return the variables of a service: those of its container, and what this machine has in place of one."""
        return self.compose.environment(service) | {
            "PATH": os.pathsep.join([str(CHECKOUT / ".venv" / "bin"), str(POSTGRES_PROGRAMS), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(CHECKOUT / "plugins"),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            # A container has a name and all ports to itself.
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports["api-server"]),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        }

    def up(self) -> None:
        """Start all, each when those it depends on are well."""
        for name in ("postgres", "redis"):
            self._own(self.folder / name, name)
        (self.folder / "airflow" / "logs").mkdir(parents=True)
        self._init_postgres()
        self.start("postgres", "redis")
        self._run(
            "createdb",
            self._as(
                "postgres", "createdb", "-h", "127.0.0.1", "-p", str(self.ports["postgres"]), "-U", "airflow", "airflow"
            ),
        )
        for name in ("init", "buckets"):
            self._run(name, self.compose.command(name), name)
        self.start("api-server")
        self.start("scheduler", "dag-processor", "triggerer", *WORKERS)

    def start(self, *names: str) -> None:
        """Start services, and wait until their health checks end well."""
        for name in names:
            self.services[name].start()
        for name in names:
            deadline = time.monotonic() + _PATIENCE
            while not self.is_well(name):
                self.services[name].require_alive()
                if time.monotonic() > deadline:
                    pytest.fail(f"{name} is not well\n{self.services[name].log_file.read_text()[-3000:]}")
                time.sleep(0.5)

    def is_well(self, name: str) -> bool:
        """Tell what the service's own health check says."""
        service = "worker" if name in WORKERS else name
        words = [word.replace("$(hostname)", name) for word in self.compose.health_check(service)]
        if service == "postgres":
            words += ["-h", "127.0.0.1", "-p", str(self.ports["postgres"])]
        environment = self.environment(service)
        return subprocess.run(words, env=environment, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def kill(self, name: str) -> None:
        """End a service's processes at once, as when its container or its machine dies."""
        while members := self.services[name].members():
            for process in members:
                process.kill()
            time.sleep(0.05)

    def tasks(self, name: str) -> int:
        """Count the tasks that a worker has under way."""
        titles = [" ".join(it.cmdline()) for it in self.services[name].members() if it.is_running()]
        return sum("airflow worker -- " in title for title in titles)

    def hand_out_again(self) -> int:
        """Do at once what Redis' client does when the visibility timeout is over; return the messages handed out again."""
        with redis.Redis(port=self.ports["redis"], password=self.env["REDIS_PASSWORD"]) as client:
            waiting = client.hgetall("unacked")
            for tag, content in waiting.items():
                message, _, queue = json.loads(content)
                client.hdel("unacked", tag)
                client.zrem("unacked_index", tag)
                client.lpush(queue, json.dumps(message))
            deadline = time.monotonic() + 60
            while client.hlen("unacked") or client.llen("default"):
                assert time.monotonic() < deadline, "messages are still waiting"
                time.sleep(0.5)
            return len(waiting)

    def _service(self, service: str, name: str) -> Service:
        command = self.compose.command(service) if service != "postgres" else self._postgres()
        if service == "worker":
            command += ("--celery-hostname", f"celery@{name}")
        return Service(
            name=name,
            command=self._as(service, *command),
            environment=self.environment(service),
            run=self.folder / "run",
            logs=self.folder / "logs",
        )

    def _postgres(self) -> tuple[str, ...]:
        data = str(self.folder / "postgres" / "data")
        return (
            *(str(POSTGRES_PROGRAMS / "postgres"), "-D", data, "-k", data, "-p", str(self.ports["postgres"])),
            *("-c", "listen_addresses=127.0.0.1"),
        )

    def _init_postgres(self) -> None:
        password = self.folder / "postgres" / "password"
        password.write_text(self.env["POSTGRES_PASSWORD"])
        data = str(self.folder / "postgres" / "data")
        words = ("initdb", "-D", data, "-U", "airflow", "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8")
        self._run("initdb", self._as("postgres", str(POSTGRES_PROGRAMS / words[0]), *words[1:]))

    def _run(self, name: str, command: Sequence[str], service: str = "postgres") -> None:
        environment = self.environment(service) | {"PGPASSWORD": self.env["POSTGRES_PASSWORD"]}
        done = subprocess.run(
            command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stdout[-2000:]}\n{done.stderr[-3000:]}"

    def _own(self, folder: Path, user: str) -> None:
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(folder, user)

    def _as(self, user: str, *command: str) -> tuple[str, ...]:
        """Return the command as it runs not as root, for those that containers do not run as root and that refuse to."""
        if os.geteuid() or user not in ("postgres", "redis"):
            return command
        it = pwd.getpwnam(user)
        return ("setpriv", f"--reuid={it.pw_uid}", f"--regid={it.pw_gid}", "--clear-groups", *command)
