"""The main job: whatever is due, through Airflow, until nothing is left to do."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.places import snapshot, week_of_course
from edx_warehouse.domain.registry import Registry
from edx_warehouse.driver.freshness_command import look
from edx_warehouse.driver.state import Clients, Result
from edx_warehouse.hooks.airflow_api import AirflowApi
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.operators import due
from edx_warehouse.operators.course_days import CourseDays
from edx_warehouse.operators.holds import holds

_ROUNDS = 5
_POLL = 2.0
_LOOK_AFTER = 30.0
_RETRY = "up_for_retry"
_ACTIVE = ("scheduled", "queued", "running", "restarting", _RETRY, "up_for_reschedule")
_NOTE = "edx-warehouse run"


class MainJob:
    """One drive of the main job.

    :param first: earliest day and week to start; None for no bound.
    :param last: latest day and week to start, inclusive.
    :param tell: takes a line of progress.
    :param revive: starts whatever of Airflow does not run; its scheduler has been seen to die.
    """

    def __init__(
        self,
        registry: Registry,
        api: AirflowApi,
        tell: Callable[[str], None],
        revive: Callable[[], None],
        first: date | None = None,
        last: date | None = None,
    ) -> None:
        self.registry = registry
        self.api = api
        self.tell = tell
        self.revive = revive
        self.first = first or date.min
        self.last = last or date.max
        self.clients = Clients(registry)
        slugs = [course.key.slug for course in registry.courses]
        names = [institution.name for institution in registry.institutions]
        taught = sorted({course.institution.name for course in registry.courses})
        # What is made of the courses' tables; each looks itself whether anything is to be done.
        self.last_dags = [[f"windows__{name}" for name in taught] if registry.windows else []]
        self.last_dags.append([f"institution_tables__{name}" for name in taught])
        self.dag_ids = sorted(
            [f"{family}__{slug}" for family in ("course_daily", "course_weekly") for slug in slugs]
            + [f"{family}__{name}" for family in ("hmdc_mirror", "split_logs") for name in names]
            + [f"hmdc_snapshot__{name}" for name in taught]
            + [dag_id for dag_ids in self.last_dags for dag_id in dag_ids]
        )

    def run(self) -> Result:
        """Start what is due, wait, and return what came of it."""
        begun, clock = datetime.now(UTC), time.monotonic()
        before = self.clients.look()
        self._wait_for_dags()
        self._clear_failed()
        for _ in range(_ROUNDS):
            mirrored = self._mirror()
            self._start_loads()
            self._wait_until_quiet()
            if not mirrored or not self._still_due():
                break
        self._build_last()
        after = self.clients.look()
        made = sorted(name for name, digest in after.tables.items() if before.tables.get(name) != digest)
        runs = [run for run in self.api.runs(self.dag_ids) if _time(run["start_date"] or run["run_after"]) >= begun]
        held = self._holds()
        return Result(
            tables=[{"table": name, "rows": self.clients.rows(name)} for name in made],
            objects_written=sum(before.objects.get(name) != it for name, it in after.objects.items()),
            bigquery_jobs=self.clients.jobs_since(begun),
            runs=len(runs),
            held=[problem for problem, _ in held],
            failed=self._failures({unit for _, units in held for unit in units}, begun),
            freshness=look(self.clients, datetime.now(UTC)),
            seconds=round(time.monotonic() - clock, 1),
        )

    def _wait_for_dags(self) -> None:
        deadline = time.monotonic() + 180
        while missing := set(self.dag_ids) - {dag["dag_id"] for dag in self.api.dags()}:
            errors = self.api.import_errors()
            if errors or time.monotonic() > deadline:
                found = errors[0]["stack_trace"].strip().splitlines()[-1] if errors else f"no {sorted(missing)[0]}"
                raise Terminal(
                    Problem(
                        code="E-RUN-102",
                        unit="Airflow",
                        file=errors[0]["filename"] if errors else None,
                        expected=f"{len(self.dag_ids)} Dags",
                        found=found,
                        done="nothing was started",
                        next="mend what the import error says, or restart Airflow with this registry",
                    )
                )
            self.tell(f"Airflow is reading the Dags: {len(missing)} of {len(self.dag_ids)} to come")
            time.sleep(_POLL)

    def _clear_failed(self) -> None:
        """Let runs that failed for passing reasons take place again; those that are held wait for new input."""
        held = {unit for _, units in self._holds() for unit in units}
        for run in self.api.runs(self.dag_ids, states=["failed"]):
            unit = (run["dag_id"], (run["logical_date"] or "")[:10])
            # Mirror and snapshot runs are of no day: their next run does what this one could not.
            of_a_day = run["logical_date"] and run["dag_id"].startswith(("split", "course"))
            if of_a_day and unit not in held and self._wanted(date.fromisoformat(unit[1])):
                self.tell(f"again: {run['dag_id']} {unit[1]}")
                self.api.clear(run["dag_id"], run["dag_run_id"], _NOTE)

    def _mirror(self) -> bool:
        """Look at the archives and start what is due; tell whether all of them could be looked at."""
        conf = {"from": str(self.first), "to": str(self.last)}
        dag_ids = [f"hmdc_mirror__{institution.name}" for institution in self.registry.institutions]
        begun = {self.api.trigger(dag_id, _NOTE, conf) for dag_id in dag_ids}
        # Not before: an unpaused Dag may begin at once, and no write is to meet its tasks (see AirflowApi).
        self.api.unpause(self.dag_ids)
        self._wait_until_quiet()
        return all(run["state"] == "success" for run in self.api.runs(dag_ids) if run["dag_run_id"] in begun)

    def _start_loads(self) -> None:
        for course in self.registry.courses:
            days = CourseDays(self.clients.bucket(course), self.clients.warehouse(course), course.key)
            for day in days.to_load():
                if self._wanted(day):
                    self.api.start(f"course_daily__{course.key.slug}", midnight(day), _NOTE)

    def _build_last(self) -> None:
        """Let windows, then tables across courses, follow what is there now."""
        for dag_ids in filter(None, self.last_dags):
            for dag_id in dag_ids:
                self.api.trigger(dag_id, _NOTE, {})
            self._wait_until_quiet()

    def _still_due(self) -> bool:
        """Tell whether another round would find something to do; what failed is not tried twice in one drive."""
        failed = {
            (run["dag_id"], (run["logical_date"] or "")[:10]) for run in self.api.runs(self.dag_ids, states=["failed"])
        }
        wanted: list[tuple[str, date]] = []
        for institution in self.registry.institutions:
            bucket, taught = self.clients.buckets[institution.name], self.registry.courses_of(institution)
            courses = [course.key for course in taught]
            days = due.due_days(bucket, courses, {course.key: course.launch for course in taught if course.launch})
            last = institution.last_due("logs")
            wanted += [(f"split_logs__{institution.name}", day) for day in days if day <= last]
            weeks, last = due.due_weeks(bucket, courses), institution.last_due("weekly")
            wanted += [(f"course_weekly__{it.slug}", week) for week, it in weeks if week <= last]
        return any(self._wanted(day) and (dag_id, str(day)) not in failed for dag_id, day in wanted)

    def _wait_until_quiet(self) -> None:
        shown = ""
        begun = looked = time.monotonic()
        while True:
            if time.monotonic() - looked > _LOOK_AFTER:
                looked = time.monotonic()
                if not self.api.healthy():
                    self.tell("Airflow's scheduler does not answer: starting what does not run")
                    self.revive()
            runs = self.api.runs(self.dag_ids, states=["queued", "running"])
            tasks = self.api.tasks(self.dag_ids, [*_ACTIVE, "deferred"])
            waiting = {(it["dag_id"], it["dag_run_id"]) for it in tasks if it["state"] == "deferred"}
            active = [it for it in tasks if it["state"] in _ACTIVE]
            busy = [run for run in runs if (run["dag_id"], run["dag_run_id"]) not in waiting]
            if not active and not busy and not self._snapshots_to_come():
                return
            line = self._progress(busy, active)
            if line != shown:
                self.tell(f"[{time.monotonic() - begun:4.0f} s] {line}")
                shown = line
            time.sleep(_POLL)

    def _progress(self, busy: list[dict[str, Any]], active: list[dict[str, Any]]) -> str:
        states = Counter(run["state"] for run in self.api.runs(self.dag_ids))
        names = Counter(f"{it['task_id']} ({it['dag_id'].split('__')[0]})" for it in active if it["state"] == "running")
        names.update(
            f"{it['task_id']} ({it['dag_id'].split('__')[0]}) retrying" for it in active if it["state"] == _RETRY
        )
        doing = ", ".join(f"{count} {name}" for name, count in sorted(names.items())) or "waiting for the scheduler"
        total = sum(states.values())
        return f"{states['success'] + states['failed']} of {total} runs done, {len(busy)} to go: {doing}"

    def _snapshots_to_come(self) -> bool:
        """Tell whether a finished week has an archive run on its way: Airflow makes it from the asset event."""
        for institution in self.registry.institutions:
            runs = (
                self.api.runs([f"hmdc_snapshot__{institution.name}"]) if self.registry.courses_of(institution) else []
            )
            if any(run["state"] == "failed" for run in runs[-1:]):
                continue
            archive, bucket = Archive(institution.archive), self.clients.buckets[institution.name]
            for course in self.registry.courses_of(institution):
                for week in due.weeks(bucket):
                    sealed = bucket.stat(week_of_course(course.key, week) + "MANIFEST.json")
                    if sealed and not archive.fs.exists(archive.path(snapshot(week, course.key))):
                        return True
        return False

    def _holds(self) -> list[tuple[dict[str, Any], list[tuple[str, str]]]]:
        """Return each hold's problem, and the Dag and day it is about."""
        found: list[tuple[dict[str, Any], list[tuple[str, str]]]] = []
        for institution in self.registry.institutions:
            for name, problem in holds(self.clients.buckets[institution.name]):
                _, kind, day, *rest = name.split("/")
                if kind in ("surveys", "reference"):  # of no run: what else the run is about goes on
                    found.append(({"institution": institution.name, **problem}, []))
                    continue
                dag_id = f"split_logs__{institution.name}" if kind == "logs" else f"course_weekly__{rest[0]}"
                found.append(({"institution": institution.name, **problem}, [(dag_id, day)]))
        return found

    def _failures(self, held: Iterable[tuple[str, str]], begun: datetime) -> list[dict[str, Any]]:
        """Describe the runs that failed; those of no day only when they were of this drive."""
        found = []
        for run in self.api.runs(self.dag_ids, states=["failed"]):
            day = (run["logical_date"] or run["run_after"])[:10]
            old = not run["logical_date"] and _time(run["run_after"]) < begun
            if (run["dag_id"], day) not in set(held) and not old:
                tasks = self.api.task_instances(run["dag_id"], run["dag_run_id"])
                failed = sorted(it["task_id"] for it in tasks if it["state"] == "failed")
                found.append({"dag_id": run["dag_id"], "run_id": run["dag_run_id"], "day": day, "tasks": failed})
        return found

    def _wanted(self, day: date) -> bool:
        return self.first <= day <= self.last


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
