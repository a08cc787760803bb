"""One Dag per institution: say what is late."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import freshness

include = Path(__file__).resolve().parents[1] / "include"
registry = Registry.read(registry_path(include))
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, freshness.dag_id(institution)):
        freshness.declare(institution, registry)
