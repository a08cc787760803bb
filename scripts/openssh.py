"""Bring an OpenSSH server for the tests of sftp:// archives, where this machine has none and Debian's packages are at hand.

Nothing is changed on a machine that has one, or that runs systemd, where installing it would open a port: the tests
that need a server are then skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / ".local" / "openssh"
LIBRARIES = "libwrap0"  # the one that a machine without the server lacks


def find_sshd() -> str | None:
    """Return the server's path, if there is one."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", str(FOLDER / "usr/sbin")])
    return shutil.which("sshd", path=places)


def main() -> int:
    """Bring it if it can be had; return 0 in any case, as all other tests run without it."""
    if find_sshd():
        return 0
    if not shutil.which("apt-get") or Path("/run/systemd/system").exists():
        print("tests: no OpenSSH server here: those of sftp:// are skipped. Install openssh-server to run them")
        return 0
    print("tests: bringing an OpenSSH server for those of sftp://", flush=True)
    bring = install if os.geteuid() == 0 else unpack
    try:
        bring()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"tests: no OpenSSH server could be had: those of sftp:// are skipped ({error})")
    return 0


def install() -> None:
    """Install the package: a server that is started by root needs the user that comes with it."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "openssh-server"]
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=600).returncode:
        subprocess.run(["apt-get", "update", "--quiet"], env=environment, stdout=subprocess.DEVNULL, timeout=600)
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=600, check=True)


def unpack() -> None:
    """Unpack the packages into the checkout, for those who may not install any."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "--quiet", "openssh-server", LIBRARIES], cwd=FOLDER, timeout=600, check=True)
    for package in sorted(FOLDER.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(FOLDER)], timeout=600, check=True)


if __name__ == "__main__":
    sys.exit(main())
