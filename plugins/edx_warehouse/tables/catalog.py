"""The catalog: every declared table, read from ``include/``, and the order in which they are built."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.remembered import remembered
from edx_warehouse.tables.declarations import LAYERS, LOGS, PARAMETERS, QUERIED, REFERENCE, Table
from edx_warehouse.tables.references import parameters, references
from edx_warehouse.tables.schema_files import read_table


class Catalog(Mapping[str, Table]):
    """All tables by ``layer.table``, in the order of layers and names."""

    def __init__(self, tables: Iterable[Table]) -> None:
        """Check that the tables fit one another.

        :raises Terminal: ``E-CFG-103`` for a reference nobody declares, ``E-CFG-104`` for a cycle, ``E-CFG-105`` for
            a table that cannot be kept by event date.
        """
        self._tables = {table.reference: table for table in tables}
        for table in self._tables.values():
            for reference in _reads(table):
                if reference not in self._tables:
                    raise _refuse("E-CFG-103", table, "declared tables only", reference, "declare it, or mend the name")
            self._check_dates(table)
        try:
            self._sorted = tuple(TopologicalSorter({it: self.inputs(it) for it in self._tables}).static_order())
        except CycleError as error:
            table = self._tables[error.args[1][0]]
            raise _refuse(
                "E-CFG-104", table, "tables that do not feed themselves", " -> ".join(error.args[1]), "break the cycle"
            ) from error

    @classmethod
    def read(cls, include: Path) -> "Catalog":
        """Read ``include/schemas/<layer>/*.yaml`` and ``include/sql/<layer>/*.sql``.

        :raises Terminal: ``E-CFG-101`` for YAML that cannot be read, ``E-CFG-102`` for a declaration that cannot be
            taken, ``E-CFG-103`` for a reference nobody declares, ``E-CFG-104`` for a cycle, ``E-CFG-105`` for a query
            that cannot be taken.
        """
        return _read(include)

    def __getitem__(self, reference: str) -> Table:
        return self._tables[reference]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        """Return a text that is the same in each process: Airflow writes it where a mapped task has a catalog."""
        return f"Catalog of {len(self)} tables"

    def _check_dates(self, table: Table) -> None:
        if not table.is_kept_by_date:
            if LOGS in table.references or table.look_back:
                raise _refuse("E-CFG-105", table, "@event_dates in its query", "none", "make single event dates")
            return
        if table.partition is None:
            raise _refuse("E-CFG-105", table, "a partition beside @event_dates", "none", "add it to the schema")
        if not table.references:
            raise _refuse("E-CFG-105", table, "a table to read the dates from", "none", f"read {LOGS} or another")
        for name in table.references:
            if name != LOGS and not self._tables[name].is_kept_by_date:
                expected = f"only {LOGS} and tables kept by event date beside @event_dates"
                raise _refuse("E-CFG-105", table, expected, name, "read it in a table that is made whole")

    def inputs(self, name: str) -> tuple[str, ...]:
        """Return the tables that a table's query reads, sorted; none when it is loaded."""
        return self._tables[name].references

    def order(self, names: Iterable[str]) -> list[str]:
        """Return the names so that each comes after its inputs; equal however they are given.

        :raises KeyError: for a table that is not declared.
        """
        wanted = {self._tables[name].reference for name in names}
        return [name for name in self._sorted if name in wanted]


@remembered("schemas", "sql", REFERENCE)
def _read(include: Path) -> Catalog:
    return Catalog(table for layer in LAYERS for table in _read_layer(include, layer))


def _read_layer(include: Path, layer: str) -> Iterator[Table]:
    schemas = {path.stem: path for path in (include / "schemas" / layer).glob("*.yaml")}
    queries = {path.stem: path for path in (include / "sql" / layer).glob("*.sql")}
    for name in sorted(schemas.keys() | queries.keys()):
        if name not in schemas:
            raise _refuse_file(queries[name], f"a schema schemas/{layer}/{name}.yaml", "none", "write it")
        if (name in queries) != (layer in QUERIED):
            expected = f"a query sql/{layer}/{name}.sql" if layer in QUERIED else f"no query in {layer}: it is loaded"
            raise _refuse_file(schemas[name], expected, "none" if name not in queries else "one", "write or remove it")
        table = read_table(schemas[name], layer)
        if layer == REFERENCE:
            seed = include / REFERENCE / f"{name}.csv"
            table = replace(table, seed=seed if seed.exists() else None)
        yield _with_query(table, queries[name]) if name in queries else table


def _with_query(table: Table, path: Path) -> Table:
    try:
        sql = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise _refuse_file(path, "a readable UTF-8 file", type(error).__name__, "correct the file") from error
    try:
        read = sorted({str(reference) for reference in references(sql)})
        used = tuple(parameters(sql))
    except Terminal as error:
        raise Terminal(replace(error.problem, unit=table.reference, file=str(path))) from error
    if unknown := sorted(set(used) - PARAMETERS.keys()):
        known = ", ".join(f"@{name}" for name in PARAMETERS)
        raise _refuse_file(path, f"only {known}", f"@{unknown[0]}", "use a declared parameter", code="E-CFG-105")
    return replace(table, sql=sql, references=tuple(read), parameters=used)


def _reads(table: Table) -> list[str]:
    """Return what a table's query and its claims read."""
    related = {claim["table"] for claim in (*table.checks, *table.warnings) if claim["claim"] == "relationship"}
    return sorted({*table.references, *related})


def _refuse(code: str, table: Table, expected: str, found: str, mend: str) -> Terminal:
    return Terminal(
        Problem(code=code, unit=table.reference, expected=expected, found=found, done="nothing was started", next=mend)
    )


def _refuse_file(path: Path, expected: str, found: str, mend: str, *, code: str = "E-CFG-102") -> Terminal:
    return Terminal(
        Problem(
            code=code,
            unit="declarations",
            file=str(path),
            expected=expected,
            found=found,
            done="nothing was started",
            next=mend,
        )
    )
