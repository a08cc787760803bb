"""Tables that hold the rows of one delivered file: which columns they take, as their schema files say.

``include/schemas/transformed/<table>.yaml`` with ``raw: <canonical name>`` is such a table. Its types are those of the
contract, so nothing is said twice but the columns that are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edx_warehouse.domain.yaml_files import read_yaml, refuse

if TYPE_CHECKING:  # it reads these tables with the contracts
    from edx_warehouse.exports.contracts import Column, Contract

_BLOCK_ID = "block_id"
_COURSE = "course_id"


@dataclass(frozen=True)
class RawTable:
    """A table that holds the rows of a delivered file.

    :param name: of the table, in the layer ``transformed``.
    :param members: column of the file and column of the table, in the table's order.
    :param blocks: columns of the file that are ids of content blocks.
    """

    name: str
    members: tuple[tuple[str, str], ...]
    blocks: frozenset[str]

    @property
    def path(self) -> str:
        """Where its rows are written."""
        return f"transformed/{self.name}.json.gz"

    @property
    def recipe(self) -> list[Any]:
        """What its rows depend on beside the file: equal recipes, equal rows."""
        return [self.name, self.members, sorted(self.blocks)]


def read_raw_tables(include_dir: Path, contracts: Mapping[str, "Contract"]) -> dict[str, RawTable]:
    """Read those of ``schemas/transformed/*.yaml`` that name a file; return them by its canonical name.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    tables: dict[str, RawTable] = {}
    for path in sorted((include_dir / "schemas" / "transformed").glob("*.yaml")):
        document = read_yaml(path)
        raw = document.get("raw") if isinstance(document, dict) else None
        if raw is None:
            continue
        if raw not in contracts:
            raise refuse(path, "a file with a contract in schemas/raw", repr(raw), "correct the name", key="raw")
        if raw in tables:
            raise refuse(path, "one table of each file", f"{tables[raw].name} too", "remove one of them", key="raw")
        tables[raw] = _table(path, document.get("fields") or (), contracts[raw])
    return tables


def _table(path: Path, fields: Any, contract: "Contract") -> RawTable:
    columns = {column.name: column for column in contract.loaded}
    members, blocks = [], []
    for field in fields:
        name, key = field.get("name"), f"fields.{field.get('name')}"
        column = columns.get(field.get("from", name))
        if column is None:
            raise refuse(path, f"a column of raw/{contract.name}", "none of that name", "correct name or from", key=key)
        _agree(path, key, field, column)
        members.append((column.name, name))
        if field.get("form") == _BLOCK_ID:
            blocks.append(column.name)
    if _COURSE in columns and _COURSE not in dict(members):
        # Without it nobody could tell a course's own rows.
        raise refuse(path, f"{_COURSE} among the fields", "none", "add it", key="fields")
    return RawTable(path.stem, tuple(members), frozenset(blocks))


def _agree(path: Path, key: str, field: Mapping[str, Any], column: "Column") -> None:
    if field.get("type") != column.type:
        raise refuse(path, column.type, repr(field.get("type")), "write the contract's type", key=f"{key}.type")
    if field.get("mode") == "REQUIRED" and not (column.required or column.name == _COURSE):
        raise refuse(path, "NULLABLE, as in the contract", "REQUIRED", "remove the mode", key=f"{key}.mode")
    if field.get("form") not in (None, _BLOCK_ID):
        raise refuse(path, _BLOCK_ID, repr(field["form"]), "correct or remove the key", key=f"{key}.form")
