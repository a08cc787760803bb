"""The tables of a course's week: made and checked beside those that are served, then put in place together."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.loads import export_version
from edx_warehouse.operators.publish import Staged, Version, is_served, stage
from edx_warehouse.operators.whole_tables import check_columns, input_labels, whole_version
from edx_warehouse.tables.references import bind


class WeekTables:
    """One look at what the tables of a course's newest week are to be.

    Which version each table is to have follows from the converted week and the tables that are kept by date, before any
    table is made. Where a version is not there, it is made, after what it is made from; so it matters neither who comes
    first nor what was lost meanwhile.
    """

    def __init__(self, tables: CourseTables, week: date, context: Context) -> None:
        self.tables = tables
        self.week = week
        self.context = context
        self._versions: dict[str, Version] = {}
        self._kept: dict[str, Mapping[str, str]] = {}
        self._places: dict[str, str] = {}
        self._staged: dict[str, Staged] = {}
        self._before: dict[str, str] = {}

    def make(self, name: str) -> bool:
        """Make and check a table beside the served one, unless it is there or served; return whether it was made.

        :raises AirflowSkipException: when what it is made from is not there.
        :raises Terminal: when a check fails, its own or that of what it is made from.
        """
        if name in self._places:
            return False
        wanted, warehouse = self._version(name), self.tables.warehouse
        served = warehouse.find(wanted.target)
        if served is not None and is_served(served, wanted):
            warehouse.retell(wanted.table, served)
            self._places[name] = wanted.target
            return False

        def produce(into: str, key: str) -> Any:
            # Only now: what is there already asks for nothing of what it was made from.
            sources = {it: f"`{self._place(it)}`" for it in wanted.table.references}
            self._places[name] = into  # its claims may be about a table that is made from it
            fields = wanted.table.fields
            if wanted.uri:
                return warehouse.load(wanted.uri, fields, into, key)
            sql = bind(wanted.table.sql or "", sources)
            check_columns(warehouse, wanted.table, sql, wanted.parameters)
            return warehouse.insert(sql, wanted.parameters, fields, into, key)

        try:
            staged, made = stage(warehouse, self.tables.catalog, wanted, produce, self.context, self._place)
        except BaseException:
            self._places.pop(name, None)
            raise
        self._places[name], self._staged[name] = str(staged.reference), staged
        self._before[name] = f"{served.etag} {served.modified}" if served else "absent"
        return made

    def put_in_place(self) -> list[str]:
        """Put all that was made beside the served tables in their places; return the tables.

        BigQuery does it in one job, statement after statement: for seconds a reader may see tables of two weeks. After a
        crash the next try puts in place what is left.
        """
        warehouse, staged = self.tables.warehouse, self._staged
        if not staged:
            return []
        # Each after its inputs: a reader in between finds no table that is newer than what it is made from.
        wanted = {name: self._versions[name] for name in self.tables.catalog.order(staged)}
        parts = [[str(it.reference), str(it.created), self._before[name]] for name, it in staged.items()]
        content = hashlib.sha256(json.dumps(sorted(parts)).encode()).hexdigest()[:16]
        dataset = self.tables.dataset
        warehouse.ensure_dataset(dataset, f"{dataset}: built and described by edx-warehouse.")
        warehouse.replace_all(
            [(it.table, staged[name], it.target) for name, it in wanted.items()],
            f"switch_{dataset}_{content}",
        )
        for name, it in wanted.items():
            # Rows alone are replaced where there are policy tags; and not every BigQuery keeps all descriptions.
            if not is_served(warehouse.find(it.target), it, descriptions=True):
                labels = {**it.labels, "digest": it.digest}
                warehouse.describe(it.table, it.target, staged[name].description or "", labels)
        for it in staged.values():
            warehouse.drop(str(it.reference))
        return list(wanted)

    def facts(self) -> dict[str, dict[str, Any]]:
        """Return what asset events tell of the tables that were made, by table name."""
        return {
            name.split(".")[1]: {"rows": int(it.num_rows or 0), "bytes": int(it.num_bytes or 0)}
            for name, it in self._staged.items()
        }

    def remove(self, names: Sequence[str]) -> list[str]:
        """Remove served tables of other weeks, which this one has nothing for; return those that were there.

        :param names: each after its inputs; the last goes first, so that no table outlives what it is made from.
        """
        warehouse, removed = self.tables.warehouse, []
        labels = warehouse.labels(self.tables.dataset)
        for name in reversed(names):
            table = name.split(".")[1]
            if labels.get(table, {}).get("snapshot_date", str(self.week)) != str(self.week):
                warehouse.drop(self.tables.target(table))
                removed.append(name)
        return removed

    def _place(self, name: str) -> str:
        """Return where the rows of a table of this week are now."""
        if not self._is_of_week(name):
            return self.tables.target_of(name)
        self.make(name)
        return self._places[name]

    def _is_of_week(self, name: str) -> bool:
        table = self.tables.catalog[name]
        return table.layer == "transformed" or (table.sql is not None and not table.is_kept_by_date)

    def _version(self, name: str) -> Version:
        if name not in self._versions:
            declared = self.tables.catalog[name]
            self._versions[name] = (
                whole_version(self.tables, declared, self._inputs(name))
                if declared.sql
                else export_version(self.tables, declared.name, self.week)
            )
        return self._versions[name]

    def _inputs(self, name: str) -> Mapping[str, Mapping[str, str]]:
        names = self.tables.catalog.inputs(name)
        wanted = {it: self._version(it) for it in names if self._is_of_week(it)}
        labels = {it: {**version.labels, "digest": version.digest} for it, version in wanted.items()}
        by_date = [it for it in names if it not in wanted]
        if unknown := [it for it in by_date if it not in self._kept]:
            self._kept |= input_labels(self.tables, unknown)
        return {it: self._kept[it] for it in by_date} | labels
