"""Leaving out the builds that have nothing to do: each costs a process of its own to find that out."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import DownstreamTasksSkipped

from edx_warehouse.operators.kept_tables import KeptTables
from edx_warehouse.operators.tables import CourseTableOperator
from edx_warehouse.operators.whole_tables import found_labels, may_be_empty, whole_version


class PlanBuildsOperator(CourseTableOperator):
    """Skip the builds of a run whose tables are as they should be, and what follows when none is left.

    Only states and labels are read. A build that is skipped and cleared later looks for itself, more closely.

    :param builds: the task that builds each table, by ``layer.table``.
    :param after: the tasks that have nothing to do when no table is built.
    """

    def __init__(self, *, builds: Mapping[str, str], after: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.builds = dict(builds)
        self.after = after

    def execute(self, context: Context) -> None:
        """Look, and skip.

        :raises DownstreamTasksSkipped: this is how Airflow is told; this task itself has done its work then.
        """
        due = self.due()
        self.log.info("%d of %d tables have something to do: %s", len(due), len(self.builds), ", ".join(due) or "none")
        skipped = [task for table, task in self.builds.items() if table not in due] + ([] if due else self.after)
        if skipped:
            # Not by Airflow's SkipMixin: that one would skip a build again when somebody clears it.
            raise DownstreamTasksSkipped(tasks=skipped)

    def due(self) -> list[str]:
        """Return the tables that have something to do, in the order of their inputs."""
        tables = KeptTables(self.course_tables(""))
        due: list[str] = []
        for name in self.catalog.order(self.builds):
            by_date = self.catalog[name].is_kept_by_date
            if not set(due).isdisjoint(self.catalog.inputs(name)) or (
                bool(tables.outdated(name)) if by_date else _is_outdated(tables, name)
            ):
                due.append(name)
        return due


def _is_outdated(tables: KeptTables, name: str) -> bool:
    inputs, names = {}, tables.catalog.inputs(name)
    labels = found_labels(tables.tables, names, tables.labels)
    for read in names:
        if read not in labels and not may_be_empty(tables.catalog[read]):
            return False  # whoever makes this input builds the table then
        inputs[read] = labels.get(read, {})
    wanted = whole_version(tables.tables, tables.catalog[name], inputs)
    return tables.labels.get(wanted.table.name, {}).get("digest") != wanted.digest
