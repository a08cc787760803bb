"""One Dag per institution: bring new deliveries from the HMDC archive."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.pipelines import hmdc_mirror
from edx_warehouse.tables.catalog import Catalog

include = Path(__file__).resolve().parents[1] / "include"
registry, contracts, catalog = Registry.read(registry_path(include)), Contracts.read(include), Catalog.read(include)
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, hmdc_mirror.dag_id(institution)):
        hmdc_mirror.declare(institution, registry, contracts, catalog)
