"""Install everything the project needs into the checkout: ``.venv`` and ``.local/``.

Runs on any Python from 3.9 with the standard library alone. It brings ``uv``, finds or fetches Python 3.13, builds
``.venv`` (Airflow and this package) and ``.local/cloud`` (the emulators), and does nothing when both are up to date.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import platform
import shutil
import ssl
import stat
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
CLOUD = LOCAL / "cloud"
WANTED = (3, 13)
UV_VERSION = "0.13.9"
UV_OLDEST = (0, 8)
EXTENSIONS = ("ducklake", "spatial", "httpfs", "icu", "json")
# A Python that was built without one of these runs, but Airflow does not run on it.
PROBE = "import bz2, ctypes, lzma, sqlite3, ssl, sys, zlib; print(*sys.version_info[:3], sys.executable, sep='\\n')"
IMPORT_EXTENSIONS = """
import sys
from duckdb_extensions import import_extension
for name in sys.argv[1:]:
    import_extension(name, force_install=True)
"""


class SetupError(Exception):
    """Something is missing on this machine; the message says what, and how to mend it."""


def main() -> int:
    """Install what is missing; return the exit code."""
    try:
        set_up()
    except SetupError as error:
        print(f"\nsetup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = error.filename or ROOT
        print(
            f"\nsetup: {place}: {error.strerror or error}. Mend that, then run the same command again.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted. Run the same command again: it goes on where it was.", file=sys.stderr)
        return 130
    return 0


def set_up() -> None:
    """Build both environments, unless their stamps say that they are up to date.

    :raises SetupError: naming what is missing.
    """
    if is_current(VENV, venv_inputs()) and is_current(CLOUD, cloud_inputs()):
        return
    LOCAL.mkdir(exist_ok=True)
    with locked(LOCAL / "setup.lock"):
        if not is_current(VENV, venv_inputs()):
            build_venv(uv := find_uv(), find_python(uv))
        if not is_current(CLOUD, cloud_inputs()):
            build_cloud(uv := find_uv(), find_python(uv))
    say("ready")


def venv_inputs() -> list[Path]:
    """Return the files that decide what is in ``.venv``."""
    return [ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml")]


def cloud_inputs() -> list[Path]:
    """Return the files that decide what is in ``.local/cloud``."""
    return [ROOT / "requirements-cloud.txt"]


def is_current(environment: Path, inputs: list[Path]) -> bool:
    """Tell whether an environment was built from these inputs, at this place, and its Python is still there."""
    try:
        stamp = (environment / "setup.stamp").read_text()
    except OSError:
        return False
    return stamp == fingerprint(inputs) and (environment / "bin" / "python").exists()


def fingerprint(inputs: list[Path]) -> str:
    """Return a digest of the inputs, this script, the Python wanted and the checkout's place."""
    # Scripts in an environment hold absolute paths: a checkout that was moved is built again.
    digest = hashlib.sha256(repr((WANTED, str(ROOT), platform.machine())).encode())
    for path in [*inputs, Path(__file__)]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build_venv(uv: str, python: str) -> None:
    """Build ``.venv``: what Airflow needs, what the tests need, and this package as a link to the checkout."""
    make_environment(uv, python, VENV)
    target = ["--python", str(VENV / "bin" / "python")]
    say("installing Airflow and the tools into .venv (minutes the first time)")
    run(
        [
            uv,
            "pip",
            "sync",
            "--require-hashes",
            "--compile-bytecode",
            *target,
            "requirements.txt",
            "requirements-dev.txt",
        ],
        "the packages of requirements.txt could not be installed",
        "Check the network and the package index (UV_DEFAULT_INDEX or PIP_INDEX_URL name another one)",
    )
    run(
        [uv, "pip", "install", "--no-deps", *target, "--editable", "."],
        "the checkout could not be linked into .venv",
        "Check the network and that the checkout is writable",
    )
    for what, module in (("splitter", "line_scanner"), ("converter", "course_week")):
        say(f"compiling the {what} for this machine")
        run(
            [str(VENV / "bin" / "python"), "-m", f"edx_warehouse.exports.{module}"],
            f"the {what} could not be compiled",
            f"Read what is printed above; the {what} compiles itself at its first use too",
        )
    (VENV / "setup.stamp").write_text(fingerprint(venv_inputs()))


def build_cloud(uv: str, python: str) -> None:
    """Build ``.local/cloud``: the emulators, and DuckDB's extensions, so that nothing is downloaded at run time."""
    make_environment(uv, python, CLOUD)
    interpreter = str(CLOUD / "bin" / "python")
    say("installing the local cloud into .local/cloud")
    run(
        [
            uv,
            "pip",
            "sync",
            "--require-hashes",
            "--compile-bytecode",
            "--python",
            interpreter,
            "requirements-cloud.txt",
        ],
        "the packages of requirements-cloud.txt could not be installed",
        "Check the network and the package index (UV_DEFAULT_INDEX or PIP_INDEX_URL name another one)",
    )
    # DuckDB keeps extensions below HOME; the BigQuery emulator is started with the same one.
    home = CLOUD / "home"
    home.mkdir(exist_ok=True)
    run(
        [interpreter, "-c", IMPORT_EXTENSIONS, *EXTENSIONS],
        "DuckDB's extensions could not be put in place",
        "Remove .local/cloud",
        home=home,
    )
    (CLOUD / "setup.stamp").write_text(fingerprint(cloud_inputs()))


def make_environment(uv: str, python: str, place: Path) -> None:
    """Create a virtual environment, or keep the one that is there when its Python is the wanted one."""
    with contextlib.suppress(FileNotFoundError):
        (place / "setup.stamp").unlink()
    if probe(str(place / "bin" / "python")) is None:
        say(f"creating {place.relative_to(ROOT)}")
        place.parent.mkdir(parents=True, exist_ok=True)
        run(
            [uv, "venv", "--quiet", "--clear", "--python", python, str(place)],
            f"{place} could not be made",
            f"Remove {place}",
        )


def find_python(uv: str) -> str:
    """Return a Python 3.13 that runs, fetching one with ``uv`` as the last resort.

    :raises SetupError: when there is none and none can be fetched.
    """
    for candidate in python_candidates():
        found = probe(candidate)
        if found is not None:
            return found
    say("fetching Python 3.13")
    place = LOCAL / "python"
    run(
        [uv, "python", "install", "--install-dir", str(place), "--no-bin", "3.13"],
        "no Python 3.13 was found on PATH or under pyenv, and none could be fetched",
        "Install Python 3.13 (your system's packages, `pyenv install 3.13`, or python.org)",
    )
    for fetched in sorted(place.glob("cpython-3.13*/bin/python3.13")):
        found = probe(str(fetched))
        if found is not None:
            return found
    raise SetupError(
        "the Python 3.13 that uv fetched does not run here. Install Python 3.13, then run the same command again."
    )


def python_candidates() -> Iterator[str]:
    """Yield where a Python 3.13 may be, best first; it may be missing, refuse to run or be another version."""
    yield sys.executable
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield str(Path(folder or ".") / "python3.13")
    # pyenv's shims refuse versions that are not selected; its own folders do not.
    for root in (os.environ.get("PYENV_ROOT"), "~/.pyenv"):
        if root:
            versions = Path(root).expanduser().glob("versions/3.13.*/bin/python")
            yield from map(str, sorted(versions, key=version_of_folder, reverse=True))


def version_of_folder(path: Path) -> list[int]:
    """Return ``[3, 13, 1]`` for ``…/3.13.1/bin/python``: 3.13.10 comes after 3.13.9."""
    return [int(part) for part in path.parts[-3].split(".") if part.isdigit()]


def probe(python: str) -> str | None:
    """Return the real path of an interpreter that runs, is 3.13 and complete; else None."""
    if not os.access(python, os.X_OK):
        return None
    try:
        answer = subprocess.run(
            [python, "-I", "-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    *version, executable = answer.stdout.splitlines()
    return executable if tuple(map(int, version[:2])) == WANTED else None


def find_uv() -> str:
    """Return a working ``uv``: the one on PATH, the one brought before, or a new one from PyPI.

    :raises SetupError: when PyPI cannot be reached.
    """
    own = LOCAL / "uv" / UV_VERSION
    for candidate in (shutil.which("uv"), str(own / "bin" / "uv")):
        if candidate and uv_version(candidate) >= UV_OLDEST:
            return candidate
    say(f"bringing uv {UV_VERSION} from PyPI")
    reasons = []
    for bring in (uv_by_pip, uv_by_download):
        shutil.rmtree(own, ignore_errors=True)
        try:
            bring(own)
        except (OSError, KeyError, ValueError, subprocess.SubprocessError, zipfile.BadZipFile) as error:
            reasons.append(f"{bring.__name__}: {error}")
            continue
        if uv_version(str(own / "bin" / "uv")) >= UV_OLDEST:
            return str(own / "bin" / "uv")
        reasons.append(f"{bring.__name__}: what came does not run")
    raise SetupError(
        f"uv {UV_VERSION} could not be brought from PyPI ({'; '.join(reasons)}). Check the network, or install uv yourself "
        "(https://docs.astral.sh/uv/) so that it is on PATH. Then run the same command again."
    )


def uv_version(uv: str) -> tuple[int, ...]:
    """Return the version of a ``uv``, or an empty one when it does not run."""
    try:
        answer = subprocess.run(
            [uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True
        )
        return tuple(int(part) for part in answer.stdout.split()[1].split(b".")[:2])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return ()


def uv_by_pip(place: Path) -> None:
    """Bring ``uv`` with this Python's pip, which knows of mirrors and proxies."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(place),
        f"uv=={UV_VERSION}",
    ]
    # A person's own `user = true` cannot go with --target.
    environment = dict(os.environ, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode:
        raise OSError(last_line(answer.stdout))


def uv_by_download(place: Path) -> None:
    """Bring ``uv`` where there is no pip: its wheel from the package index, its SHA-256 checked."""
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page = f"{index.rstrip('/')}/uv/"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        files = [file for file in json.load(answer)["files"] if file["filename"].startswith(f"uv-{UV_VERSION}-")]
    wheel = choose_wheel(files, sys.platform, platform.machine(), platform.libc_ver()[0])
    with urllib.request.urlopen(urllib.parse.urljoin(page, wheel["url"]), timeout=300) as answer:  # noqa: S310
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != wheel["hashes"]["sha256"]:
        raise ValueError(f"{wheel['filename']} came damaged")
    (place / "bin").mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        binary = archive.read(f"uv-{UV_VERSION}.data/scripts/uv")
    target = place / "bin" / "uv"
    target.write_bytes(binary)
    target.chmod(target.stat().st_mode | stat.S_IXUSR)


def choose_wheel(files: list[dict], system: str, machine: str, libc: str) -> dict:  # type: ignore[type-arg]
    """Return the file of a release that runs here.

    :raises ValueError: when the release has none.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine.lower(), machine.lower())
    if system == "darwin":
        words = ["macosx", "arm64" if machine == "aarch64" else machine]
    else:
        words = ["manylinux" if libc == "glibc" else "musllinux", machine]
    for file in files:
        tag = file["filename"].rsplit("-", 1)[-1]
        if file["filename"].endswith(".whl") and all(word in tag for word in words):
            return file
    raise ValueError(f"uv {UV_VERSION} has no wheel for {system} {machine}")


def run(command: list[str], problem: str, mend: str, home: Path | None = None) -> None:
    """Run a command in the checkout, its output shown.

    :raises SetupError: naming the problem and the mend when it fails.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_SYSTEM_PYTHON")
    }
    # Whoever set a mirror or a certificate for pip alone meant it for all package downloads.
    for uv_name, pip_name in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if pip_name in environment:
            environment.setdefault(uv_name, environment[pip_name])
    # uv's own certificates do not know a company's proxy; the system's do, where there are any.
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    if home:
        environment["HOME"] = str(home)
    if not sys.stderr.isatty():
        environment["UV_NO_PROGRESS"] = "1"
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        raise SetupError(f"{problem} (see above). {mend}, then run the same command again.")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock while building, so that two commands at once do not build one environment."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another setup of this checkout")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def say(text: str) -> None:
    """Tell what is being done and how long it has taken."""
    print(f"setup: {time.monotonic() - STARTED:5.1f} s  {text}", flush=True)


STARTED = time.monotonic()

if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.exit("setup: this Python is older than 3.9. Name another one: make PYTHON=/path/to/python3 setup")
    sys.exit(main())
