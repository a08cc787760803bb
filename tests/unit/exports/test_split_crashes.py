"""SIGKILL at any point of a split, then a run as if nothing had been: the same objects as of one clean run."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

COURSES = ["HarvardX/CS50x/2014_T1", "HarvardX/PH525x/1T2014"]
LOG = "harvardx-prod-events-2014-11-10.log.gz"


def write(folder, events, junk=b"junk\n"):
    folder.mkdir()
    lines = [
        json.dumps({"time": "2014-11-10T12:00:00", "username": f"u{n}", "context": {"course_id": COURSES[n % 2]}})
        for n in range(events)
    ]
    (folder / LOG).write_bytes(gzip.compress("\n".join(lines).encode() + b"\n" + junk, mtime=0))
    return folder / LOG


@pytest.mark.parametrize("replaced", [False, True], ids=["a new day", "a day that is replaced"])
def test_a_split_killed_at_any_step_is_mended_by_the_next_run(tmp_path, replaced):
    source = write(tmp_path / "new", 50)
    before = ["--before", str(write(tmp_path / "old", 20, b"junk\njunk\n"))] if replaced else []
    work = tmp_path / "work"
    work.mkdir()
    command = [
        sys.executable,
        str(Path(__file__).with_name("crash_points.py")),
        str(work),
        str(source),
        *COURSES,
        *before,
    ]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["objects"] == 2 * len(COURSES) + 2  # parts, manifests, quarantine, the day's manifest
    assert told["steps"] > 2 * told["objects"]  # each is made and renamed
