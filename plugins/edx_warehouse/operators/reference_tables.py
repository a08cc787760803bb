"""Loading the tables that are the same for all courses: countries, places of addresses, and the lists of the office."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Terminal, Transient
from edx_warehouse.exports.geoip import geoip_rows
from edx_warehouse.hooks.archive import Archive, ArchiveFile
from edx_warehouse.hooks.bucket import sha256_of
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.seeds import seed_rows

GEOIP = "reference.geoip_networks"


@dataclass(frozen=True)
class Source:
    """What a reference table is made of.

    :param name: of the file or object.
    :param token: changes with its content.
    :param fill: fills the table it is given by a job with the key it is given.
    :param rows: how many it has, where that is known.
    """

    name: str
    token: str
    uri: str
    fill: Callable[[str, str], Any]
    rows: int | None = None


class LoadReferenceOperator(InstitutionOperator):
    """Load reference tables where their sources changed.

    A source is a file of ``include/reference/``, the institution's own database of addresses, or a list of its office as
    it was converted last. A list that never came has no table.

    :param tables: their names without the layer.
    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, tables: Sequence[str], catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Load; return the tables that were made. When nothing changed one list of tables is all that is asked.

        :raises Terminal: ``E-REF-101`` when the database of addresses cannot be read; the others are loaded by then.
            ``E-CHK-102`` for rows that break a claim; what was served stays served.
        """
        warehouse = self.warehouse(self.institution.name)
        served = warehouse.labels(places.REFERENCE_TABLES)
        made = []
        declared = [self.catalog[f"reference.{name}"] for name in self.tables]
        # The database last: it is the operator's, and whatever is wrong with it must not keep the others waiting.
        for table in sorted(declared, key=lambda it: it.reference == GEOIP):
            source = self._source(table, warehouse)
            wanted = self._version(table, warehouse, source) if source else None
            if source and wanted and served.get(table.name, {}).get("digest") != wanted.digest:
                result = publish(warehouse, self.catalog, wanted, source.fill, context)
                made += [table.name] if result["made"] else []
        return {"made": made}

    def _source(self, table: Table, warehouse: Warehouse) -> Source | None:
        if table.reference == GEOIP and self.institution.geoip:
            return self._database(table, warehouse)
        if table.seed:
            seed = table.seed
            fill = _fill(table, warehouse, lambda _: seed_rows(seed, table.fields))
            return Source(seed.name, sha256_of(seed), seed.name, fill)
        bucket = self.bucket()
        stored = bucket.stat(f"reference/{table.name}.json.gz")
        if not stored:
            return None
        uri = bucket.uri(stored.name)
        return Source(
            name=stored.name,
            token=stored.sha256,
            uri=uri,
            fill=lambda into, key: warehouse.load(uri, table.fields, into, key),
            rows=int(stored.metadata["rows"]),
        )

    def _database(self, table: Table, warehouse: Warehouse) -> Source:
        try:
            file = Archive(self.institution.geoip).file()
        except FileNotFoundError as error:
            raise Terminal(
                Problem(
                    code="E-REF-101",
                    unit=self.institution.name,
                    field=f"institutions.{self.institution.name}.geoip",
                    expected="a file",
                    found="none",
                    done="the table is as it was before",
                    next="put the file where the registry says, or correct the registry; then clear this task",
                )
            ) from error
        fill = _fill(table, warehouse, lambda folder: self._places(file, folder))
        return Source(file.name, file.token, file.name, fill)

    def _places(self, file: ArchiveFile, folder: Path) -> Iterable[bytes]:
        fetched = folder / "database.zip"
        if Archive(self.institution.geoip).fetch(file, fetched) is None:
            raise Transient(
                Problem(
                    code="E-MIR-101",
                    unit=self.institution.name,
                    file=file.name,
                    expected="a file that is not being written",
                    found="one that changed while it was read",
                    done="the table is as it was before",
                    next="wait: the task tries again",
                )
            )
        return geoip_rows(fetched)

    def _version(self, table: Table, warehouse: Warehouse, source: Source) -> Version:
        inputs = {source.name: source.token}
        return Version(
            table=table,
            target=warehouse.reference(places.REFERENCE_TABLES, table.name),
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels={"institution": self.institution.name.lower()},
            course_id=None,
            rows_in=source.rows,
            uri=source.uri,
        )


def _fill(table: Table, warehouse: Warehouse, rows: Callable[[Path], Iterable[bytes]]) -> Callable[[str, str], Any]:
    def fill(into: str, key: str) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.json")
            with path.open("wb") as file:
                file.writelines(rows(Path(folder)))
            return warehouse.load_file(path, table.fields, into, key)

    return fill
