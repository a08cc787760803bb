"""One Dag per institution: build the windows of its courses."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import windows
from edx_warehouse.tables.catalog import Catalog

include = Path(__file__).resolve().parents[1] / "include"
catalog = Catalog.read(include)
registry = Registry.read(registry_path(include))
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, windows.dag_id(institution)):
        windows.declare(institution, registry, catalog)
