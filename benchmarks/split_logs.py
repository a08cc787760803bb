"""How fast a day's logs are split, beside four yardsticks of the same run, and how much memory that takes.

How it is measured: measuring.py.
"""

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import measuring
import msgspec
from isal import isal_zlib

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Registry
from edx_warehouse.exports import split_day  # noqa: F401 - imported before the clock runs
from edx_warehouse.exports.line_scanner import compile_ahead
from edx_warehouse.exports.tracking_log import split
from edx_warehouse.sample.world import write_world

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2014, 11, 10)
NAME = f"bench-prod-events-{DAY}.log.gz"


@dataclass(frozen=True)
class Day:
    """A day's log in one file, and the courses whose events are in it."""

    path: Path
    courses: tuple[CourseKey, ...]
    lines: int
    bytes: int


def prepare(events: int, courses: int) -> Day:
    """Write the day, or find it where an earlier run wrote it: of all institutions, compressed as edX does."""
    folder = ROOT / ".local" / "bench" / f"{events}-{courses}"
    facts = folder / "facts.json"
    if not facts.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            world = Path(scratch, "world")
            write_world(
                world, seed=1, courses=courses, learners=max(300, events // 25), weeks=1, days=1,
                events_per_day=events, poison=False, first_day=DAY,
            )  # fmt: skip
            lines = size = 0
            with gzip.open(folder / NAME, "wb", 6) as out:
                for source in sorted(world.glob("archive/*/incoming/logs/*.log.gz")):
                    with gzip.open(source) as log:
                        for line in log:
                            lines += 1
                            size += len(line)
                            out.write(line)
            shutil.copy(world / "registry.yaml", folder / "registry.yaml")
        facts.write_text(json.dumps({"lines": lines, "bytes": size}))
    known = json.loads(facts.read_text())
    registry = Registry.read(folder / "registry.yaml")
    return Day(folder / NAME, tuple(it.key for it in registry.courses), known["lines"], known["bytes"])


def copy(day: Day, out: Path) -> None:
    """Decompress and compress again with the fastest codec."""
    measuring.copy(day.path, out)


class _Context(msgspec.Struct):
    course_id: str | None = None
    user_id: int | str | None = None
    org_id: str | None = None
    path: str | None = None


class _Payload(msgspec.Struct):
    id: str | None = None
    code: str | None = None
    course_id: str | None = None
    user_id: int | str | None = None
    mode: str | None = None
    problem_id: str | None = None
    attempts: int | None = None
    success: str | None = None
    grade: float | None = None
    max_grade: float | None = None
    currentTime: float | None = None  # noqa: N815
    current_time: float | None = None
    old_time: float | None = None
    new_time: float | None = None


class _Event(msgspec.Struct):
    time: str | None = None
    event_type: str | None = None
    username: str | None = None
    ip: str | None = None
    event_source: str | None = None
    agent: str | None = None
    page: str | None = None
    host: str | None = None
    session: str | None = None
    name: str | None = None
    referer: str | None = None
    accept_language: str | None = None
    context: _Context | None = None
    event: _Payload | str | list[object] | None = None


def floor(day: Day, out: Path) -> None:
    """Do the same, and parse each line once into typed structs."""
    decode = msgspec.json.Decoder(_Event).decode
    stream = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    rest = b""
    with (out / "floor.gz").open("wb") as file:
        for piece in measuring.pieces(day.path):
            file.write(stream.compress(piece))
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            for line in lines:
                try:
                    decode(line)
                except msgspec.DecodeError:
                    continue
        file.write(stream.flush())


_TEXTS = ("event_type", "username", "ip", "event_source", "agent", "page", "host", "session", "name", "referer",
          "accept_language")  # fmt: skip
_CONTEXT = ("course_id", "org_id", "path", "user_id")
_STRUCT = ("course_id", "user_id", *_Payload.__struct_fields__, "type", "module_id", "usage_key", "query", "target_url",
           "old", "new", "speed", "old_speed", "new_speed", "duration", "GET", "POST")  # fmt: skip


def plain(day: Day, out: Path) -> None:
    """Make such rows with the standard library: json, gzip level 6, a file a course, nothing checked or counted."""
    known = {str(it): it for it in day.courses} | {it.opaque: it for it in day.courses}
    files: dict[CourseKey, gzip.GzipFile] = {}
    with gzip.open(day.path) as log:
        for number, line in enumerate(log, 1):
            try:
                event = json.loads(line)
                context = event["context"]
                course = known.get(context["course_id"])
                time = datetime.fromisoformat(event["time"]).astimezone(UTC)
                payload = event.get("event")
                if isinstance(payload, str) and payload.startswith("{"):
                    payload = json.loads(payload)
            except (ValueError, LookupError, TypeError):
                continue
            if course is None:
                continue
            row = {name: event[name] for name in _TEXTS if event.get(name) is not None}
            row |= {name: context[name] for name in _CONTEXT if context.get(name) is not None}
            row |= {"time": time.isoformat(), "course_id": str(course), "source_file": NAME, "source_line": number}
            row["context"] = json.dumps({name: it for name, it in context.items() if name not in _CONTEXT})
            row["event"] = json.dumps(payload)
            if isinstance(payload, dict):
                row["event_struct"] = {name: payload[name] for name in _STRUCT if payload.get(name) is not None}
            file = files.get(course)
            if file is None:
                file = files[course] = gzip.GzipFile(out / f"{course.slug}.gz", "wb", 6)
            file.write(json.dumps(row).encode() + b"\n")
    for file in files.values():
        file.close()


def pipe(day: Day, out: Path) -> None:
    """Let two programs copy it: ``zcat | gzip -6``."""
    subprocess.run(["sh", "-c", 'zcat "$1" | gzip -6 > "$2"', "sh", str(day.path), str(out / "pipe.gz")], check=True)


def _split(workers: int) -> Callable[[Day, Path], None]:
    def run(day: Day, out: Path) -> None:
        split([day.path], day.courses, out / "tree", day=DAY, workers=workers)

    return run


CONTENDERS: dict[str, tuple[int, Callable[[Day, Path], None]]] = {
    "copy": (1, copy),
    "floor": (1, floor),
    "split, 1 core": (1, _split(1)),
    "split, 2 cores": (2, _split(2)),
    "zcat | gzip -6": (2, pipe),
    "plain": (1, plain),
}


def measure(contender: str, day: Day) -> measuring.Result:
    """Run one contender in this process; return seconds and bytes."""
    cores, work = CONTENDERS[contender]
    compile_ahead()  # loading machine code is a matter of starting, some tenths of a second
    return measuring.measure(cores, lambda out: work(day, out), day.path.parent)


def compare(events: int, courses: int, rounds: int, slow_rounds: int) -> list[dict[str, object]]:
    """Return a row a contender: microseconds an event (minimum, median, maximum), events and bytes a second, memory."""
    day = prepare(events, courses)
    results = measuring.in_rounds(
        {name: slow_rounds if name in ("plain", "zcat | gzip -6") else rounds for name in CONTENDERS},
        lambda name: measuring.in_a_process(__file__, "--only", name, "--events", events, "--courses", courses),
    )
    base = min(it["cpu"] for it in results["floor"])
    rows = []
    for name, those in results.items():
        cpu = sorted(it["cpu"] * 1e6 / day.lines for it in those)
        wall = sorted(it["wall"] * 1e6 / day.lines for it in those)
        rows.append(
            {
                "events": day.lines,
                "courses": courses,
                "what": name,
                "rounds": len(those),
                "cpu_us": (cpu[0], statistics.median(cpu), cpu[-1]),
                "wall_us": (wall[0], statistics.median(wall), wall[-1]),
                "to_floor": min(it["cpu"] for it in those) / base,
                "events_s": 1e6 / wall[0],
                "mb_s": day.bytes / 1e6 / min(it["wall"] for it in those),
                "memory": max(it["memory"] for it in those),
            }
        )
    return rows


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as text; times are CPU and wall time in microseconds an event."""
    lines = [
        f"{'events':>9} {'courses':>7}  {'what':<15} {'CPU min/med/max':>20} {'wall min/med/max':>20} "
        f"{'/floor':>6} {'events/s':>9} {'MB/s':>6} {'peak MB':>7}"
    ]
    for row in rows:
        cpu, wall = ("/".join(f"{it:.1f}" for it in row[name]) for name in ("cpu_us", "wall_us"))  # type: ignore[attr-defined]
        lines.append(
            f"{row['events']:>9,} {row['courses']:>7}  {row['what']:<15} {cpu:>20} {wall:>20} {row['to_floor']:>6.2f} "
            f"{row['events_s']:>9,.0f} {row['mb_s']:>6.0f} {row['memory'] / 1e6:>7.0f}"  # type: ignore[operator]
        )
    return "\n".join(lines)


def verdict(rows: list[dict[str, object]]) -> str:
    """Return the ratios that are the goal, for one size."""
    best = {str(row["what"]): row for row in rows}

    def least(name: str, kind: str) -> float:
        return float(best[name][kind][0])  # type: ignore[index]

    one = least("split, 1 core", "wall_us")
    return (
        f"  one core: {least('split, 1 core', 'cpu_us') / least('floor', 'cpu_us'):.2f} times the floor (goal 2.0), "
        f"{least('plain', 'wall_us') / one:.1f} times as fast as plain (goal 6); "
        f"two cores: {one / least('split, 2 cores', 'wall_us'):.2f} times one (goal 1.6), "
        f"{least('split, 2 cores', 'wall_us') / least('zcat | gzip -6', 'wall_us'):.2f} of zcat | gzip -6 (goal 0.5)"
    )


def main() -> None:
    """Compare, print the table and write it, with the chart, to ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--courses", type=int, nargs="+", default=[68, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=2, help="of plain and zcat | gzip (default: %(default)s)")
    parser.add_argument("--only", choices=CONTENDERS, help="run one contender once, in this process")
    parser.add_argument("--chart", type=Path, help="SVG to draw")
    args = parser.parse_args()
    if args.only:
        sys.stdout.write(json.dumps(measure(args.only, prepare(args.events[0], args.courses[0]))))
        return
    rows: list[dict[str, object]] = []
    for courses in args.courses:
        for events in args.events:
            some = compare(events, courses, args.rounds, args.slow_rounds)
            sys.stdout.write(f"{table(some)}\n{verdict(some)}\n\n")
            sys.stdout.flush()
            rows += some
    if args.chart:
        args.chart.write_text(chart(rows), encoding="utf-8")


def chart(rows: list[dict[str, object]]) -> str:
    """Return bars of the largest day with the fewest courses as SVG: microseconds of wall time an event."""
    fewest = min(int(str(row["courses"])) for row in rows)
    most = max(int(str(row["events"])) for row in rows if row["courses"] == fewest)
    those = [row for row in rows if row["courses"] == fewest and row["events"] == most]
    longest = max(float(row["wall_us"][0]) for row in those)  # type: ignore[index]
    width, step = 720, 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{step * len(those) + 50}" '
        'font-family="sans-serif" font-size="14">',
        "<style>text{fill:#1f2937}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}}</style>",
        f'<text x="8" y="22">Wall time per event, {most:,} events, {fewest} courses (less is better)</text>',
    ]
    for number, row in enumerate(sorted(those, key=lambda it: it["wall_us"])):  # type: ignore[arg-type, return-value]
        least = float(row["wall_us"][0])  # type: ignore[index]
        y = 40 + step * number
        ours = str(row["what"]).startswith("split")
        parts.append(f'<text x="130" y="{y + 18}" text-anchor="end">{row["what"]}</text>')
        parts.append(
            f'<rect x="140" y="{y}" width="{max(2, 480 * least / longest):.0f}" height="24" rx="3" '
            f'fill="{"#0f766e" if ours else "#9ca3af"}"/>'
        )
        parts.append(f'<text x="{148 + 480 * least / longest:.0f}" y="{y + 18}">{least:.1f} µs</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
