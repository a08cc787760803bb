"""Which account a person of a course is, by the ids that files beside the weekly export have."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from isal import igzip

#: Converted tables of the course's week that are read, when they are there.
TABLES = ("users", "user_id_map", "student_anonymoususerid")


class Keys(NamedTuple):
    """What a row says of a person; ``external_reference`` is any of the first three."""

    user_id: str | None = None
    username: str | None = None
    anonymous_id: str | None = None
    external_reference: str | None = None
    email: str | None = None

    @property
    def spellings(self) -> Iterator[tuple[str, str]]:
        """Each kind of id with the text that may be one, the most trustworthy first; case is of no matter."""
        named = (("id", self.user_id), ("username", self.username), ("anonymous", self.anonymous_id))
        other = self.external_reference
        for kind, text in (*named, ("anonymous", other), ("id", other), ("username", other), ("email", self.email)):
            if text:
                yield kind, text.casefold()


class People:
    """The accounts behind some keys: others are not kept, however many a course has.

    :param tables: canonical name to a converted table ``raw/<name>.csv.gz`` of the week.
    """

    def __init__(self, keys: Iterable[Keys], tables: Mapping[str, Path]) -> None:
        self._found: dict[tuple[str, str], int | None] = {it: None for key in keys for it in key.spellings}
        if "users" in tables:
            for row in _rows(tables["users"]):
                person = int(row["id"])
                for kind, text in (("id", row["id"]), ("username", row["username"]), ("email", row.get("email", ""))):
                    self._take(kind, text, person)
        if "user_id_map" in tables:
            for row in _rows(tables["user_id_map"]):
                self._take("anonymous", row["hash_id"], int(row["id"]))
        if "student_anonymoususerid" in tables:
            for row in _rows(tables["student_anonymoususerid"]):
                self._take("anonymous", row["anonymous_user_id"], int(row["user_id"]))

    def user_id(self, keys: Keys) -> int | None:
        """Return the account of the first key that is one's; None when none is."""
        return next((found for it in keys.spellings if (found := self._found.get(it)) is not None), None)

    def _take(self, kind: str, text: str, person: int) -> None:
        key = (kind, text.casefold())
        if key in self._found:
            known = self._found[key]
            # Of several accounts with one address the oldest: the same one whatever the order of the rows.
            self._found[key] = person if known is None else min(known, person)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with io.TextIOWrapper(cast("BinaryIO", igzip.open(path, "rb")), "utf-8", newline="") as stream:
        yield from csv.DictReader(stream)
