"""Where the drift of a course's weeks is kept, and what an operator released."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.exports.week_drift import HELD as HOLDS
from edx_warehouse.exports.week_drift import Drift, Earlier
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.holds import HELD

_DRIFT = "drift.json"
_RELEASED = "released.json"
_RELEASABLE = "E-EXP-107"


@dataclass(frozen=True)
class DriftOfWeek:
    """What differs in one week of a course.

    :param held: the week waits for a person.
    :param compared_with: the week it was compared with; empty when it was the first.
    :param release: who took it as it is and why, if somebody did.
    """

    course: CourseKey
    week: date
    held: bool
    drift: tuple[Drift, ...]
    compared_with: str = ""
    release: Mapping[str, str] | None = None


def earlier_week(bucket: Bucket, course: CourseKey, week: date) -> Earlier | None:
    """Return the newest week before this one that was taken, whoever took it."""
    earlier = [it for it in _taken(bucket, course) if it < week]
    if not earlier:
        return None
    prefix = places.week_of_course(course, earlier[-1])
    manifest = json.loads(bucket.read(prefix + CONVERTED) or b'{"files": []}')
    return Earlier.read(earlier[-1], manifest, map(Drift.from_dict, _read(bucket, prefix + _DRIFT)["drift"]))


def write_drift(bucket: Bucket, found: DriftOfWeek, sources: str) -> None:
    """Write what differs: beside the converted week, or in the quarantine when it is held."""
    document = {
        "course_id": str(found.course),
        "week": str(found.week),
        "sources": sources,
        "compared_with": found.compared_with,
        "release": found.release,
        "drift": [it.to_dict() for it in found.drift],
    }
    content = json.dumps(document, indent=1).encode()
    if found.held:
        bucket.put(places.quarantine_week(found.course, found.week) + _DRIFT, content)
    else:
        bucket.put(places.week_of_course(found.course, found.week) + _DRIFT, content)
        bucket.delete([places.quarantine_week(found.course, found.week) + _DRIFT])


def open_drift(bucket: Bucket, course: CourseKey) -> list[DriftOfWeek]:
    """Return what is open of a course, oldest week first: of its newest taken week, and of each that is held."""
    found = [_waiting(bucket, course, it) for it in bucket.match(f"quarantine/weekly/*/{course.slug}/{HELD}")]
    if taken := _taken(bucket, course):
        prefix = places.week_of_course(course, taken[-1])
        found.append(_week(course, taken[-1], False, _read(bucket, prefix + _DRIFT)))
    return sorted(found, key=lambda it: (it.week, it.held))


def release_of(bucket: Bucket, course: CourseKey, week: date, sources: str) -> Mapping[str, str] | None:
    """Return who released exactly this content of a week and why; None when nobody did."""
    found = _read(bucket, places.week_of_course(course, week) + _RELEASED)
    return {key: found[key] for key in ("by", "reason")} if found.get("sources") == sources else None


def release(bucket: Bucket, course: CourseKey, week: date, *, by: str, reason: str) -> Sequence[str]:
    """Let a held week be taken as it is, until its files change; return what is taken thereby.

    :raises Terminal: ``E-EXP-108`` when the week is not held, or is held for what nobody can release.
    """
    place = places.quarantine_week(course, week)
    held, content = bucket.stat(place + HELD), bucket.read(place + HELD)
    code = json.loads(content)["code"] if content else None
    if held is None or code != _RELEASABLE:
        raise _nothing(course, week, code)
    holding = [str(it) for it in _week(course, week, True, _read(bucket, place + _DRIFT)).drift if it.policy == HOLDS]
    document = {
        "course_id": str(course),
        "week": str(week),
        "sources": held.metadata["sources"],
        "by": by,
        "reason": reason,
        "taken": holding,
    }
    bucket.put(places.week_of_course(course, week) + _RELEASED, json.dumps(document, indent=1).encode())
    bucket.delete([place + HELD])  # last: without it the week is due at the next look
    return holding


def _waiting(bucket: Bucket, course: CourseKey, held: Stored) -> DriftOfWeek:
    """Return the drift of a held week; what holds it is in it, whatever it is."""
    week = date.fromisoformat(held.name.split("/")[2])
    document = _read(bucket, places.quarantine_week(course, week) + _DRIFT)
    found = _week(course, week, True, document if document.get("sources") == held.metadata.get("sources") else {})
    if any(it.policy == HOLDS for it in found.drift):
        return found
    problem = json.loads(bucket.read(held.name) or b"{}")
    said = f"{problem.get('code')}: expected {problem.get('expected')}, found {problem.get('found')}"
    holding = Drift(kind="unreadable", file=problem.get("file") or "week", found=said, policy=HOLDS)
    return replace(found, drift=(holding, *found.drift))


def _taken(bucket: Bucket, course: CourseKey) -> list[date]:
    found = bucket.match(f"{course.slug}/weekly/*/{CONVERTED}")
    return sorted(date.fromisoformat(it.name.split("/")[-2]) for it in found)


def _read(bucket: Bucket, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bucket.read(name) or b'{"drift": []}')
    return found


def _week(course: CourseKey, week: date, held: bool, document: Mapping[str, Any]) -> DriftOfWeek:
    drift = tuple(map(Drift.from_dict, document.get("drift", ())))
    return DriftOfWeek(course, week, held, drift, document.get("compared_with", ""), document.get("release"))


def _nothing(course: CourseKey, week: date, code: str | None) -> Terminal:
    return Terminal(
        Problem(
            code="E-EXP-108",
            unit=f"{course} week {week}",
            expected=f"a week that is held with {_RELEASABLE}",
            found=f"one that is held with {code}" if code else "one that is not held",
            done="nothing",
            next=f"see docs/runbook/{code}.md: that cannot be taken as it is" if code else "see: edx-warehouse drift",
        )
    )
