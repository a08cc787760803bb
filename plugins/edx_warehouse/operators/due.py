"""What is still to be done, read from what is there: never from clocks, names or memories of earlier runs."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.exports.day_manifest import DayManifest, courses_digest
from edx_warehouse.exports.weekly_files import files_of
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.operators.holds import HELD, MIRROR

CONVERTED = "converted.json"
RESTORED = "restored"
"""Key of the metadata of a conversion that came back from a snapshot; its delivery may be nowhere any more."""


def digest_of(parts: Iterable[object]) -> str:
    """Return a short digest of a list of texts, in order."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:32]


def sources_digest(sources: Iterable[Stored]) -> str:
    """Return the digest of a set of objects' contents and base names."""
    return digest_of(sorted(f"{it.name.rsplit('/', 1)[-1]} {it.sha256}" for it in sources))


def log_files(bucket: Bucket, day: date | None = None) -> dict[date, list[Stored]]:
    """Return the mirrored log files by day."""
    days: dict[date, list[Stored]] = defaultdict(list)
    for stored in bucket.match(places.log_glob(day)) if day else bucket.objects(places.LOGS):
        found = places.log_file_day(stored.name.rsplit("/", 1)[-1])
        if found and (day is None or found == day):
            days[found].append(stored)
    return dict(days)


def due_days(
    bucket: Bucket, courses: Iterable[CourseKey], launches: Mapping[CourseKey, date] | None = None
) -> list[date]:
    """Return the log days whose files differ from those that were split, or held, last, or that lack a course.

    A day lacks a course that was added after its split; days before the course's launch are left as they are.
    """
    done = {it.name: it for it in bucket.objects(places.SPLITS)}
    held = {it.name: it.metadata for it in bucket.match(f"quarantine/logs/*/{HELD}")}
    added = _AddedCourses(bucket, courses)
    launches = launches or {}
    found = []
    for day, files in sorted(log_files(bucket).items()):
        hold, split = held.get(places.quarantine_logs(day) + HELD), done.get(places.split_manifest(day))
        if hold is not None:
            due = hold.get("by") != MIRROR["by"] and hold.get("sources") != sources_digest(files)
        else:
            due = (
                split is None
                or split.metadata.get("sources") != sources_digest(files)
                or any(launches.get(course, day) <= day for course in added.since(split))
            )
        if due:
            found.append(day)
    return found


class _AddedCourses:
    """Which courses were added since a split; days that were split for the same courses share one answer."""

    def __init__(self, bucket: Bucket, courses: Iterable[CourseKey]) -> None:
        self.bucket = bucket
        self.courses = frozenset(courses)
        self.known: dict[str, frozenset[CourseKey]] = {courses_digest(self.courses): frozenset()}

    def since(self, split: Stored) -> frozenset[CourseKey]:
        key = split.metadata.get("courses", split.name)
        if key not in self.known:
            content = self.bucket.read(split.name)
            then = DayManifest.from_json(content).courses if content else ()
            self.known[key] = self.courses - {CourseKey.parse(it.course_id) for it in then}
        return self.known[key]


def week_files(bucket: Bucket, week: date, courses: Iterable[CourseKey]) -> dict[CourseKey, dict[str, Stored]]:
    """Return each course's files of a mirrored week, by canonical name."""
    content = bucket.read(places.weekly_manifest(week))
    if content is None:
        return {}
    stored = {it.name: it for it in bucket.objects(places.weekly(week))}
    names = [entry["name"] for entry in json.loads(content)["files"]]
    return {
        course: {table: stored[places.weekly(week) + name] for table, name in files.items()}
        for course, files in files_of(names, list(courses)).items()
    }


def weeks(bucket: Bucket) -> list[date]:
    """Return the dates of the mirrored weekly exports."""
    manifests = bucket.match(f"{places.WEEKLY}*/MANIFEST.json")
    return sorted(date.fromisoformat(it.name.split("/")[-2]) for it in manifests)


def due_weeks(bucket: Bucket, courses: Iterable[CourseKey]) -> list[tuple[date, CourseKey]]:
    """Return the course weeks whose files differ from those that were finished, or held, last, or that were restored.

    Of a course of which no later week is due, the newest finished week is also due when its surveys changed.
    """
    courses = list(courses)
    restored = restored_weeks(bucket, courses)
    found = []
    finished: dict[CourseKey, tuple[date, Stored]] = {}
    for week in weeks(bucket):
        delivered = week_files(bucket, week, courses)
        found += [(week, course) for course in sorted(restored.get(week, set()) - delivered.keys())]
        for course, files in sorted(delivered.items()):
            held = bucket.stat(places.quarantine_week(course, week) + HELD)
            last = held or bucket.stat(places.week_of_course(course, week) + "MANIFEST.json")
            if last is None or last.metadata.get("sources") != sources_digest(files.values()):
                found.append((week, course))
            elif not held:
                finished[course] = (week, last)
    latest = {course: week for week, course in found}
    beside = Beside(bucket)
    for course, (week, sealed) in sorted(finished.items()):
        if latest.get(course, date.min) < week and sealed.metadata.get("surveys") != beside.digest(course, week):
            found.append((week, course))
    return sorted(found)


class Beside:
    """What comes beside the weekly exports: surveys by course, opt-in files by week; each is looked up once."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._opt_in: dict[date, list[Stored]] = {}

    @cached_property
    def _manifests(self) -> dict[str, Stored]:
        return {it.name: it for it in self.bucket.match(f"{places.SURVEYS}*/MANIFEST.json")}

    def digest(self, course: CourseKey, week: date) -> str:
        """Return the digest of a course's surveys and a week's opt-in files."""
        manifest = self._manifests.get(places.surveys_manifest(course.slug))
        return digest_of([manifest.sha256 if manifest else "", *(f"{it.name} {it.sha256}" for it in self.opt_in(week))])

    def surveys(self, course: CourseKey) -> list[Stored]:
        """Return the survey files that the archive has of a course."""
        content = self.bucket.read(places.surveys_manifest(course.slug))
        prefix = places.surveys(course.slug)
        stored = {it.name: it for it in self.bucket.objects(prefix)}
        return [stored[prefix + it["name"]] for it in json.loads(content)["files"]] if content else []

    def opt_in(self, week: date) -> list[Stored]:
        """Return the e-mail opt-in files of a mirrored weekly export, those of the Edge site left out."""
        if week not in self._opt_in:
            names = [
                it["name"]
                for it in json.loads(self.bucket.read(places.weekly_manifest(week)) or b"{}").get("files", ())
            ]
            wanted = {places.weekly(week) + name for name in names if places.is_opt_in(name.rsplit("/", 1)[-1])}
            self._opt_in[week] = [it for it in self.bucket.objects(places.weekly(week)) if it.name in wanted]
        return self._opt_in[week]


def restored_weeks(bucket: Bucket, courses: Iterable[CourseKey]) -> dict[date, set[CourseKey]]:
    """Return the course weeks that came back from a snapshot and are not finished since."""
    slugs = {course.slug: course for course in courses}
    found: dict[date, set[CourseKey]] = defaultdict(set)
    for it in bucket.match(f"*/weekly/*/{CONVERTED}"):
        slug, _, week, _ = it.name.split("/")
        finished = it.name.removesuffix(CONVERTED) + "MANIFEST.json"
        if RESTORED in it.metadata and slug in slugs and bucket.stat(finished) is None:
            found[date.fromisoformat(week)].add(slugs[slug])
    return found


def log_manifests(bucket: Bucket, course: CourseKey) -> dict[date, Mapping[str, str]]:
    """Return the metadata of a course's split manifests by day: ``content`` digest and ``event_dates``."""
    prefix = f"{course.slug}/logs/"
    found = {}
    for it in bucket.match(f"{prefix}tracklog-*.manifest.json"):
        day = date.fromisoformat(it.name.rsplit("/", 1)[-1].removeprefix("tracklog-").removesuffix(".manifest.json"))
        found[day] = it.metadata
    return found
