"""What is where: each course week and log day in the archive's incoming, the bucket, BigQuery's source and the snapshots."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.bags import BagName
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Institution
from edx_warehouse.exports.weekly_files import files_of
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bags import Bags, DamagedError
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.convert import served_week
from edx_warehouse.operators.due import CONVERTED, week_files
from edx_warehouse.operators.level import weekly_objects
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.weekly_exports import by_week


@dataclass(frozen=True)
class WeekRow:
    """Where one course week is.

    :param incoming: files in the archive's incoming.
    :param mirrored: files of the delivery in the bucket.
    :param converted: whether its conversion is complete.
    :param finished: whether its manifest says that the week is complete.
    :param served: whether its files are ``latest/``.
    :param version: newest snapshot; 0 when there is none.
    :param level: whether that snapshot has the content of the finished week; None when there is nothing to compare.
    :param damaged: files of the newest snapshot that are not what its manifests say; None when nobody looked.
    """

    course: str
    week: str
    incoming: int
    mirrored: int
    converted: bool
    finished: bool
    served: bool
    version: int
    level: bool | None
    damaged: int | None

    @property
    def missing(self) -> list[str]:
        """What is missing where, in words."""
        return [
            text
            for is_so, text in (
                (self.incoming > self.mirrored, "in the archive only: not mirrored"),
                (self.mirrored > self.incoming, "delivery in the bucket only"),
                (bool(self.mirrored) and not self.converted, "not converted"),
                (self.converted and not self.finished, "not finished"),
                (self.finished and not self.version, "no snapshot"),
                (bool(self.version) and not self.converted, "in a snapshot only: not in the bucket"),
                (self.level is False, "other content in the snapshot than in the bucket"),
                (bool(self.damaged), f"{self.damaged} files of the snapshot are damaged"),
            )
            if is_so
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the row for machines."""
        return {**asdict(self), "missing": self.missing}


@dataclass(frozen=True)
class FileRow:
    """Where the files of one log day, or the zips of one week, of an institution are; counts of files.

    :param feed: ``logs`` or ``packages``.
    """

    institution: str
    feed: str
    day: str
    incoming: int
    mirrored: int

    @property
    def missing(self) -> list[str]:
        """What is missing where, in words."""
        if self.incoming > self.mirrored:
            return ["in the archive only: not mirrored"]
        return ["in the bucket only"] if self.mirrored > self.incoming else []

    def to_dict(self) -> dict[str, Any]:
        """Return the row for machines."""
        return {**asdict(self), "missing": self.missing}


class Report:
    """Looks at one institution.

    :param verify: also read the newest snapshots back, which takes as long as reading them does.
    """

    def __init__(
        self, institution: Institution, courses: Sequence[CourseKey], bucket: Bucket, *, verify: bool = False
    ) -> None:
        self.institution = institution
        self.courses = courses
        self.bucket = bucket
        self.archive = Archive(institution.archive)
        self.bags = Bags(self.archive)
        self.verify = verify

    def weeks(self, span: Span) -> Iterator[WeekRow]:
        """Tell of each course week that is anywhere, by week and course."""
        served = {course: served_week(self.bucket, course) for course in self.courses}
        done = self._objects(CONVERTED)
        finished = self._objects("MANIFEST.json")
        there = weekly_objects(self.archive, self.bucket)
        snapshot_weeks = set(self.bags.weeks())
        manifests = self.bucket.match(f"{places.WEEKLY}*/MANIFEST.json")
        weeks = {date.fromisoformat(it.name.split("/")[-2]) for it in manifests}
        weeks |= there.keys() | snapshot_weeks | {week for _, week in done}
        for week in sorted(it for it in weeks if it in span):
            incoming = files_of(there.get(week, ()), self.courses)
            mirrored = week_files(self.bucket, week, self.courses)
            snapshots = self.bags.of_week(week) if week in snapshot_weeks else {}
            for course in self.courses:
                versions = snapshots.get(course.slug)
                newest = versions[-1] if versions else None
                known = (course.slug, week)
                if not (course in incoming or course in mirrored or known in done or newest):
                    continue
                yield WeekRow(
                    course=str(course),
                    week=str(week),
                    incoming=len(incoming.get(course, ())),
                    mirrored=len(mirrored.get(course, ())),
                    converted=known in done,
                    finished=known in finished,
                    served=served[course] == str(week),
                    version=newest.version if newest else 0,
                    level=self._is_level(course, week, newest) if newest and known in finished else None,
                    damaged=len(self.bags.faults(newest)) if newest and self.verify else None,
                )

    def packages(self, span: Span) -> Iterator[FileRow]:
        """Tell of each week whose export is in zips whether they are unpacked: only then is known what is in them."""
        for week, objects in by_week(self.archive.files("incoming", "weekly")).items():
            zips = {it for it in objects if it.startswith(places.packages(week))}
            if zips and week in span:
                mirrored = zips & {it.name for it in self.bucket.objects(places.packages(week))}
                yield FileRow(self.institution.name, "packages", str(week), len(zips), len(mirrored))

    def logs(self, span: Span) -> Iterator[FileRow]:
        """Tell of each log day that is anywhere."""
        incoming = {it.name.rsplit("/", 1)[-1] for it in self.archive.files("incoming", "logs")}
        ours = {it for it in incoming if places.log_file_prefix(it).lower() in self.institution.log_prefixes}
        mirrored = {it.name.removeprefix(places.LOGS) for it in self.bucket.objects(places.LOGS)}
        counts: dict[date, list[int]] = {}
        for number, names in enumerate((ours, mirrored)):
            for name in names:
                day = places.log_file_day(name)
                if day and day in span and not places.is_replay(name):
                    counts.setdefault(day, [0, 0])[number] += 1
        for day, (there, here) in sorted(counts.items()):
            yield FileRow(self.institution.name, "logs", str(day), there, here)

    def _objects(self, name: str) -> set[tuple[str, date]]:
        slugs = {course.slug for course in self.courses}
        found = (it.name.split("/") for it in self.bucket.match(f"*/weekly/*/{name}"))
        return {(slug, date.fromisoformat(week)) for slug, _, week, _ in found if slug in slugs}

    def _is_level(self, course: CourseKey, week: date, newest: BagName) -> bool:
        manifest = json.loads(
            self.bucket.read(places.week_of_course(course, week) + "MANIFEST.json") or b'{"files": []}'
        )
        try:
            return self.bags.payload(newest) == {it["name"]: it["sha256"] for it in manifest["files"]}
        except DamagedError:
            return False
