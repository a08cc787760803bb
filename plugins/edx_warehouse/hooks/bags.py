"""The snapshots of an archive: which there are, whether they are what they say, and writing one whole or not at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from edx_warehouse.domain import bags, places
from edx_warehouse.domain.bags import BagName, Entry, Fault, Kind
from edx_warehouse.hooks.archive import Archive

_DATA = "data/"


class DamagedError(Exception):
    """A bag is not what its manifests say; ``faults`` tells how."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(f"{it.file} {it.kind}" for it in faults))
        self.faults = faults


@dataclass(frozen=True)
class Written:
    """What writing a bag took.

    :param moved: bytes that went to the archive.
    :param shared: bytes of files that the archive had already.
    """

    moved: int
    shared: int


class Bags:
    """The snapshots of one institution's archive."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def weeks(self) -> list[date]:
        """Return the weeks that have a folder of snapshots."""
        found = []
        for name in self.archive.folders(places.SNAPSHOTS):
            try:
                found.append(date.fromisoformat(name))
            except ValueError:  # a draft
                continue
        return found

    def of_week(self, week: date) -> dict[str, list[BagName]]:
        """Return the complete bags of a week by slug, the newest version last; what is being written is none."""
        found: dict[str, list[BagName]] = {}
        for folder in self.archive.folders(places.SNAPSHOTS, str(week)):
            name = BagName.parse(week, folder)
            # Where folders cannot be renamed, the declaration is written last.
            if name and self.archive.exists(name.folder, bags.DECLARATION):
                found.setdefault(name.slug, []).append(name)
        return {slug: sorted(names) for slug, names in found.items()}

    def payload(self, name: BagName) -> dict[str, str]:
        """Return the SHA-256 of each file that a bag lists, by path below ``data/``.

        :raises DamagedError: when the list cannot be read, or names paths outside of a week's folders.
        """
        try:
            listed = bags.parse_manifest(self.archive.read(self.archive.path(name.folder, bags.PAYLOAD)))
        except FileNotFoundError:
            raise DamagedError([Fault(Kind.MISSING, bags.PAYLOAD, "the file", "none")]) from None
        except ValueError:
            raise DamagedError([_unreadable(bags.PAYLOAD)]) from None
        if faults := bags.unsafe(listed):
            raise DamagedError(faults)
        return {path.removeprefix(_DATA): digest for path, digest in listed.items()}

    def tag(self, name: BagName, tag: str) -> bytes | None:
        """Return a tag file of a bag, if it has it."""
        try:
            return self.archive.read(self.archive.path(name.folder, tag))
        except FileNotFoundError:
            return None

    def faults(self, name: BagName) -> list[Fault]:
        """Read a whole bag back; return what is wrong with it, file by file."""
        return self._faults(self.archive.path(name.folder), frozenset())

    def fetch(self, name: BagName, folder: Path) -> dict[str, Path]:
        """Copy a bag's payload out of the archive; return the files by path below ``data/``.

        :raises DamagedError: when it is not what its manifests say.
        """
        faults = self._faults(self.archive.path(name.folder), frozenset(), only_tags=True)
        if faults:
            raise DamagedError(faults)
        listed = self.payload(name)
        files = {it.name: it for it in self.archive.files(name.folder) if it.name.startswith(_DATA)}
        found = {}
        for path, file in sorted(files.items()):
            local = folder / path
            if path.removeprefix(_DATA) not in listed:
                continue
            found[path] = self.archive.fetch(file, local) or "other than its size says"
        faults = bags.differences({_DATA + it: digest for it, digest in listed.items()}, found)
        faults += [
            Fault(Kind.EXTRA, it, "no such file", "one that no manifest lists") for it in sorted(files.keys() - found)
        ]
        if faults:
            raise DamagedError(faults)
        return {it: folder / f"{_DATA}{it}" for it in listed}

    def write(
        self,
        name: BagName,
        entries: Iterable[Entry],
        tags: Mapping[str, bytes],
        fetch: Callable[[Entry, Path], None],
        known: Mapping[str, str],
    ) -> Written:
        """Write a bag, read it back, and only then let it be seen.

        :param fetch: copies a file of the payload to a path.
        :param known: path in the archive of files that it has already, by SHA-256.
        :raises DamagedError: when the archive gives back something else; no bag is there then.
        :raises FileExistsError: when another writer was faster.
        """
        bag = self.archive.path(name.folder)
        renames = self.archive.placing.renames
        place = self.archive.draft() if renames else bag
        last = frozenset() if renames else frozenset({bags.DECLARATION})
        files = {_DATA + it.name: it for it in entries}
        try:
            if not renames:
                self.archive.discard(bag)  # what an earlier try left: no bag, as it was never declared one
            shared = {it for it, entry in files.items() if self._share(known.get(entry.sha256), f"{place}/{it}")}
            self._put(place, {it: entry for it, entry in files.items() if it not in shared}, fetch)
            for path, content in tags.items():
                if path not in last:
                    self.archive.write(f"{place}/{path}", content)
            faults = self._faults(place, last)
            if faults and shared.issuperset(it.file for it in faults):
                # What the archive had was damaged there: it is written anew, from what the bucket has.
                damaged = {it.file: files[it.file] for it in faults}
                shared -= damaged.keys()
                for path in damaged:
                    self.archive.discard(f"{place}/{path}")
                self._put(place, damaged, fetch)
                faults = self._faults(place, last)
            if faults:
                raise DamagedError(faults)
            for path in last:
                self.archive.write(f"{place}/{path}", tags[path])
            if renames:
                self.archive.placing.place(place, bag)
        finally:
            if renames:
                self.archive.discard(place)
        total = sum(it.size for it in files.values())
        moved = sum(it.size for path, it in files.items() if path not in shared)
        return Written(moved, total - moved)

    def _share(self, source: str | None, target: str) -> bool:
        if source is None:
            return False
        self.archive.placing.folder(target.rsplit("/", 1)[0])
        try:
            return self.archive.placing.share(source, target)
        except FileNotFoundError:
            return False

    def _put(self, place: str, entries: Mapping[str, Entry], fetch: Callable[[Entry, Path], None]) -> None:
        with TemporaryDirectory() as folder:
            local = Path(folder, "file")
            for path, entry in entries.items():
                fetch(entry, local)
                self.archive.write(f"{place}/{path}", local)

    def _faults(self, place: str, pending: frozenset[str], *, only_tags: bool = False) -> list[Fault]:
        """Return what is wrong with a bag at a path.

        :param pending: tag files that are not written yet.
        """
        found = {it.name: it.path for it in self.archive.files_at(place)}
        lists = {}
        for path in (bags.TAGS, bags.PAYLOAD):
            if path not in found:
                return [Fault(Kind.MISSING, path, "the file", "none")]
            try:
                lists[path] = bags.parse_manifest(self.archive.read(found[path]))
            except ValueError:
                return [_unreadable(path)]
        tags, payload = lists[bags.TAGS], lists[bags.PAYLOAD]
        listed = {path: digest for path, digest in tags.items() if path not in pending}
        if not only_tags:
            listed |= payload
        content = {
            path: self.archive.sha256(full)
            for path, full in sorted(found.items())
            if path != bags.TAGS and (not only_tags or not path.startswith(_DATA))
        }
        return bags.unsafe(payload) + bags.differences(listed, content)


def _unreadable(file: str) -> Fault:
    return Fault(Kind.UNREADABLE, file, "lines of a digest and a path", "something else")
