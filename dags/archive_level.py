"""One Dag per institution: bring archive and bucket to the same history, by hand."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import archive_level

include = Path(__file__).resolve().parents[1] / "include"
registry = Registry.read(registry_path(include))
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, archive_level.dag_id(institution)):
        archive_level.declare(institution, registry)
