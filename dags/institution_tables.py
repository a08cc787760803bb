"""One Dag per institution: tables across its courses."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import institution_tables
from edx_warehouse.tables.catalog import Catalog

include = Path(__file__).resolve().parents[1] / "include"
registry, catalog = Registry.read(registry_path(include)), Catalog.read(include)
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, institution_tables.dag_id(institution)):
        institution_tables.declare(institution, registry, catalog)
