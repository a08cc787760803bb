"""Copying surveys and the lists of an institution's office from the archive."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.hooks.archive import Archive, ArchiveFile
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.operators.mirror import MirrorOperator

_SUFFIXES = (".csv", ".csv.gz")


class MirrorSurveysOperator(MirrorOperator):
    """Copy what is new or changed of the survey files; a course's manifest, written last, says which there are.

    A file that is gone from the archive is in no manifest, and so in no table, any more; its copy stays.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(feed="surveys", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Copy; return the number of files copied, left as still growing, and strange.

        :raises Transient: ``E-MIR-101`` when a file changed while it was read; the others are copied first.
        """
        bucket, archive = self.bucket(), Archive(self.institution.archive)
        slugs = {course.slug for course in self.courses}
        wanted: dict[str, list[ArchiveFile]] = {}
        strange = 0
        for file in archive.files("incoming", "surveys"):
            if _is_survey(file.name, slugs):
                wanted[places.SURVEYS + file.name] = [file]
            else:
                strange += 1
                self.log.warning("Left where it is: %s is no <course>/<kind>/<file>.csv of a course", file.path)
        stored = {it.name: it for it in bucket.objects(places.SURVEYS)}
        growing = self._growing(archive, wanted, stored)
        come = self._copy_all(archive, bucket, wanted, stored, growing)
        # The manifest of a course whose files are not all copied would speak of a part as if it were the whole.
        undecided = [*come.unread, *(name for name, (file,) in wanted.items() if file.path in growing)]
        self._write_manifests(bucket, wanted, {name.split("/")[2] for name in undecided})
        self.log.info("%d survey files in the archive, %d copied", len(wanted), come.copied)
        if come.failed:
            raise come.failed[0]
        return {"copied": come.copied, "strange": strange, "growing": len(growing)}

    def _write_manifests(self, bucket: Bucket, wanted: Mapping[str, object], undecided: set[str]) -> None:
        names: dict[str, list[str]] = defaultdict(list)
        stored = {it.name: it for it in bucket.objects(places.SURVEYS)}
        for name in stored.keys() | wanted.keys():
            names[name.split("/")[2]] += [name] if name in wanted else []
        for slug in sorted(names.keys() - undecided):
            files = [
                {
                    "name": name.removeprefix(places.surveys(slug)),
                    "bytes": stored[name].size,
                    "sha256": stored[name].sha256,
                }
                for name in sorted(names[slug])
            ]
            bucket.put(places.surveys_manifest(slug), json.dumps({"course": slug, "files": files}, indent=1).encode())


def _is_survey(name: str, slugs: Collection[str]) -> bool:
    """Tell whether a path below ``incoming/surveys/`` is ``<course>/<kind>/<file>.csv``."""
    parts = name.split("/")
    return (
        len(parts) == 3
        and parts[0] in slugs
        and parts[1] in places.SURVEY_KINDS
        and parts[2].lower().endswith(_SUFFIXES)
    )
