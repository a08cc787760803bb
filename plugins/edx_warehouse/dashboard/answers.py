"""Answers of panels: the query on the tables as they are served now, kept until one of them changes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from edx_warehouse.dashboard.cells import SMALL, Row, hide_small
from edx_warehouse.dashboard.panels import Panel
from edx_warehouse.hooks.reading import Reader, ServedTable, Value
from edx_warehouse.tables.references import bind

_ANSWERS = 2_000


@dataclass(frozen=True)
class Scope:
    """What a page is of: where its tables are, and whose numbers.

    :param datasets: by layer.
    """

    project: str
    datasets: Mapping[str, str]
    course_id: str = ""


@dataclass(frozen=True)
class Answer:
    """A panel's rows, with small numbers hidden when ``hides`` is above 0.

    :param tables: those that the panel reads, as they were.
    :param lacking: those of them that have not been made yet; there are no rows then.
    """

    panel: Panel
    sql: str
    rows: Sequence[Row]
    tables: tuple[ServedTable, ...]
    lacking: tuple[str, ...] = ()
    hides: int = 0

    @property
    def as_of(self) -> datetime | None:
        """When the oldest of the tables was made."""
        return min((it.modified for it in self.tables), default=None)


class Answers:
    """Asks the warehouse, once for each state of the tables however many people look.

    :param connect: gives a reader of a project.
    :param k: smallest number of people that everybody may see.
    :param look_again: seconds in which a table is taken to be as it was.
    """

    def __init__(self, connect: Callable[[str], Reader], k: int = SMALL, look_again: float = 15.0) -> None:
        self._connect = connect
        self.k = k
        self._look_again = look_again
        self._lock = Lock()
        self._readers: dict[str, Reader] = {}
        self._looks: OrderedDict[tuple[str, str, str], tuple[float, ServedTable | None]] = OrderedDict()
        self._answers: OrderedDict[tuple[Any, ...], Answer] = OrderedDict()
        self._asking: dict[tuple[Any, ...], Lock] = {}

    def ask(
        self,
        panel: Panel,
        scope: Scope,
        *,
        exact: bool,
        values: Mapping[str, Value] | None = None,
        checked: bool = True,
    ) -> Answer:
        """Return a panel's answer.

        :param exact: whether small numbers are shown.
        :param values: of the panel's parameters other than ``@course_id``.
        :param checked: False when others wrote the query: BigQuery says first what it would do.
        :raises Transient: ``E-JOB-102`` when BigQuery does not answer.
        """
        places = [(scope.datasets[layer], name) for layer, _, name in (it.partition(".") for it in panel.tables)]
        found = [self._look(scope.project, dataset, name) for dataset, name in places]
        served = tuple(it for it in found if it is not None)
        targets = {it: f"`{scope.project}.{ds}.{name}`" for it, (ds, name) in zip(panel.tables, places, strict=True)}
        sql = bind(panel.sql, targets)
        if len(served) < len(found):
            lacking = tuple(it for it, table in zip(panel.tables, found, strict=True) if table is None)
            return Answer(panel, sql, (), served, lacking)
        bound = {"course_id": scope.course_id, **(values or {})}
        bound = {it: bound[it] for it in panel.parameters}
        # The panel is part of it: a report may be mended without another query, and 1, 1.0 and true are one key otherwise.
        typed = tuple((it, type(value), value) for it, value in bound.items())
        key = (panel, sql, typed, tuple((it.name, it.version) for it in served))
        answer = self._once(
            (*key, "exact"),
            lambda: Answer(panel, sql, self._rows(panel, scope.project, sql, bound, targets, checked), served),
        )
        if exact:
            return answer
        return self._once(
            (*key, self.k),
            lambda: Answer(panel, sql, hide_small(panel, answer.rows, self.k), served, hides=self.k),
        )

    def _rows(
        self,
        panel: Panel,
        project: str,
        sql: str,
        values: Mapping[str, Value],
        targets: Mapping[str, str],
        checked: bool,
    ) -> list[Row]:
        reader = self._reader(project)
        if not checked:
            reader.require_select(sql, values, {it.strip("`") for it in targets.values()})
        return [{it.name: row.get(it.name) for it in panel.columns} for row in reader.rows(sql, values)]

    def _look(self, project: str, dataset: str, name: str) -> ServedTable | None:
        key = (project, dataset, name)
        with self._lock:
            at, table = self._looks.get(key, (0.0, None))
        if time.monotonic() - at < self._look_again and at:
            return table
        table = self._reader(project).look(dataset, name)
        with self._lock:
            self._keep(self._looks, key, (time.monotonic(), table))
        return table

    def _reader(self, project: str) -> Reader:
        with self._lock:
            if project not in self._readers:
                self._readers[project] = self._connect(project)
            return self._readers[project]

    def _once(self, key: tuple[Any, ...], make: Callable[[], Answer]) -> Answer:
        """Return what is kept, or make it while whoever wants the same waits."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            asking = self._asking.setdefault(key, Lock())
        with asking:
            with self._lock:
                if key in self._answers:
                    return self._answers[key]
            try:
                answer = make()
                with self._lock:
                    self._keep(self._answers, key, answer)
                return answer
            finally:
                with self._lock:
                    self._asking.pop(key, None)

    def _keep[K, V](self, kept: OrderedDict[K, V], key: K, value: V) -> None:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > _ANSWERS:
            kept.popitem(last=False)
