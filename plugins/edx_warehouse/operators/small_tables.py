"""Loading a course's small tables, of which there are many: all of them in one task."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.operators.tables import CourseTableOperator, load_export, newest_week


class LoadSmallTablesOperator(CourseTableOperator):
    """Load such files of a course's week, when that week is the newest; each table is replaced whole, by itself.

    :param tables: names of the transformed tables.
    :param converted: id of the task that converted the week.
    """

    def __init__(self, *, tables: Sequence[str], converted: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.converted = converted

    def execute(self, context: Context) -> dict[str, Any]:
        """Load those whose content is not loaded; return the tables that were made.

        :raises Terminal: the first of the tables' errors, when the others are loaded.
        """
        week = newest_week(context, self.converted, self.bucket(), self.course)
        tables = self.course_tables(week)
        made, failed = [], list[Terminal]()
        for name in self.tables:
            try:
                result = load_export(tables, name, date.fromisoformat(week), context)
            except AirflowSkipException as reason:
                self.log.info("%s is left out: %s", name, reason)
            except Terminal as error:
                self.log.error("%s", error)
                failed.append(error)
            else:
                made += [name] if result["made"] else []
        if failed:
            raise failed[0]
        return {"made": made}
