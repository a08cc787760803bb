"""One Dag per institution: push finished weeks back to the HMDC archive."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import hmdc_snapshot

include = Path(__file__).resolve().parents[1] / "include"
registry = Registry.read(registry_path(include))
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, hmdc_snapshot.dag_id(institution)):
        hmdc_snapshot.declare(institution, registry)
