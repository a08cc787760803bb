"""One Dag per course: load a day's events and rebuild what follows from them."""

from pathlib import Path

from airflow.sdk import get_parsing_context

from edx_warehouse.domain.registry import Registry, registry_path
from edx_warehouse.pipelines import course_daily
from edx_warehouse.tables.catalog import Catalog

include = Path(__file__).resolve().parents[1] / "include"
catalog = Catalog.read(include)
wanted = get_parsing_context().dag_id

for course in Registry.read(registry_path(include)).courses:
    if wanted in (None, course_daily.dag_id(course)):
        course_daily.declare(course, catalog)
