"""Kill a split at each step it takes in the file system, run it again, and say whether the outcome is that of one run.

Run as a program: ``crash_points.py FOLDER SOURCE COURSE… [--before SOURCE]``. Prints one JSON object. A step is an audit
event of Python that changes files: opening one for writing, renaming, removing, making a folder.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
from datetime import date
from pathlib import Path

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.tracking_log import split

STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")
DAY = date(2014, 11, 10)


def tree(out):
    return {
        str(it.relative_to(out)): hashlib.sha256(it.read_bytes()).hexdigest() for it in out.rglob("*") if it.is_file()
    }


def whole(out):
    """Whether all that the day's manifest names is there as it says, when there is a manifest."""
    path = out / f"hmdc/splits/{DAY}.manifest.json"
    if not path.exists():
        return True
    manifest, there = json.loads(path.read_bytes()), tree(out)
    parts = {
        f"{CourseKey.parse(it['course_id']).slug}/logs/tracklog-{DAY}.json.gz": it["sha256"]
        for it in manifest["courses"]
    }
    return all(there.get(name) == digest for name, digest in parts.items())


def in_a_child(work, kill_at=None):
    """Run ``work`` in a child; return how many steps it took, or None when it was killed."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        steps = 0

        def hook(event, args):
            nonlocal steps
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if event in STEPS or writes:
                steps += 1
                if steps == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
            os.write(write, str(steps).encode())
        finally:
            os._exit(0)
    os.close(write)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 100)
    os.close(read)
    return int(told) if os.WIFEXITED(status) and told else None


def enumerate_crashes(folder, source, courses, before):
    def prepare(name):
        out = folder / name
        if before:
            shutil.copytree(folder / "before", out)
        return out

    def run(out):
        split([source], courses, out, day=DAY, workers=1)

    if before:
        split([before], courses, folder / "before", day=DAY, workers=1)
    clean = prepare("clean")
    steps = in_a_child(lambda: run(clean))
    wanted = tree(clean)
    wrong = []
    for step in range(1, steps + 1):
        out = prepare(f"crash-{step}")
        if in_a_child(lambda out=out: run(out), step) is not None:
            wrong.append(f"step {step} did not kill")
        if not whole(out):
            wrong.append(f"step {step} left a manifest of what is not there")
        if step % 3 == 0:  # once more, somewhere else
            in_a_child(lambda out=out: run(out), steps - step + 1)
            if not whole(out):
                wrong.append(f"steps {step} and {steps - step + 1} left a manifest of what is not there")
        if in_a_child(lambda out=out: run(out)) is None or tree(out) != wanted:
            wrong.append(f"step {step} did not mend")
        if [it.name for it in folder.glob(f".crash-{step}.*") if not it.name.endswith(".lock")]:
            wrong.append(f"step {step} left something behind")
        shutil.rmtree(out)
    return {"steps": steps, "objects": len(wanted), "wrong": wrong}


def main():
    folder, source, *rest = sys.argv[1:]
    before = Path(rest.pop()) if "--before" in rest else None
    courses = [CourseKey.parse(it) for it in rest if it != "--before"]
    # Machine code is loaded before the children come to be.
    split([Path(source)], courses, Path(folder, "warm"), day=DAY, workers=1)
    print(json.dumps(enumerate_crashes(Path(folder), Path(source), courses, before)))  # noqa: T201


if __name__ == "__main__":
    main()
