"""Converting what comes beside a course's weekly export: its surveys, and who wants e-mail."""

import gzip
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.csv_files import BadRow
from edx_warehouse.exports.json_lines import write_lines
from edx_warehouse.exports.opt_in import OptIn
from edx_warehouse.exports.people import TABLES, People
from edx_warehouse.exports.surveys import Surveys
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.convert import ConvertWeekOperator
from edx_warehouse.operators.due import CONVERTED as WEEK_CONVERTED
from edx_warehouse.operators.due import RESTORED, Beside, digest_of, week_files
from edx_warehouse.operators.holds import HELD

#: Raised whenever the same files give other output.
VERSION = "1"
CONVERTED = "surveys.json"
#: The transformed tables that are made here.
MADE = ("email_opt_in", "survey_questions", "survey_responses")
_BAD_ROWS = "rows.jsonl.gz"


class ConvertSurveysOperator(ConvertWeekOperator):
    """Convert a course's surveys and its opt-in rows, as they are by now, into the week that was converted.

    A file that cannot be taken is held by itself: it is written down in quarantine, and the others are taken. A course
    without surveys has empty tables. Of a week that was restored from a snapshot, and whose delivery is not there, they
    are taken as they are: the opt-in rows were delivered with it.

    :param converted: id of the task that converted the week.
    """

    def __init__(self, *, contracts: Contracts, converted: str, **kwargs: Any) -> None:
        super().__init__(contracts=contracts, **kwargs)
        self.converted = converted

    def execute(self, context: Context) -> dict[str, Any]:
        """Convert unless the same was converted; return the week and how many rows there are."""
        week = date.fromisoformat(context["ti"].xcom_pull(task_ids=self.converted)["week"])
        bucket, prefix = self.bucket(), places.week_of_course(self.course, week)
        beside = Beside(bucket)
        surveys, opt_in = beside.surveys(self.course), beside.opt_in(week)
        people = [it for name in TABLES if (it := bucket.stat(f"{prefix}raw/{name}.csv.gz"))]
        sources = beside.digest(self.course, week)
        delivery = digest_of([VERSION, self.contracts.fingerprint, sources, *(it.sha256 for it in people)])
        done = bucket.stat(prefix + CONVERTED)
        there = {it.name for it in bucket.objects(prefix + "transformed/")}
        # A week that is converted anew loses the files of this task, which its conversion does not know.
        same = done and done.metadata.get("delivery") == delivery and there.issuperset(_outputs(prefix))
        if not (same or (done and self._is_restored(bucket, week))):
            with tempfile.TemporaryDirectory() as folder:
                work = _Work(bucket, Path(folder), {"surveys": sources, "delivery": delivery})
                self._convert_beside(work, prefix, surveys, opt_in, people)
        document = json.loads(bucket.read(prefix + CONVERTED) or b"{}")
        rows = {name.split("/")[1].split(".")[0]: it["rows"] for name, it in document["outputs"].items()}
        return {"week": str(week), **rows}

    def _is_restored(self, bucket: Bucket, week: date) -> bool:
        converted = bucket.stat(places.week_of_course(self.course, week) + WEEK_CONVERTED)
        return converted is not None and RESTORED in converted.metadata and not week_files(bucket, week, [self.course])

    def _convert_beside(
        self, work: "_Work", prefix: str, surveys: Sequence[Stored], opt_in: Sequence[Stored], tables: Sequence[Stored]
    ) -> None:
        files = [(it.name.split("/")[3], work.fetch(it, it.name.split("/")[3])) for it in surveys]
        read = Surveys.read(files, self.course, self.contracts.by_name["survey"])
        said = [work.fetch(it, f"opt_in/{number}") for number, it in enumerate(opt_in)]
        wants = OptIn(said, self.course, self.contracts.by_name["email_opt_in"])
        paths = {it.name.rsplit("/", 1)[1].split(".")[0]: work.fetch(it, "people") for it in tables}
        people = People([*(it.keys for it in read.counted), *wants.keys], paths)
        out = work.folder / "out"
        outputs = {
            "email_opt_in": write_lines(out / "email_opt_in.json.gz", wants.rows(people)),
            "survey_questions": write_lines(out / "survey_questions.json.gz", read.question_rows()),
            "survey_responses": write_lines(out / "survey_responses.json.gz", read.response_rows(people)),
        }
        for name in outputs:
            work.bucket.put(f"{prefix}transformed/{name}.json.gz", out / f"{name}.json.gz")
        drift = sorted([*read.drift, *wants.drift])
        document = {
            "course_id": str(self.course),
            "files": [asdict(it) for it in read.counts()],
            "held": sorted([*read.problems, *wants.problems]),
            "opt_in_of_unknown_people": wants.unknown,
            "outputs": {f"transformed/{name}.json.gz": asdict(it) for name, it in outputs.items()},
            "drift": drift,
        }
        quarantine = places.quarantine_surveys(self.course)
        write_bad_rows(work.bucket, quarantine, [*read.quarantined, *wants.quarantined])
        self._hold(work.bucket, quarantine, read.problems | wants.problems)
        work.bucket.put(prefix + CONVERTED, json.dumps(document, indent=2).encode(), work.digests)
        for line in drift:
            self.log.warning("Drift in the surveys of %s: %s", self.course, line)
        if spoilt := len(read.quarantined) + len(wants.quarantined):
            self.log.warning("%d rows are in quarantine: %s", spoilt, work.bucket.uri(quarantine + _BAD_ROWS))

    def _hold(self, bucket: Bucket, quarantine: str, problems: Mapping[str, Problem]) -> None:
        held = {f"{quarantine}{name}/{HELD}": problem for name, problem in problems.items()}
        for name, problem in held.items():
            self.log.error("%s", problem)
            bucket.put(name, problem.to_json().encode())
        released = [it.name for it in bucket.objects(quarantine) if it.name.endswith(f"/{HELD}")]
        bucket.delete(name for name in released if name not in held)


class _Work:
    """Files on their way through a task's own folder.

    :param digests: metadata of the object that says that all is converted.
    """

    def __init__(self, bucket: Bucket, folder: Path, digests: Mapping[str, str]) -> None:
        self.bucket = bucket
        self.folder = folder
        self.digests = digests

    def fetch(self, stored: Stored, folder: str) -> Path:
        path = self.folder / "in" / folder / stored.name.rsplit("/", 1)[-1]
        self.bucket.download(stored, path)
        return path


def _outputs(prefix: str) -> list[str]:
    return [f"{prefix}transformed/{name}.json.gz" for name in MADE]


def write_bad_rows(bucket: Bucket, quarantine: str, rows: Sequence[BadRow]) -> None:
    """Write rows that cannot be taken as JSON lines, or remove the object when there are none."""
    if rows:
        content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        bucket.put(quarantine + _BAD_ROWS, gzip.compress(content, mtime=0))
    else:
        bucket.delete([quarantine + _BAD_ROWS])
