"""DuckDB beside the local cloud: makes a big course's rows, puts them into the emulator's file, and runs the same queries.

Run by the emulators' own Python, which has DuckDB. Reads one request a line as JSON from its input, and answers each
with a line of JSON.
"""

import json
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb  # type: ignore[import-not-found]
import sqlglot

_ROWS = Path(__file__).with_name("big_course.sql")
_PLAIN = ("user_info_combo", "course_axis", "grade_cutoffs", "studentmodule", "forum", "rolecourse", "roleforum")


class Direct:
    """A DuckDB file of its own, whose schemas are the layers."""

    def __init__(self, file: str, threads: int) -> None:
        self.connection = duckdb.connect(file, config={"TimeZone": "UTC", "threads": threads, "memory_limit": "5GB"})

    def make(self, project: str, dataset: str, logs: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Make the course's rows as tables of this file, and fill with them the emulator's, which are there and empty.

        :param project: the emulator's file; the emulator is stopped.
        """
        run = self.connection.execute
        for name, value in {**facts, "first_day": date.fromisoformat(facts["first_day"])}.items():
            run(f"SET VARIABLE {name} = ?", [value])
        run(f"ATTACH '{project}' AS project")
        run(_ROWS.read_text(encoding="utf-8"))
        for layer in ("logs", "transformed", "secondary"):
            run(f"CREATE SCHEMA {layer}")
        first = date.fromisoformat(facts["first_day"])
        days = [first + timedelta(days=number) for number in range(facts["days"])]
        run(f"CREATE TABLE logs.tracklog AS FROM project.{logs}.tracklog_{first:%Y%m%d}")
        # One transaction for each file: after each of many DuckDB would write the file's end again.
        run("BEGIN")
        for day in days:
            run(f"INSERT INTO logs.tracklog BY NAME FROM rows_of(DATE '{day}')")
        run("COMMIT")
        run("BEGIN")
        for day in days:
            run(f"INSERT INTO project.{logs}.tracklog_{day:%Y%m%d} FROM logs.tracklog WHERE log_date = DATE '{day}'")
        run("COMMIT")
        for name in _PLAIN:
            run(f"INSERT INTO project.{dataset}.{name} BY NAME FROM {name}()")
            run(f"CREATE TABLE transformed.{name} AS FROM project.{dataset}.{name}")
        run(f"CREATE TABLE secondary.pc_geoip AS FROM project.{dataset}.pc_geoip")
        (events,) = run("SELECT count(*) FROM logs.tracklog").fetchone()
        run("DETACH project")
        run("CHECKPOINT")
        return {"events": events}

    def run(self, table: str, sql: str, values: dict[str, str]) -> dict[str, Any]:
        """Make a table by a query in GoogleSQL; return its seconds and rows.

        :param values: each parameter as text of GoogleSQL.
        """
        for name, value in values.items():
            sql = sql.replace(f"@{name}", value)
        text = sqlglot.transpile(sql, read="bigquery", write="duckdb")[0]
        begin = time.perf_counter()
        self.connection.execute(f"CREATE OR REPLACE TABLE {table} AS {text}")
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "rows": self.connection.table(table).count("*").fetchone()[0]}

    def threads(self, number: int) -> dict[str, Any]:
        """Use so many threads from now on."""
        self.connection.execute(f"SET threads = {number}")
        return {}


def main() -> None:
    """Answer requests until the input ends."""
    direct = Direct(sys.argv[1], int(sys.argv[2]))
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(direct, request.pop("do"))(**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
