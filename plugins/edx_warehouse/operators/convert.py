"""Validating and converting one course's weekly export."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Held, Problem
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.convert import VERSION, ConvertedWeek, convert
from edx_warehouse.exports.week_drift import (
    Drift,
    Earlier,
    dated,
    drift_of_files,
    drift_of_rows,
    notes,
    refuse_held,
    released,
)
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.drift import DriftOfWeek, earlier_week, release_of, write_drift
from edx_warehouse.operators.due import CONVERTED, RESTORED, digest_of, sources_digest, week_files, weeks
from edx_warehouse.operators.holds import held_units
from edx_warehouse.operators.roles import CourseOperator
from edx_warehouse.operators.unit import day_of


def week_of(bucket: Bucket, day: date) -> date:
    """Return the weekly export that a run of a day is about: that day's, else the newest of the week it begins."""
    found = [week for week in weeks(bucket) if day <= week < day + timedelta(days=7)]
    return day if day in found or not found else found[-1]


def served_week(bucket: Bucket, course: CourseKey) -> str:
    """Return the date of the week in a course's ``latest/``; empty when there is none."""
    content = bucket.read(places.latest(course) + "MANIFEST.json")
    return str(json.loads(content)["week"]) if content else ""


class ConvertWeekOperator(CourseOperator):
    """Convert a course's files of a week.

    Every header is checked against its contract before anything is written. A week that was restored from a snapshot, and
    whose delivery is not there, is taken as it is.
    """

    def __init__(self, *, contracts: Contracts, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contracts = contracts

    def execute(self, context: Context) -> dict[str, Any]:
        """Convert; return the week."""
        bucket = self.bucket()
        week = week_of(bucket, day_of(context))
        files = week_files(bucket, week, [self.course]).get(self.course, {})
        sources = sources_digest(files.values())
        delivery = digest_of([VERSION, self.contracts.fingerprint, sources])
        prefix = places.week_of_course(self.course, week)
        done = bucket.stat(prefix + CONVERTED)
        with held_units(bucket, places.quarantine_week(self.course, week), sources):
            if not files and not (done and RESTORED in done.metadata):
                raise self._missing(week)
            if files and not (done and done.metadata.get("delivery") == delivery):
                self._convert(bucket, week, files, {"sources": sources, "delivery": delivery})
        return {"week": str(week)}

    def _convert(self, bucket: Bucket, week: date, files: dict[str, Stored], digests: dict[str, str]) -> None:
        prefix = places.week_of_course(self.course, week)
        with tempfile.TemporaryDirectory() as folder:
            paths = {}
            for table, stored in files.items():
                paths[table] = Path(folder, "in", stored.name.rsplit("/", 1)[-1])
                bucket.download(stored, paths[table])
            out = Path(folder, "out")
            converted, drift = self._checked(bucket, week, paths, out, digests["sources"])
            for name in sorted(converted.outputs):
                bucket.put(prefix + name, out / name)
            stale = {it.name for it in bucket.objects(prefix)} - {prefix + name for name in converted.outputs}
            bucket.delete(sorted(name for name in stale if name.startswith((prefix + "raw/", prefix + "transformed/"))))
            write_drift(bucket, drift, digests["sources"])
            bucket.put(prefix + CONVERTED, converted.to_json().encode(), digests)

    def _checked(
        self, bucket: Bucket, week: date, paths: dict[str, Path], out: Path, sources: str
    ) -> tuple[ConvertedWeek, DriftOfWeek]:
        """Convert, and compare with the contracts and the week before; of a held week that is written down at once."""
        earlier = earlier_week(bucket, self.course, week)
        release = release_of(bucket, self.course, week, sources)
        found = drift_of_files(paths, self.course, week, self.contracts, earlier)
        try:
            converted = convert(paths, self.course, week, self.contracts, out)
            found += drift_of_rows(converted, earlier, self.institution.weekly_limits)
            found += notes(converted, found)
            found = released(found) if release else found
            refuse_held(self.course, week, found)
        except Held:
            write_drift(bucket, self._drift(week, found, earlier, release, held=True), sources)
            raise
        return converted, self._drift(week, found, earlier, release, held=False)

    def _drift(
        self,
        week: date,
        found: Iterable[Drift],
        earlier: Earlier | None,
        release: Mapping[str, str] | None,
        *,
        held: bool,
    ) -> DriftOfWeek:
        drift = tuple(dated(found, week, earlier))
        for it in drift:
            self.log.warning("Drift in %s %s: %s (%s)", self.course, week, it, it.policy)
        return DriftOfWeek(self.course, week, held, drift, str(earlier.week) if earlier else "", release)

    def _missing(self, week: date) -> Held:
        return Held(
            Problem(
                code="E-EXP-103",
                unit=f"{self.course} {week}",
                file=places.weekly_manifest(week),
                expected="files of this course in the weekly export",
                found="none",
                done="the week is held; the week before stays served",
                next="ask edX for the course's files; when they are delivered the mirror starts this run again",
            )
        )
