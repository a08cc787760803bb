"""Reading one ``include/schemas/<layer>/<table>.yaml``, and refusing what is doubtful in it."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.tables.declarations import Field, Table

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_TYPES = ("STRING", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP", "DATE", "RECORD")
_MODES = ("NULLABLE", "REQUIRED", "REPEATED")
_CLASSES = ("public", "restricted")
_CLUSTER_LIMIT = 4
_TABLE_DESCRIPTION = 4_000  # characters; provenance needs the rest of BigQuery's 16,384
_COLUMN_DESCRIPTION = 1_024
_NUMBER, _TEXT, _LIST = (int, float), (str,), (list,)
CLAIMS: dict[str, tuple[dict[str, tuple[type, ...]], dict[str, tuple[type, ...]]]] = {
    "not_negative": ({"columns": _LIST}, {}),
    "not_null": ({"columns": _LIST}, {}),
    "unique": ({"columns": _LIST}, {}),
    "accepted_values": ({"column": _TEXT, "values": _LIST}, {}),
    "range": ({"columns": _LIST}, {"min": _NUMBER, "max": _NUMBER}),
    "at_most": ({"column": _TEXT, "other": _TEXT}, {}),
    "rows_at_least": ({"rows": (int,)}, {}),
    "relationship": ({"column": _TEXT, "table": _TEXT, "other": _TEXT}, {}),
}
"""Kinds of claims, each with the keys it needs and those it may have."""


def read_table(path: Path, layer: str) -> Table:
    """Read a table's declaration; its query is not looked at.

    :raises Terminal: ``E-CFG-102`` (or ``E-CFG-101`` from the YAML itself) naming file, key and the mend.
    """
    return _Reader(path, layer).read()


class _Reader:
    """Turns one YAML document into a table."""

    def __init__(self, path: Path, layer: str) -> None:
        self.path = path
        self.layer = layer

    def read(self) -> Table:
        optional = {"grain", "partition", "look_back", "cluster", "checks", "warnings", "raw", "small"}
        it = self._mapping(read_yaml(self.path), "", {"description", "fields"}, optional)
        if not _NAME.fullmatch(self.path.stem):
            raise self._wrong("", "a file name of letters, digits and _", self.path.stem, "rename the file")
        fields = self._fields(it["fields"], "fields")
        columns = {field.name: field for field in fields}
        return Table(
            layer=self.layer,
            name=self.path.stem,
            description=self._description(it["description"], "description", _TABLE_DESCRIPTION),
            grain=self._grain(it, columns),
            partition=self._partition(it.get("partition"), columns),
            cluster=self._cluster(it.get("cluster"), columns),
            fields=fields,
            checks=self._claims(it.get("checks"), "checks", columns),
            warnings=self._claims(it.get("warnings"), "warnings", columns),
            look_back=self._look_back(it),
            raw=self._raw(it),
            small="raw" in it or self._small(it),
        )

    def _grain(self, it: dict[str, Any], columns: dict[str, Field]) -> tuple[str, ...]:
        if "grain" not in it and "raw" in it:
            return ()  # rows as edX delivered them, of which two may be the same
        if "grain" not in it:
            raise self._wrong("grain", "a value", "none", "add the key")
        return self._columns(it["grain"], "grain", columns)

    def _small(self, it: dict[str, Any]) -> bool:
        small = it.get("small", False)
        if type(small) is not bool or (small and self.layer != "transformed"):
            raise self._wrong("small", "true or false, in the layer transformed only", str(small), "remove the key")
        return small

    def _raw(self, it: dict[str, Any]) -> str | None:
        if "raw" in it and self.layer != "transformed":
            raise self._wrong("raw", "it in the layer transformed only", self.layer, "remove the key")
        return it.get("raw")

    def _fields(self, value: Any, key: str) -> tuple[Field, ...]:
        fields = tuple(self._field(item, f"{key}[{number}]") for number, item in enumerate(self._list(value, key)))
        seen: set[str] = set()
        for field in fields:
            # BigQuery does not tell apart names that differ by case alone.
            if field.name.lower() in seen:
                raise self._wrong(f"{key}.{field.name}", "each column once", "it twice", "remove one of them")
            seen.add(field.name.lower())
        return fields

    def _field(self, value: Any, key: str) -> Field:
        # "from" and "form" say how a column is made of a delivered file's: exports/raw_tables.py reads them.
        optional = {"mode", "fields", "privacy", "from", "form"}
        it = self._mapping(value, key, {"name", "type", "description"}, optional)
        name = it["name"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._wrong(f"{key}.name", "letters, digits and _", str(name), "correct the name")
        key = f"{key.rpartition('[')[0]}.{name}"
        kind = self._one_of(it["type"], f"{key}.type", _TYPES)
        if (kind == "RECORD") != ("fields" in it):
            raise self._wrong(f"{key}.fields", "fields in a RECORD, and only there", kind, "correct type or fields")
        if kind == "RECORD" and "privacy" in it:
            raise self._wrong(f"{key}.privacy", "a class of each field inside", "one of the RECORD", "write it there")
        return Field(
            name=name,
            type=kind,
            mode=self._one_of(it.get("mode", "NULLABLE"), f"{key}.mode", _MODES),
            description=self._description(it["description"], f"{key}.description", _COLUMN_DESCRIPTION),
            fields=self._fields(it["fields"], f"{key}.fields") if "fields" in it else (),
            privacy=self._one_of(it.get("privacy", "public"), f"{key}.privacy", _CLASSES),
        )

    def _partition(self, value: Any, columns: dict[str, Field]) -> str | None:
        if value is None:
            return None
        (name,) = self._columns([value], "partition", columns)
        if columns[name].type not in ("DATE", "TIMESTAMP"):
            raise self._wrong("partition", "a DATE or TIMESTAMP column", columns[name].type, "choose another column")
        return name

    def _look_back(self, it: dict[str, Any]) -> int:
        if "look_back" not in it:
            return 0
        days = it["look_back"]
        if type(days) is not int or days < 1:
            raise self._wrong("look_back", "a whole number of days from 1", str(days), "correct or remove it")
        if "partition" not in it:
            raise self._wrong("look_back", "a partition beside it", "none", "name the column of the event's date")
        return days

    def _cluster(self, value: Any, columns: dict[str, Field]) -> tuple[str, ...]:
        if value is None:
            return ()
        names = self._columns(value, "cluster", columns)
        if len(names) > _CLUSTER_LIMIT:
            raise self._wrong("cluster", f"at most {_CLUSTER_LIMIT} columns", str(len(names)), "keep the first")
        return names

    def _claims(self, value: Any, key: str, columns: dict[str, Field]) -> tuple[dict[str, Any], ...]:
        claims = self._list(value, key) if value is not None else []
        return tuple(self._claim(item, f"{key}[{number}]", columns) for number, item in enumerate(claims))

    def _claim(self, value: Any, key: str, columns: dict[str, Field]) -> dict[str, Any]:
        kind = self._one_of(value.get("claim") if isinstance(value, dict) else None, f"{key}.claim", CLAIMS)
        required, optional = CLAIMS[kind]
        it = self._mapping(value, key, {"claim", *required}, optional)
        for name, types in (required | optional).items():
            if name in it and (not isinstance(it[name], types) or isinstance(it[name], bool)):
                wanted = " or ".join(allowed.__name__ for allowed in types)
                raise self._wrong(f"{key}.{name}", f"a value of type {wanted}", type(it[name]).__name__, "correct it")
        if kind == "range" and not it.keys() & optional.keys():
            raise self._wrong(key, "min, max or both", "neither", "add one")
        named = [*it.get("columns", []), *([it["column"]] if "column" in it else [])]
        if named:
            self._columns(named + ([it["other"]] if kind == "at_most" else []), key, columns)
        if kind == "relationship" and not (
            re.fullmatch(r"[a-z]+\.[A-Za-z0-9_]+", it["table"]) and _NAME.fullmatch(it["other"])
        ):
            raise self._wrong(key, "table: layer.table and other: its column", "another form", "correct it")
        if kind == "accepted_values" and not all(type(item) in (str, int) for item in it["values"]):
            raise self._wrong(f"{key}.values", "texts or whole numbers", "another type", "correct them")
        return it

    def _columns(self, value: Any, key: str, columns: dict[str, Field]) -> tuple[str, ...]:
        names = self._list(value, key)
        for name in names:
            if not isinstance(name, str) or name not in columns:
                raise self._wrong(key, "columns of this table", str(name), "correct the name")
            if columns[name].type == "RECORD" or columns[name].mode == "REPEATED":
                raise self._wrong(key, "columns of a single value", str(name), "choose another column")
        if len(set(names)) != len(names):
            raise self._wrong(key, "each column once", "one twice", "remove it")
        return tuple(names)

    def _mapping(self, value: Any, key: str, required: Iterable[str], optional: Iterable[str]) -> dict[str, Any]:
        required, known = set(required), {*required, *optional}
        if not isinstance(value, dict):
            raise self._wrong(key, "keys and values", type(value).__name__, "see docs/adding-a-table.md")
        for name in value:
            if name not in known:
                raise self._wrong(
                    f"{key}.{name}".lstrip("."), f"one of {', '.join(sorted(known))}", name, "correct or remove the key"
                )
        for name in sorted(required - value.keys()):
            raise self._wrong(f"{key}.{name}".lstrip("."), "a value", "none", "add the key")
        return value

    def _list(self, value: Any, key: str) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise self._wrong(key, "a list with entries", type(value).__name__, "begin each entry with a dash")
        return value

    def _one_of(self, value: Any, key: str, known: Iterable[str]) -> str:
        if not isinstance(value, str) or value not in known:
            raise self._wrong(key, f"one of {', '.join(known)}", str(value), "correct the value")
        return value

    def _description(self, value: Any, key: str, limit: int) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "a description", "none", "say what it means")
        if len(text := value.strip()) > limit:
            raise self._wrong(key, f"at most {limit} characters", str(len(text)), "say it shorter")
        return text

    def _wrong(self, key: str, expected: str, found: str, mend: str) -> Terminal:
        return Terminal(
            Problem(
                code="E-CFG-102",
                unit=f"{self.layer}.{self.path.stem}",
                file=str(self.path),
                field=key or None,
                expected=expected,
                found=found,
                done="nothing was started",
                next=mend,
            )
        )
