"""Whether a log day is of the usual size: fewer lines or files than its weekday mostly has are told, never held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from edx_warehouse.domain import places
from edx_warehouse.exports.day_manifest import DayManifest
from edx_warehouse.hooks.bucket import Bucket

_WEEKS, _LEAST = 4, 3


@dataclass(frozen=True)
class Volume:
    """Lines and files of a delivered day; replays do not count."""

    lines: int
    files: int

    @classmethod
    def of(cls, manifest: DayManifest) -> "Volume":
        """Return the volume of a day that was split."""
        delivered = [it for it in manifest.sources if not places.is_replay(it.name)]
        return cls(sum(it.lines for it in delivered), len(delivered))


def volumes(bucket: Bucket) -> dict[date, Volume]:
    """Return the volumes of the days that are split, as their manifests' metadata tell them."""
    return {
        date.fromisoformat(it.name.removeprefix(places.SPLITS).removesuffix(".manifest.json")): Volume(
            int(it.metadata["lines"]), int(it.metadata["files"])
        )
        for it in bucket.objects(places.SPLITS)
        if "lines" in it.metadata and "files" in it.metadata
    }


def suspicion(day: date, volume: Volume, known: Mapping[date, Volume]) -> str | None:
    """Say what is suspicious about a day's volume, by the same weekday of the four weeks before; None when nothing is.

    Fewer than half of the median's lines, or fewer files than the median; silent with fewer than three days to judge by.
    """
    before = [known[it] for weeks in range(1, _WEEKS + 1) if (it := day - timedelta(weeks=weeks)) in known]
    if len(before) < _LEAST:
        return None
    lines, files = median(it.lines for it in before), median(it.files for it in before)
    if 2 * volume.lines < lines:
        return f"{volume.lines} lines, where this weekday mostly has {lines:.0f}"
    if volume.files < files:
        return f"{volume.files} files, where this weekday mostly has {files:.0f}"
    return None
