"""Building one window of a course: what its week holds, the tables by date, those made whole, and the files."""

import logging
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.windows import distance, is_near
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.days import BuildDays
from edx_warehouse.operators.loads import load_export
from edx_warehouse.operators.tables import check_served
from edx_warehouse.operators.whole_tables import build_whole
from edx_warehouse.operators.window_files import seal
from edx_warehouse.operators.window_look import CourseLook
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.windows import WindowInputs, window_tables

log = logging.getLogger(__name__)


class WindowBuild:
    """The build of one window, in one task: each table finds for itself whether it has anything to do."""

    def __init__(self, tables: CourseTables) -> None:
        self.tables = tables
        self.derived = window_tables(tables.catalog)

    def run(self, context: Context) -> dict[str, Any]:
        """Build, check and write the files; return the week and the tables that were made.

        :raises Terminal: the first of the tables' errors, when all that does not depend on them is made.
        """
        made = list[str]()
        look, inputs = self._look()
        while True:
            made += self._build(look, inputs, context)
            look, now = self._look()
            if now == inputs:
                break
            inputs = now  # days and weeks have writers of their own, which go on meanwhile
        check_served(self.tables, [it.reference for it in self.derived])
        files = seal(self.tables, inputs, self.derived)
        return {"week": str(inputs.week) if inputs.week else None, "tables": made, "files": files}

    def _look(self) -> tuple[CourseLook, WindowInputs]:
        look = CourseLook(self.tables.bucket, self.tables.warehouse, self.tables.course)
        return look, look.inputs(self.tables.window, self.derived)

    def _build(self, look: CourseLook, inputs: WindowInputs, context: Context) -> list[str]:
        if inputs.week and not is_near(inputs.week, self.tables.window.end):
            log.warning("The export of %s is %s", inputs.week, distance(inputs.week, self.tables.window.end))
        made, failed = [], dict[str, Terminal]()
        for table in self.derived:
            try:
                if not failed.keys().isdisjoint(table.references):
                    raise AirflowSkipException("What it is made from failed.")
                result = self._make(table, look, inputs, context)
            except AirflowSkipException as reason:
                log.info("%s is left out: %s", table.reference, reason)
            except Terminal as error:
                log.error("%s", error)
                failed[table.reference] = error
            else:
                if result["made"]:
                    log.info("%s is made", result["table"])
                    made.append(table.name)
        if failed:
            raise next(iter(failed.values()))
        return made

    def _make(self, table: Table, look: CourseLook, inputs: WindowInputs, context: Context) -> dict[str, Any]:
        if table.is_kept_by_date:
            return BuildDays(self.tables, table.reference, look.days).run(context)
        if table.sql:
            return build_whole(self.tables, table.reference, context)
        if inputs.week is None:
            raise AirflowSkipException("The course has no weekly export.")
        facts = {**self.tables.facts, "export": f"{inputs.week}, {distance(inputs.week, self.tables.window.end)}"}
        return load_export(self.tables, table.name, inputs.week, context, facts)
