"""One Dag per course: rebuild its tables from a weekly export."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.pipelines import course_weekly
from edx_warehouse.tables.catalog import Catalog

include = Path(__file__).resolve().parents[1] / "include"
catalog, contracts = Catalog.read(include), Contracts.read(include)
wanted = get_parsing_context().dag_id

for course in Registry.read(registry_path(include)).courses:
    if wanted in (None, course_weekly.dag_id(course)):
        course_weekly.declare(course, catalog, contracts)
