"""How fast a weekly export is converted, beside copying the same file, and how much memory that takes.

Two large files, each with a week around it that is tiny: the learners' states, of which raw CSV and JSON are made, and
the profiles, of which raw CSV and parts of persons' rows are made. How it is measured: measuring.py.
"""

import argparse
import gzip
import json
import random
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import measuring

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import convert
from edx_warehouse.exports.course_week import compile_ahead

ROOT = Path(__file__).resolve().parents[1]
COURSE = CourseKey("HarvardX", "CS50x", "2014_T1")
CONTRACTS = Contracts.read(ROOT / "include")
_DISTINCT = 200
"""Megabytes of rows that differ; a larger file has them again and again."""
WEEK = date(2014, 11, 16)
STRUCTURE = {"i4x://HarvardX/CS50x/course/2014_T1": {"category": "course", "children": []}}


def _state(chance: random.Random) -> tuple[str, str, str]:
    """Return kind of block, state and grade."""
    kind = chance.choices(["problem", "video", "sequential"], [4, 3, 3])[0]
    if kind == "sequential":
        return kind, json.dumps({"position": chance.randint(1, 9)}), "NULL"
    if kind == "video":
        at = f"00:{chance.randrange(60):02}:{chance.randrange(60):02}"
        return kind, json.dumps({"saved_video_position": at, "speed": 1.0, "transcript_language": "en"}), "NULL"
    names = [f"i4x-HarvardX-CS50x-problem-{chance.getrandbits(128):032x}_{k}_1" for k in range(2, chance.randint(3, 5))]
    answers = {
        name: chance.choice(["choice_1", "4.5", 'x = "é"\n\\alpha', "a longer answer in words"]) for name in names
    }
    marks = {
        name: {"correctness": "correct", "npoints": None, "msg": "", "hint": "", "queuestate": None} for name in names
    }
    state = {
        "attempts": chance.randint(1, 9),
        "seed": 1,
        "done": True,
        "student_answers": answers,
        "correct_map": marks,
    }
    return kind, json.dumps(state | {"input_state": {name: {} for name in names}}), f"{chance.randint(0, len(names))}"


def _studentmodule(number: int, chance: random.Random) -> list[str]:
    kind, state, grade = _state(chance)
    created, modified = (f"2014-09-{chance.randint(1, 30):02} 08:{chance.randrange(60):02}:00" for _ in range(2))
    block = f"i4x://HarvardX/CS50x/{kind}/{chance.getrandbits(32):08x}"
    learner = str(number // 100)
    return [
        str(number),
        kind,
        block,
        learner,
        state.replace("\\", "\\\\"),
        grade,
        created,
        modified,
        grade,
        "na",
        str(COURSE),
    ]


def _profiles(number: int, chance: random.Random) -> dict[str, str]:
    words = ["I", "would", "like", "to", "learn", "how", "computers", "think\\nand", 'why\\t"so"']
    return {
        "id": str(number),
        "user_id": str(number * 3),
        "name": f"Learner É{chance.getrandbits(24):x} von {chance.choice(words)}",
        "meta": '{"old_names": []}',
        "gender": chance.choice("mf"),
        "year_of_birth": str(chance.randint(1940, 2005)),
        "level_of_education": chance.choice(["b", "m", "hs"]),
        "goals": " ".join(chance.choices(words, k=12)),
        "allow_certificate": "1",
        "country": chance.choice(["US", "IN", "DE"]),
        "city": chance.choice(["Cambridge", "Łódź", "Delhi"]),
    }


def _lines(table: str, rows: int | None) -> Iterator[str]:
    names = [column.name for column in CONTRACTS.by_name[table].columns]
    chance = random.Random(1)  # noqa: S311 - the same file each time
    yield "\t".join(names) + "\n"
    number = 0
    while rows is None or number < rows:
        number += 1
        if table == "studentmodule":
            yield "\t".join(_studentmodule(number, chance)) + "\n"
        else:
            row = _profiles(number, chance)
            yield "\t".join(row.get(name, "NULL") for name in names) + "\n"


def prepare(table: str, megabytes: int) -> tuple[dict[str, Path], int]:
    """Write the week, or find it where an earlier run wrote it; return its files and the bytes of the large one."""
    folder = ROOT / ".local" / "bench" / f"convert-{table}-{megabytes}"
    names = ["users", "profiles", "enrollment", "course_structure"]
    if table not in names:
        names.append(table)
    files = {name: folder / f"{name}.gz" for name in names}
    facts = folder / "facts.json"
    if not facts.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in names:
            content = (
                json.dumps(STRUCTURE).encode() if name == "course_structure" else "".join(_lines(name, 0)).encode()
            )
            files[name].write_bytes(gzip.compress(content, mtime=0))
        header = next(_lines(table, 0)).encode()
        rows = bytearray()
        for line in islice(_lines(table, None), 1, None):
            rows += line.encode()
            if len(rows) >= min(megabytes, _DISTINCT) * 1_000_000:
                break
        times = max(1, round(megabytes * 1_000_000 / len(rows)))
        size = len(header) + times * len(rows)
        part = gzip.compress(rows, 6, mtime=0)
        with files[table].open("wb") as out:
            out.write(gzip.compress(header, mtime=0))
            for _ in range(times):  # a gzip file may have many members
                out.write(part)
        facts.write_text(json.dumps({"bytes": size}))
    return files, json.loads(facts.read_text())["bytes"]


def _convert(workers: int) -> Callable[[dict[str, Path], str, Path], None]:
    def run(files: dict[str, Path], _: str, out: Path) -> None:
        convert(files, COURSE, WEEK, CONTRACTS, out / "week", workers=workers)

    return run


def _copy(files: dict[str, Path], table: str, out: Path) -> None:
    measuring.copy(files[table], out)


CONTENDERS: dict[str, tuple[int, Callable[[dict[str, Path], str, Path], None]]] = {
    "copy": (1, _copy),
    "convert, 1 core": (1, _convert(1)),
    "convert, 2 cores": (2, _convert(2)),
}


def measure(contender: str, table: str, megabytes: int) -> measuring.Result:
    """Run one contender in this process; return seconds and bytes."""
    cores, work = CONTENDERS[contender]
    files, _ = prepare(table, megabytes)
    compile_ahead()  # loading machine code is a matter of starting, some tenths of a second
    return measuring.measure(cores, lambda out: work(files, table, out), files[table].parent)


def compare(table: str, megabytes: int, rounds: int) -> str:
    """Return a table of the contenders: CPU and wall time in nanoseconds a delivered byte, and speed beside the copy's."""
    _, size = prepare(table, megabytes)
    results = measuring.in_rounds(
        dict.fromkeys(CONTENDERS, rounds),
        lambda name: measuring.in_a_process(__file__, "--only", name, "--tables", table, "--megabytes", megabytes),
    )
    lines = [
        f"{size / 1e6:>6.0f} MB of {table}\n  {'what':<16} {'CPU ns/B min/med/max':>21} {'wall ns/B min/med/max':>21} "
        f"{'MB/s':>6} {'of copy: CPU':>12} {'wall':>5} {'peak MB':>8}"
    ]
    best = {kind: min(it[kind] for it in results["copy"]) for kind in ("cpu", "wall")}
    for name, those in results.items():
        shown = []
        for kind in ("cpu", "wall"):
            times = sorted(it[kind] * 1e9 / size for it in those)
            shown.append("/".join(f"{it:.1f}" for it in (times[0], statistics.median(times), times[-1])))
        least = {kind: min(it[kind] for it in those) for kind in best}
        lines.append(
            f"  {name:<16} {shown[0]:>21} {shown[1]:>21} {size / 1e6 / least['wall']:>6.0f} "
            f"{best['cpu'] / least['cpu']:>12.2f} {best['wall'] / least['wall']:>5.2f} "
            f"{max(it['memory'] for it in those) / 1e6:>8.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Compare and print, or measure one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tables", nargs="+", choices=["studentmodule", "profiles"], default=["studentmodule", "profiles"]
    )
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=CONTENDERS, help="run one contender once, in this process")
    args = parser.parse_args()
    if args.only:
        sys.stdout.write(json.dumps(measure(args.only, args.tables[0], args.megabytes)))
        return
    for table in args.tables:
        sys.stdout.write(f"{compare(table, args.megabytes, args.rounds)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
