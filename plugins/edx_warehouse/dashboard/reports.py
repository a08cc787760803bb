"""Custom reports: one YAML document each, with parameters, SQL, columns and chart, and HTML and JavaScript if wanted."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edx_warehouse.dashboard.access import ROLES, SEES_SMALL_NUMBERS
from edx_warehouse.dashboard.panels import FORMATS, KINDS, LAYERS, PageReader, Panel
from edx_warehouse.dashboard.report_parameters import TYPES, Parameter
from edx_warehouse.dashboard.report_sql import columns_read, require_plain
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.yaml_files import read_yaml, refuse
from edx_warehouse.tables.privacy import restricted
from edx_warehouse.tables.references import parameters, references

LIBRARIES = {"echarts": "vendor/echarts/echarts.min.js"}
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = {"course_id", "window", "sort", "search", "page", "length", "part"}
_NEEDED = ("name", "title", "description", "page", "sql", "columns")
_OWN = ("roles", "tags", "author", "html", "javascript", "libraries", "height", "embedded")
_PANEL = ("chart", "sort", "whole", "whole_by", "link", "glossary")
KEYS = (*_NEEDED, "parameters", *_OWN, *_PANEL)
_LONGEST = 64 * 1024  # characters of SQL, HTML or JavaScript


@dataclass(frozen=True)
class Report(Panel):
    """A panel that others may write.

    :param page: ``course`` or ``institution``: what it is a report of.
    :param asks: its parameters, apart from ``@course_id``.
    :param roles: who sees it, of those who see the place; empty for all of them.
    :param html: shown with ``javascript`` in a frame of its own that may reach nothing.
    :param libraries: of :data:`LIBRARIES`, given to that frame.
    :param height: of that frame, in CSS pixels.
    :param embedded: whether it also stands on the place's own page.
    """

    page: str = "course"
    asks: tuple[Parameter, ...] = ()
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str = ""
    html: str = ""
    javascript: str = ""
    libraries: tuple[str, ...] = ()
    height: int = 420
    embedded: bool = False

    @property
    def address(self) -> str:
        """Return where the report is, below its place's own address."""
        return f"reports/{self.name}"

    @property
    def framed(self) -> bool:
        """Tell whether it has HTML or JavaScript of its own."""
        return bool(self.html or self.javascript)

    def is_for(self, roles: Iterable[str]) -> bool:
        """Tell whether somebody with these roles in the place may see it."""
        return not self.roles or bool(set(self.roles) & set(roles))


def read_reports(include: Path) -> tuple[Report, ...]:
    """Read ``include/reports/<name>.yaml``, by name.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    return tuple(read_report(include, path) for path in sorted((include / "reports").glob("*.yaml")))


def read_report(include: Path, path: Path) -> Report:
    """Read one report from a file that has its name.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    report = report_of(include, path, read_yaml(path))
    if report.name != path.stem:
        raise refuse(path, f"the name {path.stem}, as the file's", report.name, "rename one of them", key="name")
    return report


def report_of(include: Path, path: Path, document: Any) -> Report:
    """Return the report that a document declares.

    :param include: folder of the declarations, which say what each table has.
    :param path: what errors name.
    :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
    """
    return _Reader(include, path, document).report()


class _Reader:
    """Reads one document."""

    def __init__(self, include: Path, path: Path, document: Any) -> None:
        self.include = include
        self.path = path
        if not isinstance(document, dict):
            raise refuse(path, "keys and values", type(document).__name__, "see docs/reports.md")
        self.document: Mapping[str, Any] = document
        self._named: list[str] = []

    def report(self) -> Report:
        it = self.document
        self._require_forms()
        if it["page"] not in LAYERS:
            raise self._wrong("page", f"one of {', '.join(LAYERS)}", str(it["page"]), "correct it")
        asks = tuple(self._parameter(number, one) for number, one in enumerate(it.get("parameters") or []))
        made = self._query({one.name for one in asks})
        own = {key: tuple(it[key]) if isinstance(it[key], list) else it[key] for key in _OWN if it.get(key) is not None}
        panel_keys = ("name", "title", "description", "columns", *_PANEL)
        declared = {key: it[key] for key in panel_keys if it.get(key) is not None}
        panel = PageReader(self.include, it["page"], self.path).panel(declared, made)
        if [one.name for one in panel.columns] != self._named:
            raise self._wrong("columns", f"those of the query: {', '.join(self._named)}", "others", "correct them")
        declared_own: dict[str, Any] = {key: getattr(panel, key) for key in panel.__dataclass_fields__} | own
        report = Report(**declared_own | {"page": it["page"], "asks": asks})
        self._require_choices(report)
        return report

    def _require_forms(self) -> None:
        for key in self.document:
            if key not in KEYS:
                raise self._wrong(key, f"one of {', '.join(KEYS)}", key, "correct or remove the key")
        for key in _NEEDED:
            if not self.document.get(key):
                raise self._wrong(key, "a value", "none", "add the key")
        for key, value in self.document.items():
            form = _FORMS.get(key, str)
            if value is not None and (not isinstance(value, form) or (form is int and isinstance(value, bool))):
                raise self._wrong(key, f"a {_FORM_NAMES[form]}", type(value).__name__, "correct the value")
            if isinstance(value, str) and len(value) > _LONGEST:
                raise self._wrong(key, f"at most {_LONGEST} characters", str(len(value)), "shorten it")
        for key in ("roles", "tags", "libraries", "glossary"):
            if not all(isinstance(it, str) for it in self.document.get(key) or []):
                raise self._wrong(key, "a list of texts", "another value", "put the values in quotes")
        if not NAME.fullmatch(self.document["name"]):
            raise self._wrong("name", "small letters, digits and -", self.document["name"], "rename the report")
        for number, it in enumerate(self.document["columns"]):
            self._require_column(f"columns[{number}]", it)

    def _require_column(self, key: str, it: Any) -> None:
        if not isinstance(it, dict) or not {"name", "title"} <= set(it):
            raise self._wrong(key, "name and title", "none", "add them")
        # Whom a number tells of decides what is hidden: here it must be said.
        if it.get("kind", "label") not in KINDS or it.get("format", "text") not in FORMATS:
            raise self._wrong(
                key, f"kind of {', '.join(KINDS)}; format of {', '.join(FORMATS)}", "another", "correct it"
            )

    def _parameter(self, number: int, it: Any) -> Parameter:
        key = f"parameters[{number}]"
        if not isinstance(it, dict) or not {"name", "title", "type"} <= set(it) <= {
            "name",
            "title",
            "type",
            "default",
            "choices",
        }:
            raise self._wrong(key, "name, title and type; default and choices", "others", "correct the keys")
        if it["type"] not in TYPES:
            raise self._wrong(f"{key}.type", f"one of {', '.join(TYPES)}", str(it["type"]), "correct it")
        name = it["name"]
        if not isinstance(name, str) or not _WORD.fullmatch(name) or name in _RESERVED:
            raise self._wrong(f"{key}.name", "a word that is no address's own", str(name), "rename it")
        choices = tuple(it.get("choices") or ())
        if (it["type"] == "choice") != bool(choices) or not all(isinstance(one, str) for one in choices):
            raise self._wrong(f"{key}.choices", "texts, of the type choice", str(choices), "add or remove them")
        default = it.get("default", choices[0] if choices else "")
        parameter = Parameter(name, str(it["title"]), it["type"], str(default), choices)
        try:
            parameter.value(parameter.default)
        except ValueError as error:
            raise self._wrong(f"{key}.default", f"a value of {it['type']}", str(default), "correct it") from error
        return parameter

    def _query(self, asked: set[str]) -> dict[str, Any]:
        sql = self.document["sql"].strip()

        def wrong(expected: str, found: str, mend: str) -> Terminal:
            return self._wrong("sql", expected, found, mend)

        try:
            query = require_plain(sql, wrong)
            tables = tuple(sorted({str(it) for it in references(sql)}))
            used = tuple(parameters(sql))
        except Terminal as error:
            if error.problem.code == "E-CFG-101":
                raise
            raise wrong(error.problem.expected or "one SELECT", error.problem.found or "another", "mend it") from error
        if not tables:
            raise wrong("a table", "none", "read a declared table")
        if strange := set(used) ^ (asked | (set(used) & {"course_id"})):
            raise wrong(
                "each parameter both in parameters and in the query", ", ".join(sorted(strange)), "add or remove it"
            )
        for table in tables:
            self._require_allowed(table, columns_read(query))
        self._named = list(query.named_selects)
        return {"sql": sql, "tables": tables, "parameters": used}

    def _require_allowed(self, table: str, read: set[str]) -> None:
        """Refuse rows of persons unless the report is of those who may see them, and what policy tags guard always."""
        page = PageReader(self.include, self.document["page"], self.path)
        try:
            roles = set(self.document.get("roles") or [])
            if not roles or roles - SEES_SMALL_NUMBERS:
                page.require_small("sql", table)
            guarded = {it.rpartition(".")[2].lower() for it in restricted(page.table("sql", table).fields)}
        except Terminal as error:
            if "schemas" not in (error.problem.file or ""):
                raise
            raise self._wrong("sql", "a table of the warehouse", table, "correct the name") from error
        if guarded and (read & guarded or "*" in read):
            # The dashboard's account may be allowed what the viewer is not.
            found = ", ".join(sorted(read & (guarded | {"*"})))
            raise self._wrong("sql", f"no restricted columns of {table}", found, "name other columns")

    def _require_choices(self, report: Report) -> None:
        if unknown := set(report.roles) - set(ROLES):
            raise self._wrong("roles", f"some of {', '.join(ROLES)}", ", ".join(sorted(unknown)), "correct them")
        if unknown := set(report.libraries) - set(LIBRARIES):
            raise self._wrong(
                "libraries", f"some of {', '.join(LIBRARIES)}", ", ".join(sorted(unknown)), "correct them"
            )
        if not 100 <= report.height <= 4000:
            raise self._wrong("height", "100 to 4000", str(report.height), "correct it")

    def _wrong(self, key: str, expected: str, found: str, mend: str) -> Terminal:
        return refuse(self.path, expected, found, mend, key=key)


_FORMS: dict[str, type] = dict.fromkeys(("columns", "parameters", "roles", "tags", "libraries", "glossary"), list)
_FORMS |= {"chart": dict, "height": int, "embedded": bool, "whole": bool}
_FORM_NAMES = {str: "text", list: "list", dict: "mapping", int: "number", bool: "true or false"}
