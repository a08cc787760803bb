"""Contracts: what edX promised about each table of a weekly export, and whether a header keeps it."""

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edx_warehouse.domain.remembered import remembered
from edx_warehouse.domain.yaml_files import read_yaml, refuse
from edx_warehouse.exports.raw_tables import RawTable, read_raw_tables

TYPES = frozenset({"STRING", "INTEGER", "FLOAT", "TIMESTAMP"})
CLASSES = frozenset({"public", "restricted", "never"})
ESCAPINGS = frozenset({"mysql", "doubled_backslashes", "csv", "json"})
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Column:
    """A column of an export.

    :param type: STRING, INTEGER, FLOAT or TIMESTAMP.
    :param privacy: public, restricted or never; what is never loaded does not leave the landing prefix.
    :param required: every row has a value.
    :param optional: the whole column may be absent, as in older exports.
    :param aliases: other names of the column.
    """

    name: str
    type: str
    privacy: str
    description: str
    required: bool = False
    optional: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One difference between a header and its contract.

    :param kind: added, removed, renamed (a guess), reordered or unreadable.
    :param column: the column concerned: of the contract, or the new one when it was added.
    :param found: a sentence for people.
    :param held: it holds the week.
    :param near: the new name that a renamed column may have.
    """

    kind: str
    column: str | None
    found: str
    held: bool = False
    near: str | None = None


@dataclass(frozen=True)
class Layout:
    """Where a delivered file has the columns of its contract.

    :param width: fields in each row.
    :param columns: the columns that are loaded, in contract order.
    :param positions: for each of them its place in the row; None when the file does not have it.
    :param changes: what is different from the contract and was accepted.
    """

    width: int
    columns: tuple[Column, ...]
    positions: tuple[int | None, ...]
    changes: tuple[Change, ...]

    @property
    def drift(self) -> tuple[str, ...]:
        """The changes in sentences."""
        return tuple(change.found for change in self.changes)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the file has, by their names in the contract; then those that the contract lacks."""
        known = [it.name for it, place in zip(self.columns, self.positions, strict=True) if place is not None]
        return *known, *sorted(it.column for it in self.changes if it.kind == "added" and it.column)


class Broken(Exception):
    """A header that does not keep its contract.

    :param changes: all that is different, also what would be accepted by itself.
    """

    def __init__(self, expected: str, found: str, mend: str, changes: Sequence[Change] = ()) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found
        self.mend = mend
        self.changes = tuple(changes) or (Change("unreadable", None, f"{found}; expected {expected}", held=True),)


@dataclass(frozen=True)
class Contract:
    """What one table of the export looks like."""

    name: str
    source: str
    escaping: str
    description: str
    columns: tuple[Column, ...]

    @property
    def loaded(self) -> tuple[Column, ...]:
        """The columns that may leave the landing prefix."""
        return tuple(column for column in self.columns if column.privacy != "never")

    def layout(self, header: Sequence[str]) -> Layout:
        """Find the columns in a header, by name.

        :raises Broken: when a column that must be there is missing, or a name is there twice.
        """
        self._refuse_no_header(header)
        twice = sorted(shown(name) for name, count in Counter(header).items() if count > 1)
        if twice:
            raise Broken("each column once", f"{', '.join(twice)} more than once", "ask edX for a corrected export")
        names = {alias: column.name for column in self.columns for alias in (column.name, *column.aliases)}
        known = Counter(names[name] for name in header if name in names)
        twice = sorted(name for name, count in known.items() if count > 1)
        if twice:
            raise Broken("each column once", f"{', '.join(twice)} under two names", "ask edX for a corrected export")
        changes = self._changes(header, names, known)
        if any(change.held for change in changes):
            gone = [column.name for column in self.columns if column.name not in known and not column.optional]
            raise Broken(*_difference(gone, [name for name in header if name not in names]), changes)
        places = {names[name]: place for place, name in enumerate(header) if name in names}
        return Layout(
            len(header), self.loaded, tuple(places.get(column.name) for column in self.loaded), tuple(changes)
        )

    def _changes(self, header: Sequence[str], names: Mapping[str, str], known: Collection[str]) -> list[Change]:
        added = [name for name in header if name not in names]
        changes = [
            Change("added", shown(name), f"column {shown(name)} is new: not loaded until it is in the contract")
            for name in added
        ]
        missing = [column for column in self.columns if column.name not in known]
        guesses = _guesses([column.name for column in missing], added)
        for column in missing:
            if column.optional and column.privacy == "never":
                continue
            near = guesses.get(column.name)
            what = f"column {column.name} is absent" + (": NULL" if column.optional else "")
            changes.append(
                Change(
                    "renamed" if near else "removed",
                    column.name,
                    f'{what}; near-match "{shown(near)}": renamed?' if near else what,
                    held=not column.optional,
                    near=shown(near) if near else None,
                )
            )
        order = [names[name] for name in header if name in names]
        if order != [column.name for column in self.columns if column.name in known]:
            changes.append(Change("reordered", None, "columns in another order: read by name"))
        return changes

    def _refuse_no_header(self, header: Sequence[str]) -> None:
        sign = "commas" if self.escaping == "csv" else "tabs"
        expected = f"a header of {len(self.columns)} columns with {sign} between them"
        if len(header) == 1 and self.escaping != "csv":
            for sign, word in ((",", "comma"), (";", "semicolon"), ("|", "pipe")):
                if sign in header[0]:
                    raise Broken(expected, f"one that looks {word}-separated", "ask edX for a tab-separated export")
        names = {alias for column in self.columns for alias in (column.name, *column.aliases)}
        must = sum(not column.optional for column in self.columns)
        if 2 * sum(name in names for name in header) < must:
            # Names would be shown below; without a header they would be a learner's data.
            raise Broken(
                expected,
                f"a first line of {len(header)} fields, fewer than half of them columns of {self.source}",
                "see whether the file has a header line and is the table its name says",
            )


def shown(name: str) -> str:
    """Return a name if it looks like one; anything else may be a learner's data."""
    return name if _COLUMN_NAME.fullmatch(name) else "(a name that is no identifier)"


def _guesses(missing: Iterable[str], added: Iterable[str]) -> dict[str, str]:
    """Return for each missing column the new one that it may have been renamed to, if there is one like it."""
    left = list(added)
    guesses = {}
    for name in missing:
        near = difflib.get_close_matches(name, left, n=1, cutoff=0.6)
        if near:
            left.remove(near[0])
            guesses[name] = near[0]
    return guesses


def _difference(gone: Sequence[str], added: Sequence[str]) -> tuple[str, str, str]:
    guesses = _guesses(gone, added)
    left = [name for name in added if name not in guesses.values()]
    found, aliases = [], []
    for name in gone:
        if near := guesses.get(name):
            found.append(f'near-match "{shown(near)}" for "{name}": renamed?')
            aliases.append(f"{shown(near)} as an alias of {name}")
        else:
            found.append(f'no "{name}": removed?')
    mend = "ask edX for a corrected export"
    if aliases:
        mend = f"add {', '.join(aliases)} to the contract, or {mend}"
    if left:
        found.append(f"new columns {', '.join(shown(name) for name in left)}")
    return f"column {', '.join(f'"{name}"' for name in gone)}", "; ".join(found), mend


@dataclass(frozen=True)
class Contracts:
    """All contracts, by canonical name.

    :param fingerprint: SHA-256 over the files they were read from, and over what the tables take of them.
    :param tables: the tables that hold the rows of one file, by its canonical name.
    """

    by_name: Mapping[str, Contract]
    fingerprint: str
    tables: Mapping[str, RawTable]

    @classmethod
    def read(cls, include_dir: Path) -> "Contracts":
        """Read ``schemas/raw/*.yaml``, and what ``schemas/transformed/*.yaml`` take of the files' columns.

        :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
        """
        return _read(include_dir)

    def get(self, name: str) -> Contract | None:
        """Return a table's contract; None for a table that nobody has classified."""
        return self.by_name.get(name)


@remembered("schemas/raw", "schemas/transformed")
def _read(include_dir: Path) -> Contracts:
    contracts = {}
    digest = hashlib.sha256()
    for path in sorted((include_dir / "schemas" / "raw").glob("*.yaml")):
        contracts[path.stem] = _contract(path)
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    tables = read_raw_tables(include_dir, contracts)
    digest.update(json.dumps([[raw, it.recipe] for raw, it in sorted(tables.items())]).encode())
    return Contracts(contracts, digest.hexdigest(), tables)


def _contract(path: Path) -> Contract:
    document = read_yaml(path)
    _keys(path, "", document, {"description", "source", "escaping", "columns"})
    if document["escaping"] not in ESCAPINGS:
        raise refuse(path, f"one of {sorted(ESCAPINGS)}", repr(document["escaping"]), "correct it", key="escaping")
    if not isinstance(document["columns"], list) or not document["columns"]:
        raise refuse(path, "a list of columns", type(document["columns"]).__name__, "list them", key="columns")
    columns = tuple(_column(path, f"columns[{number}]", value) for number, value in enumerate(document["columns"]))
    names = Counter(name for column in columns for name in (column.name, *column.aliases))
    for name, count in names.items():
        if count > 1:
            raise refuse(path, "each name once", f"{name} {count} times", "keep one of them", key=name)
    return Contract(path.stem, document["source"], document["escaping"], document["description"], columns)


def _column(path: Path, key: str, value: Any) -> Column:
    _keys(path, key, value, {"name", "type", "class", "description"}, {"required", "optional", "aliases"})
    for field, allowed in (("type", TYPES), ("class", CLASSES)):
        if value[field] not in allowed:
            raise refuse(path, f"one of {sorted(allowed)}", repr(value[field]), "correct it", key=f"{key}.{field}")
    column = Column(
        name=value["name"],
        type=value["type"],
        privacy=value["class"],
        description=value["description"],
        required=value.get("required") is True,
        optional=value.get("optional") is True,
        aliases=tuple(value.get("aliases") or ()),
    )
    if column.required and (column.optional or column.privacy == "never"):
        raise refuse(path, "a required column that is always loaded", "optional or never", "decide", key=key)
    return column


def _keys(path: Path, key: str, value: Any, needed: set[str], allowed: set[str] | None = None) -> None:
    if not isinstance(value, dict):
        raise refuse(path, "keys and values", type(value).__name__, "see docs/weekly-exports.md", key=key or None)
    for name in sorted(needed - set(value)):
        raise refuse(path, "a value", "none", "add the key", key=f"{key}.{name}".lstrip("."))
    for name in value:
        if name not in needed | (allowed or set()):
            raise refuse(path, f"one of {sorted(needed | (allowed or set()))}", name, "remove it", key=key or name)
