"""Building the derived tables that are made whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from edx_warehouse.domain import places
from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.course_tables import CourseTables
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.tables.checks import schema_diff
from edx_warehouse.tables.declarations import REFERENCE, Field, Table
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.references import bind


def build_whole(tables: CourseTables, table: str, context: Context) -> dict[str, Any]:
    """Build a table when an input, the SQL or the schema changed; once more when an input changed while it was read.

    :param table: its reference, as in ``secondary.person_course``.
    :raises AirflowSkipException: when a table that it reads is not there yet.
    """
    inputs = input_labels(tables, tables.catalog.inputs(table))
    while True:
        result = _build(tables, table, inputs, context)
        now = input_labels(tables, inputs)
        if now == inputs:
            return result
        inputs = now


def whole_version(tables: CourseTables, declared: Table, inputs: Mapping[str, Mapping[str, str]]) -> Version:
    """Return the version of a table which its inputs as they are now would give.

    :param inputs: the labels of each table it reads, by ``layer.table``.
    """
    course_id = str(tables.course)
    targets = {name: tables.target_of(name) for name in inputs}
    sql = bind(declared.sql or "", {name: f"`{target}`" for name, target in targets.items()})
    fingerprints = {targets[name]: it.get("digest", "") for name, it in inputs.items()}
    week = max((it.get("snapshot_date", "") for it in inputs.values()), default="")
    parameters: dict[str, Any] = {"course_id": course_id}
    if "until" in declared.parameters:
        parameters["until"] = tables.window.end
    return Version(
        table=declared,
        target=tables.target(declared.name),
        digest=digest(declared.reference, sql, declared.fields, fingerprints, parameters),
        inputs=fingerprints,
        labels=tables.labels | ({"snapshot_date": week} if week else {}),
        course_id=course_id,
        sql=sql,
        parameters=parameters,
        debug=tables.facts,
    )


def _build(
    tables: CourseTables, table: str, inputs: Mapping[str, Mapping[str, str]], context: Context
) -> dict[str, Any]:
    warehouse, declared = tables.warehouse, tables.catalog[table]
    wanted = whole_version(tables, declared, inputs)

    def produce(into: str, key: str) -> Any:
        check_columns(warehouse, declared, wanted.sql or "", wanted.parameters)
        return warehouse.insert(wanted.sql or "", wanted.parameters, declared.fields, into, key)

    return publish(warehouse, tables.catalog, wanted, produce, context)


def input_labels(tables: CourseTables, names: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the labels of the tables that something is made from.

    :raises AirflowSkipException: when one is not there yet. One that is kept by date, or that all courses share, is made
        then, without rows.
    """
    warehouse = tables.warehouse
    labels = found_labels(tables, names, warehouse.labels(tables.dataset))
    for name in names:
        declared = tables.catalog[name]
        if name in labels:
            continue
        target = tables.target_of(name)
        if not may_be_empty(declared):
            raise AirflowSkipException(f"{target} is not there yet: whoever makes it builds what is made from it.")
        dataset = target.split(".")[1]
        warehouse.ensure_dataset(dataset, f"{dataset}: built and described by edx-warehouse.")
        labels[name] = dict(warehouse.create(declared, target).labels)
    return labels


def may_be_empty(table: Table) -> bool:
    """Tell whether nobody waits for a table that is not there: what is made from it is made as from one without rows.

    A course may have learners before its first log day: until then nothing happened on any day. And no course waits for
    countries, places of addresses or a list of the office: once they come, what reads them is made again.
    """
    return table.is_kept_by_date or table.layer == REFERENCE


def found_labels(
    tables: CourseTables, names: Collection[str], of_course: Mapping[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Return the labels of those of some tables that are there, by ``layer.table``.

    :param of_course: the labels of the course's tables, by table name.
    """
    shared = any(tables.catalog[it].layer == REFERENCE for it in names)
    of_all = tables.warehouse.labels(places.REFERENCE_TABLES) if shared else {}
    found = {it: (of_all if tables.catalog[it].layer == REFERENCE else of_course) for it in names}
    return {it: labels[tables.catalog[it].name] for it, labels in found.items() if tables.catalog[it].name in labels}


def check_columns(warehouse: Warehouse, table: Table, sql: str, parameters: Mapping[str, Any]) -> None:
    """Compare what a query would give with its declaration, before anything is computed.

    :raises Terminal: ``E-CHK-103`` with the differences.
    """
    diff = schema_diff(table.fields, _with_modes(warehouse.columns(sql, parameters), table.fields), descriptions=False)
    if diff:
        raise Terminal(
            Problem(
                code="E-CHK-103",
                unit=warehouse.unit,
                file=table.reference,
                expected="the columns of its schema file",
                found="; ".join(diff),
                done="the table is as it was before",
                next="make the SQL and the schema file agree, then clear this task",
            )
        )


def _with_modes(fields: Sequence[Field], declared: Sequence[Field]) -> tuple[Field, ...]:
    """Return a query's columns with the declared modes: a query knows none but REPEATED."""
    known = {it.name: it for it in declared}
    return tuple(
        replace(
            it,
            mode=known[it.name].mode
            if it.name in known and "REPEATED" not in (it.mode, known[it.name].mode)
            else it.mode,
            fields=_with_modes(it.fields, known[it.name].fields if it.name in known else ()),
        )
        for it in fields
    )
