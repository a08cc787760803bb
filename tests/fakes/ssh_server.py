"""A real OpenSSH server on a free port of 127.0.0.1, for one user with one key; it serves files and no shell."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edx_warehouse.local.home import CHECKOUT
from fakes.ports import unused_ports

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
ForceCommand internal-sftp
MaxStartups 100
"""


@dataclass(frozen=True)
class SshServer:
    """A server that answers."""

    port: int
    folder: Path

    def connection(self, host_key: Path | None = None) -> str:
        """Return the Airflow connection to it, as the environment holds one.

        :param host_key: public key that the server is expected to have.
        """
        kind, key, *_ = (host_key or self.folder / "host.pub").read_text().split()
        extra = {"key_file": str(self.folder / "user"), "host_key": f"{kind} {key}"}
        return json.dumps(
            {
                "conn_type": "sftp",
                "host": "127.0.0.1",
                "port": self.port,
                "login": getpass.getuser(),
                "extra": extra,
            }
        )


def find_sshd() -> str | None:
    """Return the server's path, where ``make test`` finds or brings it too."""
    own = CHECKOUT / ".local/openssh/usr/sbin"
    return shutil.which("sshd", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin", str(own)]))


def key(path: Path) -> Path:
    """Make a key; return its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.with_suffix(".pub")


@contextmanager
def serving(folder: Path, sshd: str) -> Iterator[SshServer]:
    """Serve until the block ends.

    :raises RuntimeError: with what the server said, when it does not start.
    """
    for name in ("host", "user"):
        key(folder / name)
    (port,) = unused_ports(1)
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # which a server of root's wants, and a package's service makes
    libraries = ":".join(map(str, sorted((CHECKOUT / ".local/openssh/usr/lib").glob("*-linux-gnu"))))
    environment = dict(os.environ, LD_LIBRARY_PATH=libraries) if libraries else dict(os.environ)
    with (folder / "log").open("wb") as log:
        command = [sshd, "-D", "-e", "-f", str(folder / "config")]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, port, folder / "log")
        yield SshServer(port, folder)
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"sshd does not answer: {log.read_text(errors='replace')[-2000:]}")
