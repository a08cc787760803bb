"""Airflow's pools: the shared ones, and one of a single slot for each course, whose tables so have one writer."""

import json
from pathlib import Path
from typing import Any

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.registry import Registry


def course_pool(course: CourseKey) -> str:
    """Return the pool of all tasks that write a course's tables, of whichever Dag."""
    return f"course__{course.slug}"


def pools(include: Path, registry: Registry) -> dict[str, dict[str, Any]]:
    """Return all pools as ``airflow pools import`` takes them."""
    shared: dict[str, dict[str, Any]] = json.loads((include / "pools.json").read_text())
    writers = {
        course_pool(course.key): {
            "slots": 1,
            "description": f"The one writer of the tables of {course.key}",
            "include_deferred": False,
        }
        for course in registry.courses
    }
    return shared | writers
