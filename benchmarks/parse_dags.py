"""How long Airflow takes to read the Dags: all of a registry, as the Dag processor does, and one, as each task does.

Each number is of a process that was forked from one which has read modules and declarations, as Airflow's are
(docs/decisions/read-before-forking.md).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DAGS = ROOT / "dags"
TARGETS = {"all 68": 5.0, "all 1000": 60.0, "own 68": 0.1, "own 1000": 0.2}
"""Seconds of CPU that a measurement may take."""


def registry(courses: int) -> str:
    """Return a registry of two institutions with so many courses."""
    lines = ["institutions:"]
    for name in ("HarvardX", "MITx"):
        low = name.lower()
        lines += [f"  {name}:", f"    project: {low}-data", f"    bucket: {low}-data"]
        lines += [f"    archive: file:///srv/hmdc/{low}", f"    log_prefixes: [{low}]"]
    lines.append("courses:")
    for number in range(courses):
        name = ("HarvardX", "MITx")[number % 2]
        lines.append(f"  - {{course_id: {name}/C{number}/2014, institution: {name}, groups: [bench]}}")
    return "\n".join(lines) + "\nwindows:\n  - {name: '2012_2013', start: 2012-09-01, end: 2013-09-01}\n"


def read_all() -> dict[str, float]:
    """Read and serialize all Dags."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    begin, cpu = time.perf_counter(), time.process_time()
    bag = DagBag(str(DAGS))
    parsed = time.process_time() - cpu
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    size = sum(len(json.dumps(DagSerialization.to_dict(dag), sort_keys=True)) for dag in bag.dags.values())
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - begin,
        "parse": parsed,
        "dags": len(bag.dags),
        "tasks": sum(len(dag.tasks) for dag in bag.dags.values()),
        "bytes": size,
    }


def read_one(dag_id: str, file: str) -> dict[str, float]:
    """Read the one Dag of a task that begins."""
    from airflow.dag_processing.dagbag import DagBag

    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    begin, cpu = time.perf_counter(), time.process_time()
    bag = DagBag(str(DAGS / file))
    if list(bag.dags) != [dag_id]:
        raise SystemExit(f"{list(bag.dags)} {bag.import_errors}")
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - begin}


def forked(work: Callable[..., dict[str, float]], *arguments: object) -> dict[str, float]:
    """Let a child that was forked from this process do some work; return what it measured."""
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sending.send(work(*arguments)))
    child.start()
    sending.close()
    try:
        found: dict[str, float] = receiving.recv()
    finally:
        child.join()
    return found


def measure(courses: int, rounds: int, home: Path) -> dict[str, dict[str, float]]:
    """Return the quickest of some rounds of each measurement for so many courses."""
    path = home / f"registry-{courses}.yaml"
    path.write_text(registry(courses))
    os.environ["EDX_WAREHOUSE_REGISTRY"] = str(path)
    one: tuple[Any, ...] = ("course_weekly__HarvardX__C0__2014", "course_weekly.py")

    def quickest(work: Callable[..., dict[str, float]], times: int, *arguments: object) -> dict[str, float]:
        return min((forked(work, *arguments) for _ in range(times)), key=lambda it: it["cpu"])

    return {
        f"own {courses}": quickest(read_one, 3 * rounds, *one),
        f"all {courses}": quickest(read_all, rounds if courses < 500 else 1),
    }


def main() -> None:
    """Print a line for each measurement; exit 1 when one takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, nargs="+", default=[68, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ |= {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "EDX_WAREHOUSE_REGISTRY": str(home / "registry-0.yaml"),
        }
        (home / "registry-0.yaml").write_text(registry(2))
        sys.path.insert(0, str(ROOT / "plugins"))
        sys.argv[1:] = ["scheduler"]  # so that Airflow's settings read what all need, as in a process that forks
        from airflow import plugins_manager, settings

        settings.initialize()
        plugins_manager.ensure_plugins_loaded()
        read_all()  # a forking process has imported this
        slow = []
        for courses in args.courses:
            for name, it in measure(courses, args.rounds, home).items():
                target = TARGETS.get(name)
                more = (
                    f", {it['dags']:.0f} Dags, {it['tasks']:.0f} tasks, {it['bytes'] / 1e6:.1f} MB, of it parsing {it['parse']:.2f} s"
                    if "dags" in it
                    else ""
                )
                print(
                    f"{name:>9} courses: {it['cpu']:.3f} s of CPU, {it['wall']:.3f} s{more}"
                    + (f" (goal {target} s)" if target else ""),
                    flush=True,
                )
                slow += [name] if target and it["cpu"] > target else []
    sys.exit(1 if slow else 0)


if __name__ == "__main__":
    main()
