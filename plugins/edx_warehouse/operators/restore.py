"""Putting course weeks back into the bucket from the archive's snapshots."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import bags, places
from edx_warehouse.domain.bags import BagName
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.windows import Window, nearest_week
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bags import Bags, DamagedError
from edx_warehouse.hooks.bucket import Bucket, sha256_of
from edx_warehouse.operators.due import CONVERTED, RESTORED, week_files
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS

_TAGS = {CONVERTED: bags.CONVERTED, SURVEYS: bags.SURVEYS}


@dataclass
class Restored:
    """What came of restoring.

    :param weeks: course weeks that are in the bucket now, and the bag that each came from; those that were there
        already are among them.
    :param passed_over: weeks without a good snapshot, where an older week came back in their place.
    :param failed: what kept others from coming back.
    """

    weeks: dict[str, str] = field(default_factory=dict)
    passed_over: list[Terminal] = field(default_factory=list)
    failed: list[Terminal] = field(default_factory=list)


@dataclass(frozen=True)
class Restorer:
    """Brings snapshots back into a bucket.

    :param overwrite: whether what the bucket has of a week may be replaced by what the snapshot has.
    :param windows: the windows of the registry.
    """

    bags: Bags
    bucket: Bucket
    overwrite: bool = False
    windows: Sequence[Window] = ()

    def newest(self, courses: Sequence[CourseKey], span: Span) -> Restored:
        """Put the newest good week of each course back, and the good ones that its windows are made from."""
        restored = Restored()
        snapshots = self._snapshots(span)
        for course in courses:
            weeks = {week: slugs[course.slug] for week, slugs in snapshots.items() if course.slug in slugs}
            # The newest first: see _put.
            if self._first_good(course, sorted(weeks, reverse=True), weeks, restored):
                for window in self.windows:
                    self._first_good(course, _by_nearness(weeks, window), weeks, restored, missing_only=True)
        return restored

    def _first_good(
        self,
        course: CourseKey,
        order: Iterable[date],
        weeks: dict[date, list[BagName]],
        restored: Restored,
        *,
        missing_only: bool = False,
    ) -> bool:
        """Put the first good one of some weeks back; return whether there is one.

        :param weeks: the versions of each; those without a good one are taken out.
        :param missing_only: leave a week that the bucket knows as it is.
        """
        damaged: list[Terminal] = []
        for week in order:
            if missing_only and self._is_known(course, week):
                break
            try:
                self._week(course, week, weeks[week], restored)
            except Terminal as error:
                damaged.append(error)
                if error.problem.code != "E-RST-102":
                    restored.failed += damaged
                    return False
                del weeks[week]
            else:
                break
        else:
            restored.failed += damaged
            return False
        restored.passed_over += damaged
        return True

    def _is_known(self, course: CourseKey, week: date) -> bool:
        """Tell whether the bucket has a week's delivery, or the week converted; what was left half done has neither."""
        converted = self.bucket.stat(places.week_of_course(course, week) + CONVERTED)
        return converted is not None or course in week_files(self.bucket, week, [course])

    def all(self, courses: Sequence[CourseKey], span: Span, *, missing_only: bool = False) -> Restored:
        """Put every week of a span back.

        :param missing_only: only those of which the bucket has neither the delivery nor the converted week.
        """
        restored = Restored()
        for week, slugs in sorted(self._snapshots(span).items(), reverse=True):  # see _put: newer ones first
            delivered = week_files(self.bucket, week, courses) if missing_only else {}
            for course in courses:
                if course.slug not in slugs or course in delivered:
                    continue
                done = self.bucket.stat(places.week_of_course(course, week) + CONVERTED) if missing_only else None
                # What an earlier try left half done has no conversion, as that comes last.
                if done is not None:
                    continue
                try:
                    self._week(course, week, slugs[course.slug], restored)
                except Terminal as error:
                    restored.failed.append(error)  # the others first
        return restored

    def _snapshots(self, span: Span) -> dict[date, dict[str, list[BagName]]]:
        return {week: self.bags.of_week(week) for week in self.bags.weeks() if week in span}

    def _week(self, course: CourseKey, week: date, versions: list[BagName], restored: Restored) -> None:
        """Put one week back, from the newest version that is what its manifests say."""
        damages = []
        for name in reversed(versions):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    tags = {tag: self._tag(name, tag) for tag in (bags.WEEK, bags.CONVERTED)}
                    surveys = self.bags.tag(name, bags.SURVEYS)  # older snapshots have none
                    files = self.bags.fetch(name, Path(folder))
                except DamagedError as error:
                    damages.append(f"{name.folder} ({error})")
                    continue
                tags |= {bags.SURVEYS: surveys} if surveys else {}
                self._put(course, week, name, files, tags)
                restored.weeks[f"{course} {week}"] = name.folder
                return
        raise _damaged(course, week, damages)

    def _tag(self, name: BagName, tag: str) -> bytes:
        content = self.bags.tag(name, tag)
        if content is None:
            raise DamagedError([bags.Fault(bags.Kind.MISSING, tag, "the file", "none")])
        return content

    def _put(
        self, course: CourseKey, week: date, name: BagName, files: Mapping[str, Path], tags: Mapping[str, bytes]
    ) -> None:
        manifest = json.loads(tags[bags.WEEK])
        prefix = places.week_of_course(course, week)
        digests = {"sources": str(manifest["sources"]), "delivery": str(manifest.get("delivery", ""))}
        contents = {it["name"]: it.get("content") for it in manifest["files"]}
        there = {it.name.removeprefix(prefix): it for it in self.bucket.objects(prefix)}
        finished = self.bucket.read(prefix + "MANIFEST.json")
        if finished and _payload(json.loads(finished)) == _payload(manifest):
            return
        other = [it for it in there if it.count("/") and (it not in files or there[it].sha256 != sha256_of(files[it]))]
        other += [
            own for own, tag in _TAGS.items() if own in there and there[own].sha256 != sha256_of(tags.get(tag, b""))
        ]
        if finished:
            other.append("MANIFEST.json")
        if other and not self.overwrite:
            raise _taken(course, week, self.bucket.uri(prefix + sorted(other)[0]), len(other))
        # What vouches for the week goes first and comes back last: nobody takes a part for the whole.
        self.bucket.delete(prefix + it for it in ("MANIFEST.json", *_TAGS) if it in other)
        self.bucket.delete(prefix + it for it in sorted(other) if it.count("/") and it not in files)
        for path, local in sorted(files.items()):
            metadata = {"content": str(contents[path])} if contents.get(path) else {}
            self.bucket.put(prefix + path, local, metadata)
        if self.bucket.stat(places.weekly_manifest(week)) is None:
            # A delivery of nothing: the mirror writes its own over it when the archive has the export.
            self.bucket.put(places.weekly_manifest(week), json.dumps({"week": str(week), "files": []}).encode())
        if bags.SURVEYS in tags:
            self.bucket.put(prefix + SURVEYS, tags[bags.SURVEYS], {"surveys": "", "delivery": ""})
        self.bucket.put(prefix + CONVERTED, tags[bags.CONVERTED], {**digests, RESTORED: name.folder})
        if any(it > week for it in self._weeks(course)):
            # The tables are of a newer week: this one is finished as it is, and its secondary files are not made again.
            self.bucket.put(prefix + "MANIFEST.json", tags[bags.WEEK], {"sources": digests["sources"]})

    def _weeks(self, course: CourseKey) -> Iterable[date]:
        """Return the converted weeks that the course has."""
        for it in self.bucket.match(f"{course.slug}/weekly/*/{CONVERTED}"):
            yield date.fromisoformat(it.name.split("/")[2])


class RestoreOperator(InstitutionOperator):
    """Put course weeks back into the bucket from the archive's snapshots; ordinary weekly runs then load and build them.

    The run's ``conf``: ``course`` (empty: all), ``from`` and ``to``, ``weeks`` (``newest`` good one, or ``all``), and
    ``overwrite``.

    :param missing_only: bring only weeks that the bucket knows nothing of.
    :param windows: the windows of the registry: with the newest week come those that they are made from.
    """

    def __init__(self, *, missing_only: bool = False, windows: Sequence[Window] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.missing_only = missing_only
        self.windows = windows

    def execute(self, context: Context) -> dict[str, str]:
        """Restore; return the bag of each course week.

        :raises Terminal: ``E-RST-101`` when the bucket has something else, ``E-RST-102`` when no version of a week is
            good, ``E-RST-103`` when the registry has no such course; what can be restored is restored first.
        """
        conf = context["dag_run"].conf or {}
        restorer = Restorer(
            Bags(Archive(self.institution.archive)), self.bucket(), bool(conf.get("overwrite")), self.windows
        )
        courses = chosen(list(self.courses), str(conf.get("course") or ""))
        if self.missing_only:
            restored = restorer.all(courses, Span.of(conf), missing_only=True)
        elif conf.get("weeks") == "all":
            restored = restorer.all(courses, Span.of(conf))
        else:
            restored = restorer.newest(courses, Span.of(conf))
        for unit, bag in restored.weeks.items():
            self.log.info("%s: restored from %s", unit, bag)
        for error in restored.passed_over + restored.failed:
            self.log.error("%s", error.problem)
        if restored.failed:
            raise restored.failed[0]
        return restored.weeks


def _by_nearness(weeks: Iterable[date], window: Window) -> Iterator[date]:
    """Yield weeks, the one first that a window is made from, then the one that it would be made from without it."""
    left = set(weeks)
    while (week := nearest_week(left, window.end)) is not None:
        yield week
        left.discard(week)


def _payload(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {it["name"]: it["sha256"] for it in manifest["files"]}


def chosen(courses: list[CourseKey], wanted: str) -> list[CourseKey]:
    """Return the courses that are wanted: all when none is named.

    :raises Terminal: ``E-RST-103`` when there is none of that name.
    """
    found = [it for it in courses if wanted in ("", str(it), it.opaque, it.slug)]
    if wanted and not found:
        raise Terminal(
            Problem(
                code="E-RST-103",
                unit="registry",
                expected="a course of the registry",
                found="none of that name",
                done="nothing",
                next="name the course by its course_id or slug",
            )
        )
    return found


def _damaged(course: CourseKey, week: date, damages: Sequence[str]) -> Terminal:
    return Terminal(
        Problem(
            code="E-RST-102",
            unit=f"{course} {week}",
            file=damages[0].split(" ")[0] if damages else None,
            expected="a snapshot that is what its manifests say",
            found="; ".join(damages) or "none",
            done="nothing of that week was restored",
            next="bring the damaged files back from a copy of the archive, or restore an earlier week",
        )
    )


def _taken(course: CourseKey, week: date, file: str, count: int) -> Terminal:
    return Terminal(
        Problem(
            code="E-RST-101",
            unit=f"{course} {week}",
            file=file,
            expected="a bucket that has nothing of this week but what the snapshot has",
            found=f"{count} objects that differ",
            done="nothing was written",
            next="look whose they are; to replace them by the snapshot's, restore again with overwrite",
        )
    )
