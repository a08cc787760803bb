"""The launcher of the BigQuery emulator before another version of it."""

import os
import subprocess
import sys
from pathlib import Path

from edx_warehouse.local import bigquery_emulator


def test_another_version_of_the_emulator_is_refused(tmp_path: Path):
    package = tmp_path / "local_bigquery"
    (package / "engine").mkdir(parents=True)
    for folder in (package, package / "engine"):
        (folder / "__init__.py").touch()
    (package / "engine/database.py").write_text("def tables():\n    return []\n")
    (package / "cli.py").write_text("from local_bigquery.engine import database\n\ndef main():\n    print('serving')\n")

    done = subprocess.run(
        [sys.executable, str(bigquery_emulator.__file__)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == ("local_bigquery.engine.database is not that of requirements-cloud.txt; run `make setup`\n")


def test_data_of_an_earlier_version_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "harvardx-data.ducklake").write_bytes(b"tables")

    done = subprocess.run(
        [sys.executable, str(bigquery_emulator.__file__), "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "was written by an earlier version" in done.stderr
    assert [it.name for it in tmp_path.iterdir()] == ["harvardx-data.ducklake"]
