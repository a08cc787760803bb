"""What a weekly export in the archive consists of; its zips are unpacked into the objects that loose files would be."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Transient
from edx_warehouse.domain.limits import Limits
from edx_warehouse.exports.weekly_package import RefusedPackage, package_week, unpack
from edx_warehouse.hooks.archive import ArchiveFile
from edx_warehouse.hooks.bucket import Bucket, Stored, sha256_of
from edx_warehouse.operators.holds import HELD, MIRROR


@dataclass
class Weeks:
    """What came of the weekly exports.

    :param refused: the package of a week that cannot be used, and why.
    :param unsure: weeks whose packages could not be looked at for now.
    """

    copied: int = 0
    failed: list[Transient] = field(default_factory=list)
    refused: dict[date, tuple[ArchiveFile, RefusedPackage]] = field(default_factory=dict)
    unsure: list[date] = field(default_factory=list)


def by_week(files: Iterable[ArchiveFile]) -> dict[date, dict[str, list[ArchiveFile]]]:
    """Return the files of each weekly export by the object that vouches for them: a copy, or the record of a zip."""
    weeks: dict[date, dict[str, list[ArchiveFile]]] = defaultdict(dict)
    for file in files:
        folder, _, name = file.name.partition("/")
        week = _date(folder) if name else package_week(folder)
        if week is None:
            continue
        packed = not name or ("/" not in name and package_week(name) is not None)
        weeks[week].setdefault(record_of(week, file) if packed else places.weekly(week) + name, []).append(file)
    return dict(sorted(weeks.items()))


def _date(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def objects_of(bucket: Bucket, week: date) -> list[Stored]:
    """Describe the copies of a weekly export, and the records of its zips."""
    return [*bucket.objects(places.weekly(week)), *bucket.objects(places.packages(week))]


def write_manifest(bucket: Bucket, week: date, loose: Iterable[str], records: Iterable[str]) -> None:
    """Write the object that says which copies are the export; it comes last.

    :param loose: names of the files that came as they are.
    :param records: of the zips.
    """
    packages = [read_record(bucket, record) for record in sorted(records)]
    names = sorted({*loose, *(it["name"] for package in packages for it in package["files"])})
    copies = {it.name: it for it in bucket.objects(places.weekly(week))}
    found = [(name, copies[places.weekly(week) + name]) for name in names]
    files = [{"name": name, "bytes": copy.size, "sha256": copy.sha256} for name, copy in found]
    document: dict[str, Any] = {"week": str(week), "files": files}
    if packages:
        document["packages"] = [{key: it[key] for key in ("name", "bytes", "sha256")} for it in packages]
    bucket.put(places.weekly_manifest(week), json.dumps(document, indent=1).encode())


def _base_name(file: ArchiveFile) -> str:
    return file.name.rsplit("/", 1)[-1]


def record_of(week: date, file: ArchiveFile) -> str:
    """Return the object that says what was in a package: it is written when all of it is unpacked."""
    return f"{places.packages(week)}{_base_name(file)}.json"


def read_record(bucket: Bucket, record: str) -> dict[str, Any]:
    """Return what was in a package: its ``name``, ``bytes``, ``sha256`` and ``files``."""
    content = bucket.read(record)
    assert content is not None, record
    found: dict[str, Any] = json.loads(content)
    return found


def contents(bucket: Bucket, record: str) -> dict[str, str]:
    """Return the digests of a package's files by name."""
    return {it["name"]: it["sha256"] for it in read_record(bucket, record)["files"]}


def unpack_into(
    bucket: Bucket, week: date, file: ArchiveFile, local: Path, others: Mapping[str, str], token: str, limits: Limits
) -> dict[str, str]:
    """Put the members of a package into the bucket, and then its record; return their digests by name.

    :param local: the package itself.
    :param others: digests by name of the week's files that came otherwise.
    :param token: changes when the package may have changed.
    :raises RefusedPackage: when it cannot be used, or has a file that differs from one that came otherwise.
    """
    name = _base_name(file)
    if package_week(name) != week:
        raise RefusedPackage(f"a package of {week} in its folder", f"one of {package_week(name)}")
    with tempfile.TemporaryDirectory() as folder:
        # Twice through: a package that turns out to be damaged in its middle must not have replaced anything.
        found = {it.name: (it.sha256, it.size) for it in unpack(local, name, Path(folder), limits)}
        refuse_others({member: sha256 for member, (sha256, _) in found.items()}, others)
        for it in unpack(local, name, Path(folder), limits):
            if it.name not in others:
                bucket.put(places.weekly(week) + it.name, it.path, {"package": name})
    files = [{"name": member, "bytes": size, "sha256": sha256} for member, (sha256, size) in sorted(found.items())]
    record = {"name": name, "bytes": local.stat().st_size, "sha256": sha256_of(local), "files": files}
    bucket.put(record_of(week, file), json.dumps(record, indent=1).encode(), {"source_token": token})
    return {member: sha256 for member, (sha256, _) in found.items()}


def refuse_others(found: Mapping[str, str], others: Mapping[str, str]) -> None:
    """See to it that a name means one content in a week.

    :raises RefusedPackage: when a file of a package differs from one of its name that came otherwise.
    """
    if any(others.get(member, sha256) != sha256 for member, sha256 in found.items()):
        raise RefusedPackage("one file of a name in a week, or equal ones", "two that differ")


def hold_packages(
    bucket: Bucket, institution: str, refused: Mapping[date, tuple[ArchiveFile, RefusedPackage]], unsure: Iterable[date]
) -> None:
    """Hold the weeks whose package was refused, and release those whose packages are right again.

    :param unsure: weeks of which this look cannot tell.
    """
    for week, (file, error) in refused.items():
        problem = Problem(
            code="E-MIR-103",
            unit=f"{institution} {week}",
            file=file.path,
            expected=error.expected,
            found=error.found,
            done="nothing of the package was copied; its week waits, what was good before stays served",
            next="put a sound package, or its files, in its place; the next look goes on by itself",
        )
        bucket.put(places.quarantine_packages(week) + HELD, problem.to_json().encode(), MIRROR)
    kept = {places.quarantine_packages(week) + HELD for week in {*refused, *unsure}}
    held = bucket.match(f"{places.quarantine_packages('*')}{HELD}")
    bucket.delete(it.name for it in held if it.name not in kept)
