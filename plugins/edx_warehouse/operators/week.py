"""Making the tables of a course's week, and putting them in place when all of them are made and checked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.operators.convert import served_week
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.tables import CourseTableOperator
from edx_warehouse.operators.unit import day_of
from edx_warehouse.operators.week_tables import WeekTables


def shown_week(tables: CourseTables) -> str:
    """Return the newest week that a course's tables or ``latest/`` show any of; empty when there is none."""
    labels = tables.warehouse.labels(tables.dataset).values()
    return max(served_week(tables.bucket, tables.course), *(it.get("snapshot_date", "") for it in labels), "")


class WeekOperator(CourseTableOperator):
    """What the operators on the tables of a converted week have in common.

    :param converted: id of the task that converted the week.
    """

    def __init__(self, *, converted: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.converted = converted

    def week(self, context: Mapping[str, Any]) -> date:
        """Return the week that was converted."""
        return date.fromisoformat(context["ti"].xcom_pull(task_ids=self.converted)["week"])

    def week_tables(self, context: Context) -> WeekTables:
        """Return the tables of the week that was converted; skip the task when a newer one is shown by now."""
        week = self.week(context)
        tables = self.course_tables(str(week))
        if shown_week(tables) > str(week):
            raise AirflowSkipException(f"A newer week than {week} is served: the tables stay as they are.")
        return WeekTables(tables, week, context)


class MakeTablesOperator(WeekOperator):
    """Load or build tables of a course's newest week beside the served ones, and check them.

    :param tables: references of loaded tables, or of tables that are made whole.
    """

    def __init__(self, *, tables: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables

    def execute(self, context: Context) -> dict[str, Any]:
        """Make those that are neither served nor made; return them.

        :raises AirflowSkipException: when nothing can be made of any, since something that it needs is not there.
        :raises Terminal: the first of the tables' errors, when the others are made.
        """
        week, made, skipped, failed = self.week_tables(context), list[str](), list[str](), list[Terminal]()
        for name in self.tables:
            try:
                made += [name] if week.make(name) else []
            except AirflowSkipException as reason:
                skipped.append(f"{name}: {reason}")
            except Terminal as error:
                self.log.error("%s", error)
                failed.append(error)
        if failed:
            raise failed[0]
        self.log.info("Left out: %s", "; ".join(skipped) or "none")
        if self.tables and len(skipped) == len(self.tables):
            raise AirflowSkipException(skipped[0])
        return {"made": made}


class PublishWeekOperator(WeekOperator):
    """Put all tables of a course's newest week in place together, when each of them is made and checked.

    What was lost or has become old since it was made, as when a day was built meanwhile, is made again before. A table
    that the week lacks, as one that was restored from a snapshot of an older version, is removed: it would be of another
    week than the rest.

    :param tables: references of the loaded tables and of those that are made whole, each after its inputs.
    """

    def __init__(self, *, tables: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables

    def execute(self, context: Context) -> dict[str, Any]:
        """Put them in place; return how many were."""
        week, lacking = self.week_tables(context), list[str]()
        for name in self.tables:
            try:
                week.make(name)
            except AirflowSkipException as reason:
                lacking.append(name)
                self.log.warning("%s is left out: %s", name, reason)
        names = week.put_in_place()
        self.log.info("Put in place: %s", ", ".join(names) or "nothing")
        self.log.info("Removed, as the week lacks them: %s", ", ".join(week.remove(lacking)) or "nothing")
        facts = week.facts()
        for asset in self.outlets:
            event, table = context["outlet_events"][asset], asset.name.rsplit("/", 1)[-1]
            event.add_partitions(str(day_of(context)))
            event.extra = {"snapshot": str(week.week), "made": table in facts, **facts.get(table, {})}
        return {"week": str(week.week), "tables": len(names)}
