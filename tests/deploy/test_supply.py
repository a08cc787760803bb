"""What is installed is pinned with its hashes, and nothing secret is in the tree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([\w.-]+(?:\[[\w,-]+\])?)==([^ ;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-cloud.txt"])
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    # A package's entry goes on as long as lines are indented.
    entries = re.split(r"^(?=\w)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert PINNED.match(entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "declared"),
    [("requirements.txt", "requirements.in"), ("requirements-dev.txt", "requirements-dev.in")],
)
def test_what_is_declared_is_compiled(name: str, declared: str) -> None:
    compiled = {it[0].lower().split("[")[0] for it in PINNED.findall((ROOT / name).read_text())}
    for line in (ROOT / declared).read_text().splitlines():
        if line and not line.startswith(("-", "#")):
            assert re.split(r"[\[=<>~ ]", line)[0].lower() in compiled, line


def test_hashes_are_required_wherever_packages_are_installed() -> None:
    installs = re.findall(r"pip install (?=[^&\n]*requirements)([^&\n]*)", (ROOT / "Dockerfile").read_text())
    installs += re.findall(r'"sync",(.*?)\]', (ROOT / "scripts/bootstrap.py").read_text(), re.DOTALL)
    assert len(installs) == 4
    assert all("--require-hashes" in it for it in installs)


def test_what_runs_in_containers_is_installed() -> None:
    names = {it[0].split("[")[0] for it in PINNED.findall((ROOT / "requirements.txt").read_text())}
    assert {
        *("apache-airflow-providers-celery", "apache-airflow-providers-fab", "celery", "redis", "statsd"),
        *("psycopg2-binary", "apache-airflow-providers-google"),
    } <= names


def test_no_secret_is_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert not [path for path in files if re.search(r"(^|/)\.env$|\.pem$|\.p12$|_key\.json$|\.tfstate", str(path))]
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{40}"  # a key, not a word about one
        r'|"private_key_id": "[0-9a-f]{40}"'
        r"|AIza[0-9A-Za-z_-]{35}"
        r"|xox[abp]-[0-9A-Za-z-]{20}"
    )
    found = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        if secret.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_the_worker_of_the_pinned_celery_can_be_imported(tmp_path: Path) -> None:
    # Celery 5.7 took away what Airflow's provider imports; no resolver knows of that.
    environment = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CELERY__RESULT_BACKEND": "db+sqlite://"}
    command = [sys.executable, "-c", "import airflow.providers.celery.executors.celery_executor_utils"]
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
