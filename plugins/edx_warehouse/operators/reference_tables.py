"""Loading the tables that are the same for all courses: countries, and where Internet addresses are."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Terminal, Transient
from edx_warehouse.exports.geoip import geoip_rows
from edx_warehouse.exports.json_lines import write_lines
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


class LoadReferenceOperator(InstitutionOperator):
    """Load what ``include/reference/`` holds, and the institution's own database of addresses, where it changed.

    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Load; return the tables that were made. When nothing changed one list of tables is all that is asked.

        :raises Terminal: ``E-REF-101`` when the database of addresses cannot be read; the others are loaded by then.
        """
        warehouse = self.warehouse("reference")
        served = warehouse.labels(places.REFERENCE_TABLES)
        made = []
        # The database last: it is the operator's, and whatever is wrong with it must not keep the others waiting.
        for table in sorted((it for it in self.catalog.values() if it.seed), key=lambda it: it.reference == GEOIP):
            source = self._source(table)
            wanted = _version(table, warehouse, source, self.institution.name)
            if served.get(table.name, {}).get("digest") != wanted.digest:
                made += [table.name] if self._load(warehouse, table, source, wanted, context)["made"] else []
        return {"made": made}

    def _source(self, table: Table) -> Path | ArchiveFile:
        assert table.seed is not None
        if table.reference != GEOIP or not self.institution.geoip:
            return table.seed
        try:
            return Archive(self.institution.geoip).file()
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

    def _load(
        self, warehouse: Warehouse, table: Table, source: Path | ArchiveFile, wanted: Version, context: Context
    ) -> dict[str, Any]:
        def produce(into: str, key: str) -> Any:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "rows.json.gz")
                write_lines(path, self._rows(table, source, Path(folder)))
                return warehouse.load_file(path, table.fields, into, key)

        return publish(warehouse, self.catalog, wanted, produce, context)

    def _rows(self, table: Table, source: Path | ArchiveFile, folder: Path) -> Iterable[bytes]:
        if isinstance(source, Path):
            return seed_rows(source, table.fields)
        fetched = folder / "database.zip"
        if Archive(self.institution.geoip).fetch(source, fetched) is None:
            raise Transient(
                Problem(
                    code="E-MIR-101",
                    unit=self.institution.name,
                    file=source.name,
                    expected="a file that is not being written",
                    found="one that changed while it was read",
                    done="the table is as it was before",
                    next="wait: the task tries again",
                )
            )
        return geoip_rows(fetched)


def _version(table: Table, warehouse: Warehouse, source: Path | ArchiveFile, institution: str) -> Version:
    inputs = {source.name: sha256_of(source) if isinstance(source, Path) else source.token}
    return Version(
        table=table,
        target=warehouse.reference(places.REFERENCE_TABLES, table.name),
        digest=digest(table.reference, None, table.fields, inputs, {}),
        inputs=inputs,
        labels={"institution": institution.lower()},
        course_id=None,
        uri=source.name,
    )
