"""Turning the catalog's derived tables into tasks, in the order of their inputs."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup

from edx_warehouse.domain.registry import Course
from edx_warehouse.operators.days import BuildDaysOperator
from edx_warehouse.operators.tables import BuildTableOperator
from edx_warehouse.pipelines import assets
from edx_warehouse.tables.catalog import Catalog

# A course's pool has one slot. Of many runs that wait for it at once all loads come first; then one daily run looks what
# is to be built, and its builds come before the next one looks, which finds them done. Weekly builds come last, and
# find done what the daily ones made.
LOAD: dict[str, Any] = {"priority_weight": 40, "weight_rule": "absolute"}
BUILD: dict[str, Any] = {"priority_weight": 30, "weight_rule": "absolute"}
PLAN: dict[str, Any] = {"priority_weight": 20, "weight_rule": "absolute"}
BUILD_WEEK: dict[str, Any] = {"priority_weight": 10, "weight_rule": "absolute"}


def group(verb: str, tooltip: str) -> TaskGroup:
    """Return a group of tasks, shown as one box until somebody opens it; the ids of its tasks are as without it."""
    return TaskGroup(verb, prefix_group_id=False, tooltip=tooltip)


def kept_by_date(catalog: Catalog) -> list[str]:
    """Return the tables that are kept by event date."""
    return [it for it in catalog.order(catalog) if catalog[it].is_kept_by_date]


def kept_whole(catalog: Catalog) -> list[str]:
    """Return the derived tables that are rebuilt whole."""
    return [it for it in catalog.order(catalog) if catalog[it].layer == "secondary" and not catalog[it].is_kept_by_date]


def declare_builds(course: Course, catalog: Catalog, tables: list[str], **arguments: Any) -> dict[str, BaseOperator]:
    """Declare a task for each table, in the Dag that is open, each after those that make its table's inputs.

    :param arguments: further arguments of all these tasks.
    """
    tasks: dict[str, BaseOperator] = {}
    groups = {
        True: group("build_days", "tables that are kept by event date: the dates whose events changed are made again"),
        False: group("build_whole", "tables that are made again whole, when something that they are made from changed"),
    }
    for it in catalog.order(tables):
        is_kept_by_date = catalog[it].is_kept_by_date
        tasks[it] = (BuildDaysOperator if is_kept_by_date else BuildTableOperator)(
            task_id=f"build_{catalog[it].name}",
            table=it,
            institution=course.institution,
            course=course.key,
            catalog=catalog,
            outlets=[assets.table(course, catalog[it].name)],
            task_group=groups[is_kept_by_date],
            **arguments,
        )
    connect(catalog, tasks, tasks)
    return tasks


def connect(catalog: Catalog, makers: Mapping[str, BaseOperator], tasks: Mapping[str, BaseOperator]) -> None:
    """Let each task come after the makers of its table's inputs."""
    for it, task in tasks.items():
        for reference in catalog.inputs(it):
            if reference in makers:
                makers[reference] >> task
