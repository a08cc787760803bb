"""Turning the catalog's derived tables into tasks, in the order of their inputs."""

from collections.abc import Iterable, Mapping

from airflow.sdk import BaseOperator

from edx_warehouse.domain.registry import Course
from edx_warehouse.operators.tables import BuildTableOperator
from edx_warehouse.pipelines import assets
from edx_warehouse.tables.catalog import Catalog


def kept_by_day(catalog: Catalog) -> list[str]:
    """Return the tables that are kept by event date: those that read the log days themselves."""
    return [it for it in catalog.order(catalog) if "logs.tracklog" in catalog.inputs(it)]


def kept_whole(catalog: Catalog) -> list[str]:
    """Return the derived tables that are rebuilt whole."""
    return [it for it in catalog.order(catalog) if catalog[it].sql and "logs.tracklog" not in catalog.inputs(it)]


def declare_builds(course: Course, catalog: Catalog, tables: Iterable[str]) -> dict[str, BaseOperator]:
    """Declare a task for each table, in the Dag that is open."""
    return {
        it: BuildTableOperator(
            task_id=f"build_{catalog[it].name}",
            table=it,
            institution=course.institution,
            course=course.key,
            catalog=catalog,
            outlets=[assets.table(course, catalog[it].name)],
        )
        for it in tables
    }


def connect(catalog: Catalog, tasks: Mapping[str, BaseOperator]) -> None:
    """Let each task come after those that make its table's inputs."""
    for it, task in tasks.items():
        for reference in catalog.inputs(it):
            if reference in tasks:
                tasks[reference] >> task
