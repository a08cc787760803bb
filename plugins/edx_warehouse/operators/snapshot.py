"""Pushing finished weeks back to the HMDC archive as BagIt bags."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import bags, places
from edx_warehouse.domain.bags import BagName, Entry
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bags import Bags, DamagedError, Written
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.due import CONVERTED, weeks
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.surveys import CONVERTED as SURVEYS

_FIRST = "first snapshot of the week"


@dataclass
class Pushed:
    """What came of pushing.

    :param written: bags, by their folders in the archive, and what each took.
    :param failed: what kept others from being written.
    """

    written: dict[str, Written] = field(default_factory=dict)
    failed: list[Transient] = field(default_factory=list)


class SnapshotOperator(InstitutionOperator):
    """Write each finished course week that the archive does not hold yet as a bag, whole or not at all.

    A bag that is there is never overwritten: other content for the same week becomes ``<slug>.v2`` and so on. Files that
    did not change are not pushed again. The run's ``conf`` may bound the weeks (``from``, ``to``), tell the ``reason``
    of new versions, and have the newest versions read back and replaced when they are damaged (``verify``).
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Push the weeks; return the bags that were written, with the bytes that were moved and shared.

        :raises Transient: ``E-SNP-101`` when a week could not be pushed; the others are pushed first.
        """
        conf = context["dag_run"].conf or {}
        pusher = Pusher(
            Archive(self.institution.archive),
            self.bucket(),
            self.institution.name,
            str(conf.get("reason") or ""),
            verify=bool(conf.get("verify")),
        )
        pushed = pusher.push(self.courses, Span.of(conf))
        for folder, it in pushed.written.items():
            self.log.info("Archived %s: %d bytes moved, %d shared", folder, it.moved, it.shared)
        if pushed.failed:
            raise pushed.failed[0]
        return {"written": {folder: [it.moved, it.shared] for folder, it in pushed.written.items()}}


class Pusher:
    """Brings the archive's snapshots up to the bucket's finished weeks.

    :param reason: of new versions, beside what changed.
    :param verify: read the newest versions back, and write a new one where one is damaged.
    """

    def __init__(
        self, archive: Archive, bucket: Bucket, organization: str, reason: str = "", *, verify: bool = False
    ) -> None:
        self.bags = Bags(archive)
        self.bucket = bucket
        self.organization = organization
        self.reason = reason
        self.verify = verify

    def push(self, courses: Sequence[CourseKey], span: Span) -> Pushed:
        """Push the finished weeks of a span that the archive does not hold as they are."""
        pushed = Pushed()
        for week in weeks(self.bucket):
            if week not in span:
                continue
            there = self.bags.of_week(week)
            for course in courses:
                content = self.bucket.read(places.week_of_course(course, week) + "MANIFEST.json")
                if content is None:
                    continue
                try:
                    self._push(course, week, content, there.get(course.slug, []), pushed)
                except Transient as error:
                    pushed.failed.append(error)  # the others first
        return pushed

    def _push(self, course: CourseKey, week: date, content: bytes, versions: list[BagName], pushed: Pushed) -> None:
        manifest = json.loads(content)
        entries = [Entry(it["name"], it["bytes"], it["sha256"]) for it in manifest["files"]]
        now = {it.name: it.sha256 for it in entries}
        name, reason, known = BagName(week, course.slug), _FIRST, {}
        if versions:
            newest = versions[-1]
            before, damage = self._of(newest)
            if before == now and not damage:
                return
            name = BagName(week, course.slug, newest.version + 1)
            reason = damage or bags.reason_of(before, now)
            folder = self.bags.archive.path(newest.folder)
            known = {digest: f"{folder}/data/{path}" for path, digest in before.items()}
        reason = f"{self.reason}: {reason}" if self.reason and versions else reason
        tags = bags.tag_files(self.organization, course, name, reason, entries, self._week(course, week, content))
        prefix = places.week_of_course(course, week)
        try:
            pushed.written[name.folder] = self.bags.write(
                name, entries, tags, lambda entry, path: self._fetch(prefix, entry, path), known
            )
        except DamagedError as error:
            raise self._changed(name.folder, f"{error.faults[0].file} {error.faults[0].kind}") from error
        except FileExistsError:
            raise self._changed(name.folder, "another writer's bag") from None

    def _of(self, newest: BagName) -> tuple[Mapping[str, str], str]:
        """Return a bag's payload, and what is wrong with it as far as one has looked."""
        try:
            faults = self.bags.faults(newest) if self.verify else []
            payload = self.bags.payload(newest)
        except DamagedError as error:
            return {}, f"version {newest.version} is damaged ({error})"
        told = ", ".join(f"{it.file} {it.kind}" for it in faults)
        return payload, f"version {newest.version} is damaged ({told})" if faults else ""

    def _week(self, course: CourseKey, week: date, content: bytes) -> dict[str, bytes]:
        """Return what is to be kept beside the payload, so that the week can be put back."""
        prefix = places.week_of_course(course, week)
        name = prefix + CONVERTED
        converted, stored, surveys = self.bucket.read(name), self.bucket.stat(name), self.bucket.read(prefix + SURVEYS)
        sources = json.loads(content).get("sources")
        if converted is None or stored is None or (sources and stored.metadata.get("sources") != sources):
            raise self._changed(name, "a conversion that is not finished")
        return {bags.WEEK: content, bags.CONVERTED: converted, **({bags.SURVEYS: surveys} if surveys else {})}

    def _fetch(self, prefix: str, entry: Entry, path: Path) -> None:
        stored = self.bucket.stat(prefix + entry.name)
        if stored is None or stored.sha256 != entry.sha256:
            raise self._changed(prefix + entry.name, "other content")
        self.bucket.download(stored, path)

    def _changed(self, name: str, found: str) -> Transient:
        return Transient(
            Problem(
                code="E-SNP-101",
                unit=self.organization,
                file=name,
                expected="the content that the week's manifest names",
                found=found,
                done="no snapshot of that week was written",
                next="nothing: the task tries again; if it goes on, clear the course's weekly run of that week",
            )
        )
