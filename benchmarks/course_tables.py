"""How long the local cloud takes for person_course_day and person_course of one big course, beside DuckDB itself.

The cloud's queries are the project's own, sent by Google's client over HTTP as its tasks send them: 365 day tables in, and
each table poured into an empty one as declared. DuckDB itself has the same rows in tables of its own, all events in one,
and runs what sqlglot alone makes of the same queries. Both get the same number of rows, or this ends with an error.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local import emulators
from edx_warehouse.local.home import CHECKOUT, Home, Ports
from edx_warehouse.local.services import Service, stop
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.day_rows import rows_of_days
from edx_warehouse.tables.days import DaysState, LogDay, batches, outdated, wanted_state
from edx_warehouse.tables.declarations import LOGS, REFERENCE, Table
from edx_warehouse.tables.references import bind

COURSE = CourseKey.parse("HarvardX/CS50x/2014_T1")
PROJECT = "harvardx-data"
FIRST = date(2014, 1, 1)
DATASET = places.latest_dataset(COURSE)
LOG_DATASET = places.logs_dataset(COURSE)
ASKED = ("secondary.person_course_day", "secondary.pc_day_totals", "secondary.person_course")
"""The two tables, and the sums of days that one reads of the other."""
RATIO, SECONDS = 1.3, 23.0
DAY = "secondary.person_course_day"
_LOOKED_UP = "secondary.pc_geoip"  # sqlglot knows no NET functions; without networks it has no rows
TABLES_PER_QUERY = 500  # as operators/day_rows.py


class Cloud:
    """The BigQuery emulator with one course, on a folder and a port of its own."""

    def __init__(self, folder: Path, catalog: Catalog, days: int) -> None:
        self.folder, self.catalog = folder, catalog
        self.days = [FIRST + timedelta(days=number) for number in range(days)]
        self.wanted = catalog.order(_inputs(catalog, "secondary.person_course"))
        self.made = [name for name in self.wanted if catalog[name].sql and name != _LOOKED_UP]
        with ExitStack() as stack:
            listeners = [stack.enter_context(closing(socket.socket())) for _ in range(4)]
            for it in listeners:
                it.bind(("127.0.0.1", 0))
            ports = Ports(*[it.getsockname()[1] for it in listeners])
        self.service: Service = emulators.emulators(os.environ, Home(folder), ports)[1]
        self.file = Home(folder).bigquery / f"{PROJECT}.project"

    @contextmanager
    def serving(self) -> Iterator[Warehouse]:
        """Serve until the block ends."""
        self.service.start()
        try:
            while not emulators.answers(self.service):
                self.service.require_alive()
                time.sleep(0.1)
            options = ClientOptions(api_endpoint=f"http://127.0.0.1:{self.service.port}")
            with closing(bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)) as client:
                yield Warehouse(client, "benchmark")
        finally:
            stop([self.service])

    def create(self, warehouse: Warehouse) -> None:
        """Create all tables without rows."""
        for name in (DATASET, LOG_DATASET, places.REFERENCE_TABLES, "rounds"):
            warehouse.ensure_dataset(name, "Of a benchmark.")
        for day in self.days:
            warehouse.create(self.catalog[LOGS], self.day_table(day))
        for name in self.wanted:
            if name != LOGS:
                warehouse.create(self.catalog[name], self.target(name))

    def day_table(self, day: date) -> str:
        """Return a day table's full name."""
        return f"{PROJECT}.{LOG_DATASET}.{places.day_table(day)}"

    def target(self, name: str) -> str:
        """Return the full name of a table that has one place."""
        layer, table = name.split(".")
        return f"{PROJECT}.{places.REFERENCE_TABLES if layer == REFERENCE else DATASET}.{table}"

    def query(self, table: Table, days: list[date]) -> str:
        """Return a table's query, bound to some day tables as the project's tasks bind it."""
        targets = {name: f"`{self.target(name)}`" for name in table.references if name != LOGS}
        fields = self.catalog[LOGS].fields
        targets[LOGS] = f"({rows_of_days(fields, [(fields, [self.day_table(it) for it in days])])})"
        return bind(table.sql or "", targets)

    def pour(self, warehouse: Warehouse, table: Table, into: str, key: str, parts: Any = None) -> None:
        """Make rows: of all dates, or of the given (dates, day tables)."""
        values = {"course_id": str(COURSE), "until": self.days[-1] + timedelta(days=2)}
        if not table.is_kept_by_date:
            values = {name: values[name] for name in table.parameters}
            warehouse.insert(self.query(table, self.days), values, table.fields, into, key)
            return
        for number, (dates, days) in enumerate(parts or [(self.days, self.days)]):
            values = {"course_id": str(COURSE), "event_dates": dates}
            warehouse.insert_dates(self.query(table, days), values, table, into, f"{key}_part{number}")

    def make(self, warehouse: Warehouse, name: str, turn: int) -> float:
        """Make a table whole beside the served one; return the seconds. The first turn's rows become the served ones."""
        table = self.catalog[name]
        into = f"{PROJECT}.rounds.{table.name}_{turn}"
        if turn:
            warehouse.create(table, into)
        else:
            into = self.target(name)
        begin = time.perf_counter()
        self.pour(warehouse, table, into, f"make_{table.name}_{turn}")
        seconds = time.perf_counter() - begin
        if turn:
            warehouse.drop(into)
        return seconds

    def rows(self, warehouse: Warehouse, name: str) -> int:
        """Return the number of a served table's rows."""
        rows = warehouse.client.query_and_wait(f"SELECT COUNT(*) AS n FROM `{self.target(name)}` AS served")
        return int(next(iter(rows)).n)


class Direct:
    """The process that has DuckDB."""

    def __init__(self, file: Path, threads: int) -> None:
        installed = CHECKOUT / ".local" / "cloud"
        self.process = subprocess.Popen(
            [installed / "bin" / "python", Path(__file__).with_name("course_direct.py"), file, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOME": str(installed / "home")},
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Let it do something; return what it tells."""
        if self.process.stdin is None or self.process.stdout is None:
            raise SystemExit("no pipes")
        print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("course_direct.py ended; its error is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let it end."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def direct(file: Path, threads: int) -> Iterator[Direct]:
    """Run a process with DuckDB until the block ends."""
    with closing(Direct(file, threads)) as process:
        yield process


def filled(folder: Path, catalog: Catalog, *, days: int, events: int, learners: int) -> Cloud:
    """Return a stopped cloud with a course's rows, which are also in ``direct.duckdb`` beside it."""
    cloud = Cloud(folder, catalog, days)
    facts = {"first_day": str(FIRST), "days": days, "events": events, "learners": learners, "course": str(COURSE)}
    if (done := folder / "facts.json").exists() and json.loads(done.read_text()) == facts:
        return cloud
    with cloud.serving() as warehouse:
        cloud.create(warehouse)
    with direct(folder / "direct.duckdb", 2) as duck:
        told = duck.ask("make", project=str(cloud.file), dataset=DATASET, logs=LOG_DATASET, facts=facts)
    if told["events"] != events:
        raise SystemExit(f"{told['events']} events were made instead of {events}")
    done.write_text(json.dumps(facts))
    return cloud


def big_course(folder: Path, catalog: Catalog, events: int, learners: int, rounds: int) -> bool:
    """Measure all tables of a year; tell whether they are as fast as they should be."""
    cloud = filled(folder, catalog, days=365, events=events, learners=learners)
    taken: dict[str, dict[str, list[float]]] = {}
    memory = 0
    with cloud.serving() as warehouse, direct(folder / "direct.duckdb", 2) as duck:
        for turn in range(rounds + 1):  # the first is for the caches of both
            for name in cloud.made:
                table = catalog[name]
                seconds = {"cloud": cloud.make(warehouse, name, turn)}
                memory = max(memory, sum(it.memory_info().rss for it in cloud.service.members()))
                dates = ", ".join(f"DATE '{it}'" for it in cloud.days)
                values = {
                    "event_dates": f"([{dates}])",
                    "course_id": f"'{COURSE}'",
                    "until": f"DATE '{cloud.days[-1] + timedelta(days=2)}'",
                }
                for threads in (1, 2):
                    duck.ask("threads", number=threads)
                    told = duck.ask("run", table=name, sql=table.sql, values=values)
                    seconds[f"DuckDB, {threads}"] = told["seconds"]
                if not turn and (there := cloud.rows(warehouse, name)) != told["rows"]:
                    raise SystemExit(f"{name}: {there} rows in the cloud, {told['rows']} in DuckDB")
                if turn:
                    for who, it in seconds.items():
                        taken.setdefault(name, {}).setdefault(who, []).append(it)
                else:
                    print(f"  {name:40} {told['rows']:>10,} rows", flush=True)
    print(f"\n{events:,} events of {learners:,} learners in 365 days; {rounds} rounds, seconds: least / median / most")
    for name in (*cloud.made, "the two tables", "all of them"):
        of = {"the two tables": ASKED, "all of them": tuple(cloud.made)}.get(name, (name,))
        sums = {who: [sum(it) for it in zip(*(taken[one][who] for one in of), strict=True)] for who in taken[of[0]]}
        ratios = [a / b for a, b in zip(sums["cloud"], sums["DuckDB, 2"], strict=True)]
        print(
            f"  {name:40}"
            + "".join(f" | {who} {_three(it)}" for who, it in sums.items())
            + f" | ratio {_three(ratios)}"
        )
    print(f"  the emulator's memory: {memory / 2**30:.1f} GiB")
    least = statistics.median(ratios_of(taken, ASKED)), statistics.median(sums_of(taken, ASKED, "cloud"))
    is_met = least[0] <= RATIO and least[1] <= SECONDS
    print(
        f"  goal: at most {RATIO} times DuckDB's on 2 threads, and {SECONDS:.0f} s: {'met' if is_met else 'NOT met'}",
        flush=True,
    )
    return is_met


def sums_of(taken: dict[str, dict[str, list[float]]], names: tuple[str, ...], who: str) -> list[float]:
    """Return for each round the seconds of some tables together."""
    return [sum(it) for it in zip(*(taken[name][who] for name in names), strict=True)]


def ratios_of(taken: dict[str, dict[str, list[float]]], names: tuple[str, ...]) -> list[float]:
    """Return for each round how many times as long the cloud took as DuckDB."""
    pairs = zip(sums_of(taken, names, "cloud"), sums_of(taken, names, "DuckDB, 2"), strict=True)
    return [cloud / duck for cloud, duck in pairs]


def one_more_day(folder: Path, catalog: Catalog, history: int, events_a_day: int, rounds: int) -> None:
    """Measure what a day costs that comes after so many days, which are made already."""
    cloud = filled(folder, catalog, days=history + rounds, events=events_a_day * (history + rounds), learners=10_000)
    table, asked = catalog[DAY], [name for name in cloud.made if LOGS in catalog[name].references and name != DAY]
    seconds, sizes = [], []
    # A delivered day has events of its own date, and late ones of the date before.
    log_days = {day: LogDay(str(day), tuple(sorted({max(FIRST, day - timedelta(days=1)), day}))) for day in cloud.days}
    with cloud.serving() as warehouse:
        before = DaysState("", {}, {})
        for turn in range(rounds + 1):
            known = dict(list(log_days.items())[: history + turn])
            wanted = wanted_state("recipe", known, {}, table.look_back)
            dates = outdated(None if not turn else before, wanted)
            parts = list(batches(dates, wanted, TABLES_PER_QUERY))
            if not turn:
                cloud.pour(warehouse, table, cloud.target(DAY), "history", parts)
            else:
                into = f"{PROJECT}.rounds.day_{turn}"
                begin = time.perf_counter()
                warehouse.create(table, into)
                cloud.pour(warehouse, table, into, f"day_{turn}", parts)
                warehouse.replace_dates(table, into, cloud.target(DAY), dates, f"put_{turn}")
                seconds.append(time.perf_counter() - begin)
                read = {day for _, days in parts for day in days}
                sizes.append(
                    (len(dates), len(read), _bytes_read(warehouse, [cloud.day_table(it) for it in sorted(read)]))
                )
            before = wanted
        rows = cloud.rows(warehouse, DAY)
    dates_made, tables_read, size = sizes[-1]
    print(
        f"  {history:>5} days of history | {_three(seconds)} s | {dates_made} dates made, {tables_read} day tables read, "
        f"{size / 1e6:.2f} MB | {rows:,} rows served; not in it: {len(asked)} other tables of the log",
        flush=True,
    )


def _bytes_read(warehouse: Warehouse, tables: list[str]) -> int:
    """Return the bytes of the columns that person_course_day reads, as BigQuery counts them: the emulator tells 0."""
    text = " + ".join(
        f"2 + COALESCE(BYTE_LENGTH({it}), 0)" for it in ("username", "course_id", "event_source", "event_type")
    )
    union = " UNION ALL ".join(f"SELECT * FROM `{it}`" for it in tables)
    rows = warehouse.client.query_and_wait(f"SELECT SUM(8 + {text}) AS n FROM ({union}) AS log_event")
    return int(next(iter(rows)).n)


def _inputs(catalog: Catalog, name: str) -> set[str]:
    return {name}.union(*(_inputs(catalog, it) for it in catalog.inputs(name)))


def _three(values: list[float]) -> str:
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def main() -> None:
    """Measure, print, and end with 1 when the goal is missed at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="of the big course; the goal is for 26900000")
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--history", type=int, nargs="*", default=[10, 100, 1000], help="days before the one that is measured"
    )
    parser.add_argument("--events-a-day", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keeps the files for the next time; empty or from before")
    arguments = parser.parse_args()
    emulators.require_installed()
    catalog = Catalog.read(CHECKOUT / "include")
    with tempfile.TemporaryDirectory() as name:
        is_met, folder = True, arguments.folder or Path(name)
        if arguments.events:
            is_met = big_course(folder / "year", catalog, arguments.events, arguments.learners, arguments.rounds)
        if arguments.history:
            print(
                f"\none more day of person_course_day, {arguments.events_a_day:,} events a day, {arguments.rounds} rounds"
            )
        for history in arguments.history:
            one_more_day(Path(name) / str(history), catalog, history, arguments.events_a_day, arguments.rounds)
    if arguments.events >= 26_900_000 and not is_met:
        sys.exit(1)


if __name__ == "__main__":
    main()
