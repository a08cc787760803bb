"""Where a build reads the events of delivered days: in their day tables, or in the partitioned table beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.hooks.warehouse import Warehouse, fields_of
from edx_warehouse.operators.tracking_events import TrackingEvents
from edx_warehouse.tables.day_rows import columns_digest, rows_of_days, rows_of_partitions
from edx_warehouse.tables.declarations import Field

_TABLES_PER_QUERY = 500  # BigQuery takes 1,000; half of it keeps the text of the query well below its limit
_DAYS_PER_QUERY = 2_000  # a job changes 4,000 partitions at most


class DayRows:
    """One look at a course's log days.

    :param events: the partitioned table, which is read for the days that it holds; None to read day tables only.
    :param labels: the labels of the day tables, by their names.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        course: CourseKey,
        fields: tuple[Field, ...],
        labels: Mapping[str, Mapping[str, str]],
        events: TrackingEvents | None,
    ) -> None:
        self.warehouse = warehouse
        self.course = course
        self.fields = fields
        self.labels = labels
        self.events = events
        self._held = events.held() if events else {}
        self._columns: dict[str, tuple[Field, ...]] = {columns_digest(fields): fields}

    def limit(self, days: Mapping[date, str]) -> int:
        """Return how many of some days, each with its content, one query may read."""
        return _DAYS_PER_QUERY if self.events and self._split(days)[1] == [] else _TABLES_PER_QUERY

    def read(self, days: Mapping[date, str]) -> tuple[str, dict[str, str]]:
        """Return a subquery of all rows of some days, and the content of each by where it is read.

        :param days: at least one day with its content. A day that the partitioned table does not hold with this
            content, as when its filling failed, is read from its day table.
        """
        held, others = self._split(days)
        names = {day: self._name(day) for day in others}
        queries, inputs = [], {names[day]: days[day] for day in others}
        if self.events and held:
            queries.append(rows_of_partitions(self.fields, self.events.fields, self.events.target, held))
            inputs |= {f"{self.events.target}${day:%Y%m%d}": days[day] for day in held}
        if others:
            queries.append(rows_of_days(self.fields, self._groups(names.values())))
        return f"({' UNION ALL '.join(queries)})", inputs

    def _split(self, days: Mapping[date, str]) -> tuple[list[date], list[date]]:
        held = [day for day, content in days.items() if self._held.get(day) == content]
        return held, sorted(days.keys() - set(held))

    def _name(self, day: date) -> str:
        return self.warehouse.reference(places.logs_dataset(self.course), places.day_table(day))

    def _groups(self, names: Iterable[str]) -> list[tuple[tuple[Field, ...], list[str]]]:
        """Group tables by their columns; of those that were loaded with the same ones one is looked at."""
        groups: dict[tuple[Field, ...], list[str]] = defaultdict(list)
        for name in names:
            label = self.labels.get(name.rsplit(".", 1)[1], {}).get("columns")
            columns = self._columns.get(label or name) or self._look(name)
            self._columns[label or name] = columns
            groups[columns].append(name)
        return list(groups.items())

    def _look(self, name: str) -> tuple[Field, ...]:
        table = self.warehouse.find(name)
        return fields_of(table.schema) if table else self.fields
