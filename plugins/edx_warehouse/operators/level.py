"""Bringing deliveries back to the HMDC archive that only the bucket has any more."""

import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.hooks.archive import Archive
from edx_warehouse.hooks.bucket import Bucket, Stored, sha256_of
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.operators.span import Span
from edx_warehouse.operators.weekly_exports import by_week, contents


@dataclass
class Returned:
    """What came of it.

    :param files: the files that were added, by their paths below the archive.
    :param failed: what kept others from being added.
    """

    files: list[str] = field(default_factory=list)
    failed: list[Transient] = field(default_factory=list)


class ReturnDeliveriesOperator(InstitutionOperator):
    """Add to the archive's ``incoming/`` the mirrored files that it does not have any more; never over another file.

    The run's ``conf`` may bound the log days and weeks. It goes on where an earlier try ended.
    """

    def execute(self, context: Context) -> list[str]:
        """Add them; return their paths.

        :raises Transient: ``E-SNP-103`` when a file reads back as something else; the others are added first.
        """
        archive = Archive(self.institution.archive)
        returned = give_back(archive, self.bucket(), Span.of(context["dag_run"].conf or {}), self.institution.name)
        for path in returned.files:
            self.log.info("Given back to the archive: %s", path)
        if returned.failed:
            raise returned.failed[0]
        return returned.files


def only_in_bucket(archive: Archive, bucket: Bucket, span: Span) -> dict[str, Stored]:
    """Return the mirrored files that the archive does not have, by their path below the archive."""
    # Log files may be in folders of their own there: their base names count.
    logs = {it.name.rsplit("/", 1)[-1] for it in archive.files("incoming", "logs")}
    found = {}
    for it in bucket.objects(places.LOGS):
        name = it.name.removeprefix(places.LOGS)
        day = places.log_file_day(name)
        if day and day in span and name not in logs and not places.is_replay(name):
            found[f"incoming/logs/{name}"] = it
    there = weekly_objects(archive, bucket)
    for it in bucket.objects(places.WEEKLY):
        week = date.fromisoformat(it.name.removeprefix(places.WEEKLY).split("/")[0])
        if week in span and it.name not in there.get(week, ()) and it.name != places.weekly_manifest(week):
            found[f"incoming/weekly/{it.name.removeprefix(places.WEEKLY)}"] = it
    return found


def weekly_objects(archive: Archive, bucket: Bucket) -> dict[date, set[str]]:
    """Return the objects that the archive's weekly exports are in the bucket, by week; of zips as far as they are mirrored."""
    found = {}
    for week, objects in by_week(archive.files("incoming", "weekly")).items():
        zips = {it for it in objects if it.startswith(places.packages(week))}
        mirrored = zips & {it.name for it in bucket.objects(places.packages(week))}
        members = {places.weekly(week) + name for record in mirrored for name in contents(bucket, record)}
        found[week] = (objects.keys() - zips) | members
    return found


def give_back(archive: Archive, bucket: Bucket, span: Span, unit: str) -> Returned:
    """Add what only the bucket has to the archive, file by file."""
    returned = Returned()
    for path, stored in sorted(only_in_bucket(archive, bucket, span).items()):
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "file")
            bucket.download(stored, local)
            try:
                added = archive.add(local, archive.path(path), sha256_of(local))
            except FileExistsError:
                continue  # somebody was faster; the mirror tells whether it is the same
        if added:
            returned.files.append(path)
        else:
            returned.failed.append(_spoilt(unit, path))
    return returned


def _spoilt(unit: str, path: str) -> Transient:
    return Transient(
        Problem(
            code="E-SNP-103",
            unit=unit,
            file=path,
            expected="the archive to give back what was written",
            found="other content",
            done="the file was not added",
            next="nothing: the task tries again; if it goes on, see to the archive's disk or network",
        )
    )
