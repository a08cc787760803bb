"""Pages and panels as they are declared in ``include/dashboard``: a YAML file a page, a query a panel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.yaml_files import read_yaml, refuse
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.privacy import restricted
from edx_warehouse.tables.references import parameters, references
from edx_warehouse.tables.schema_files import read_table

KINDS = {
    "label": "text, a date or a number that names a row",
    "fact": "a number that is not of people",
    "people": "a number of people",
    "measure": "a number of what people did, or a mean over people; `of` names their number",
    "cumulative": "the running sum of the people column that `of` names",
}
FORMATS = ("text", "integer", "decimal", "percent", "date", "time", "hours")
CHARTS = ("tiles", "series", "bars", "none")
LAYERS = {"course": {"secondary", "transformed", "reference"}, "institution": {"report", "reference"}}
_PERSONS = {"user_id", "username"}


@dataclass(frozen=True)
class Column:
    """A column of a panel's query: what it is called, and whom it tells of.

    :param kind: one of :data:`KINDS`.
    :param of: of a measure or a running sum, the column of people that it is of.
    :param within: of a number of people, the columns of people that these are a part of.
    """

    name: str
    title: str
    kind: str = "label"
    format: str = "text"
    of: str = ""
    within: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Chart:
    """How a panel is drawn.

    :param kind: one of :data:`CHARTS`.
    :param x: column of the categories or of time.
    :param series: columns that are drawn; those of ``lines`` as lines on the right axis.
    """

    kind: str = "none"
    x: str = ""
    series: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    stacked: bool = False
    horizontal: bool = False
    top: int = 0


@dataclass(frozen=True)
class Panel:
    """A question to the warehouse that has an address of its own.

    :param whole: whether the rows are parts of a whole whose numbers are known elsewhere.
    :param whole_by: column whose values each have a whole of their own; empty for one.
    :param expand: column that names a row's parent, for rows that open; empty for none.
    :param link: column whose values name courses that rows lead to; empty for none.
    """

    name: str
    title: str
    description: str
    sql: str
    tables: tuple[str, ...]
    parameters: tuple[str, ...]
    columns: tuple[Column, ...]
    chart: Chart = field(default_factory=Chart)
    sort: str = ""
    whole: bool = False
    whole_by: str = ""
    expand: str = ""
    link: str = ""
    glossary: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return where the panel is, below its page's own address."""
        return self.name

    def column(self, name: str) -> Column | None:
        """Return a column by name."""
        return next((it for it in self.columns if it.name == name), None)

    def wholes(self, column: Column) -> set[str]:
        """Return the columns that a column is a part of, directly or by one between."""
        found = set(column.within)
        for name in column.within:
            whole = self.column(name)
            found |= self.wholes(whole) if whole else set()
        return found


@dataclass(frozen=True)
class Section:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Page:
    """What is shown of one course, or of one institution."""

    name: str
    title: str
    sections: tuple[Section, ...]

    def panel(self, name: str) -> Panel | None:
        """Return a panel by name."""
        return next((it for it in self if it.name == name), None)

    def __iter__(self) -> Iterator[Panel]:
        return (panel for section in self.sections for panel in section.panels)


@dataclass(frozen=True)
class Term:
    """A word of the glossary."""

    name: str
    meaning: str


def read_pages(include: Path) -> dict[str, Page]:
    """Read ``include/dashboard/<page>.yaml`` and its queries ``include/dashboard/<page>/<panel>.sql``.

    :raises Terminal: ``E-CFG-101`` naming file, key and the mend, for a panel that cannot be taken or that reads what no
        page may read.
    """
    return {name: PageReader(include, name).page() for name in LAYERS}


def read_glossary(include: Path) -> tuple[Term, ...]:
    """Read ``include/dashboard/glossary.yaml``."""
    return tuple(Term(name, meaning) for name, meaning in read_yaml(include / "dashboard" / "glossary.yaml").items())


class PageReader:
    """Reads one page.

    :param path: file that errors name; the page's own when not given.
    """

    def __init__(self, include: Path, name: str, path: Path | None = None) -> None:
        self.include = include
        self.name = name
        self.path = path or include / "dashboard" / f"{name}.yaml"

    def page(self) -> Page:
        """Return the page with its panels."""
        document = read_yaml(self.path)
        sections = tuple(
            Section(section["title"], tuple(self._panel(it) for it in section["panels"]))
            for section in document["sections"]
        )
        page = Page(self.name, document["title"], sections)
        names = [it.name for it in page]
        if len(set(names)) < len(names):
            raise self._wrong("each panel once", "one twice", "rename one of them", "panels")
        return page

    def _panel(self, value: Mapping[str, Any]) -> Panel:
        name = value["name"]
        path = self.path.with_suffix("") / f"{name}.sql"
        try:
            sql = path.read_text(encoding="utf-8").strip()
            tables = tuple(sorted({str(it) for it in references(sql)}))
            used = tuple(parameters(sql))
        except OSError as error:
            raise self._wrong(f"a query {path.name}", "none", "write it", name) from error
        except Terminal as error:
            raise self._wrong("one SELECT in GoogleSQL", error.problem.found, "mend it", name) from error
        for table in tables:
            self.require_small(name, table)
        if set(used) - {"course_id"}:
            raise self._wrong("@course_id only", ", ".join(used), "remove the others", name)
        return self.panel(value, {"sql": sql, "tables": tables, "parameters": used})

    def panel(self, value: Mapping[str, Any], made: Mapping[str, Any]) -> Panel:
        """Return a panel of a declaration and of what was made of its query."""
        name = value["name"]
        columns = tuple(self._column(name, it) for it in value["columns"])
        chart = Chart(**self._arguments(Chart, name, value.get("chart") or {}))
        panel = Panel(**self._arguments(Panel, name, value) | {"columns": columns, "chart": chart, **made})
        self._require_known(panel)
        return panel

    def _column(self, panel: str, value: Mapping[str, Any]) -> Column:
        column = Column(**self._arguments(Column, panel, value))
        if column.kind not in KINDS or column.format not in FORMATS:
            raise self._wrong("a known kind and format", f"{column.kind}, {column.format}", "correct it", panel)
        if column.kind in ("measure", "cumulative") and not column.of:
            raise self._wrong(f"`of` in {column.name}", "none", "say whose number it is", panel)
        return column

    def _arguments(self, kind: type[Any], panel: str, value: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(value) - {it.name for it in fields(kind)}):
            raise self._wrong(f"keys of a {kind.__name__.lower()}", ", ".join(unknown), "correct or remove them", panel)
        return {key: tuple(it) if isinstance(it, list) else it for key, it in value.items()}

    def _require_known(self, panel: Panel) -> None:
        """Refuse names that are no columns, and a column that would slip by the small cells."""
        people = {it.name for it in panel.columns if it.kind == "people"}
        known = {it.name for it in panel.columns}
        for column in panel.columns:
            for name in filter(None, (column.of, *column.within)):
                if name not in people:
                    raise self._wrong("a column of people", f"{name} in {column.name}", "correct it", panel.name)
        chart = panel.chart
        named = {chart.x, *chart.series, *chart.lines, panel.sort.lstrip("-"), panel.expand, panel.link, panel.whole_by}
        if unknown := sorted(named - known - {""}):
            raise self._wrong("columns of the panel", ", ".join(unknown), "correct the name", panel.name)
        if chart.kind not in CHARTS:
            raise self._wrong(f"one of {', '.join(CHARTS)}", chart.kind, "correct it", panel.name)

    def table(self, panel: str, table: str) -> Table:
        """Return what is declared of a table that this page may read."""
        layer, _, name = table.partition(".")
        if layer not in LAYERS[self.name]:
            raise self._wrong(f"tables of {', '.join(sorted(LAYERS[self.name]))}", table, "read another table", panel)
        return read_table(self.include / "schemas" / layer / f"{name}.yaml", layer)

    def require_small(self, panel: str, table: str) -> None:
        """Refuse tables with a row for each person or event, and those of another page."""
        declared = self.table(panel, table)
        persons = _PERSONS & {it.name for it in declared.fields}
        if persons or restricted(declared.fields):
            raise self._wrong("tables without rows of persons", table, "read a table of counts", panel)

    def _wrong(self, expected: str, found: str, mend: str, key: str) -> Terminal:
        return refuse(self.path, expected, found, mend, key=key)
