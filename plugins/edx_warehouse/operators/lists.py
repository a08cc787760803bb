"""Loading the lists that an institution's office keeps by hand."""

from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.exports.reference_lists import LISTS
from edx_warehouse.hooks.bucket import Bucket, Stored
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.provenance import digest


class LoadListsOperator(InstitutionOperator):
    """Load the course listing and the staff list as they were converted last, where they changed.

    A list that never came has no table.

    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Load; return the tables that were made. When nothing changed one list of tables is all that is asked.

        :raises Terminal: ``E-CHK-102`` for a list with two rows of one grain; what was served stays served.
        """
        bucket, warehouse = self.bucket(), self.warehouse(self.institution.name)
        served = warehouse.labels(places.REFERENCE_TABLES)
        made = []
        for name in LISTS:
            stored = bucket.stat(f"reference/{name}.json.gz")
            wanted = self._version(bucket, warehouse, name, stored) if stored else None
            if wanted and served.get(name, {}).get("digest") != wanted.digest:
                made += [name] if _load(warehouse, self.catalog, wanted, context)["made"] else []
        return {"made": made}

    def _version(self, bucket: Bucket, warehouse: Warehouse, name: str, stored: Stored) -> Version:
        table, inputs = self.catalog[f"reference.{name}"], {stored.name: stored.sha256}
        return Version(
            table=table,
            target=warehouse.reference(places.REFERENCE_TABLES, name),
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels={"institution": self.institution.name.lower()},
            course_id=None,
            rows_in=int(stored.metadata["rows"]),
            uri=bucket.uri(stored.name),
        )


def _load(warehouse: Warehouse, catalog: Catalog, wanted: Version, context: Context) -> dict[str, Any]:
    def produce(into: str, key: str) -> Any:
        return warehouse.load(wanted.uri or "", wanted.table.fields, into, key)

    return publish(warehouse, catalog, wanted, produce, context)
