"""One Dag per institution: rebuild course weeks from the archive's snapshots, by hand."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import archive_restore

include = Path(__file__).resolve().parents[1] / "include"
registry = Registry.read(registry_path(include))
wanted = get_parsing_context().dag_id

for institution in registry.institutions:
    if wanted in (None, archive_restore.dag_id(institution)):
        archive_restore.declare(institution, registry)
