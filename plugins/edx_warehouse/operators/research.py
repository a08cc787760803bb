"""Making the tables of a research project: a pseudonym for each person, then tables without names."""

import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.research import KEYS, ResearchProject
from edx_warehouse.hooks.bucket import Bucket
from edx_warehouse.hooks.keys import research_key
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.due import CONVERTED
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.roles import InstitutionOperator
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.declarations import Table
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.pseudonyms import PSEUDONYMS, fingerprint, pseudonym, research_tables
from edx_warehouse.tables.references import bind

_PEOPLE = "transformed/user_info_combo.json.gz"


class BuildResearchOperator(InstitutionOperator):
    """Bring a project's tables of all its courses up to what is served; what is as it should be stays.

    A course that cannot be done keeps its tables, and the others are done all the same.

    :param project: whose tables are made.
    :param catalog: the declarations of all tables.
    """

    def __init__(self, *, project: ResearchProject, catalog: Catalog, **kwargs: Any) -> None:
        super().__init__(courses=project.courses, **kwargs)
        self.project = project
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Build; return the tables that were made.

        :raises Terminal: ``E-RES-101`` without a key; else the first course's that could not be done.
        """
        key = research_key(self.project.key, f"{self.institution.name} research {self.project.name}")
        bucket, tables = self.bucket(), research_tables(self.project, self.catalog)
        made: list[str] = []
        failures: list[Terminal] = []
        for course in self.courses:
            try:
                made += self._build(bucket, course, tables, key, context)
            except Terminal as error:
                self.log.error("%s", error.problem)
                failures.append(error)
        if failures:
            raise failures[0]
        return {"made": made}

    def _build(
        self, bucket: Bucket, course: CourseKey, tables: Sequence[Table], key: bytes, context: Context
    ) -> Iterator[str]:
        warehouse = self.warehouse(f"{course} research {self.project.name}")
        there = warehouse.labels(places.latest_dataset(course))
        week = there.get("user_info_combo", {}).get("snapshot_date")
        if not week:
            self.log.info("%s has no week yet", course)
            return
        people = self._people(bucket, warehouse, course, week, key)
        served = warehouse.labels(KEYS).get(self.project.pseudonyms(course), {})
        if served.get("digest") != people.digest:
            warehouse.ensure_private_dataset(KEYS, "Which pseudonym each person has: of nobody but the warehouse.")
            yield from self._publish_people(bucket, warehouse, people, key, context)
        done = warehouse.labels(self.project.dataset(course))
        for table in tables:
            made_from = there.get(table.name, {}).get("digest")
            wanted = self._version(warehouse, course, table, made_from or "", people)
            if made_from and done.get(table.name, {}).get("digest") != wanted.digest:
                yield from self._publish_table(warehouse, wanted, context)

    def _people(self, bucket: Bucket, warehouse: Warehouse, course: CourseKey, week: str, key: bytes) -> Version:
        table, prefix = self.catalog[PSEUDONYMS], places.week_of_course(course, date.fromisoformat(week))
        entry = json.loads(bucket.read(prefix + CONVERTED) or b"{}")["outputs"][_PEOPLE]
        inputs = {prefix + _PEOPLE: entry["sha256"], "key": fingerprint(key), "project": self.project.name}
        return Version(
            table=table,
            target=warehouse.reference(KEYS, self.project.pseudonyms(course)),
            digest=digest(table.reference, None, table.fields, inputs, {}),
            inputs=inputs,
            labels=self._labels(course),
            course_id=str(course),
            rows_in=entry["rows"],
            uri=bucket.uri(prefix + _PEOPLE),
        )

    def _publish_people(
        self, bucket: Bucket, warehouse: Warehouse, wanted: Version, key: bytes, context: Context
    ) -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder, "pseudonyms.json")

            def produce(into: str, job_key: str) -> Any:
                source = bucket.stat((wanted.uri or "").removeprefix(bucket.uri("")))
                assert source is not None
                bucket.download(source, Path(folder, "people.json.gz"))
                write_pseudonyms(Path(folder, "people.json.gz"), rows, key, self.project.name)
                return warehouse.load_file(rows, wanted.table.fields, into, job_key)

            yield publish(warehouse, self.catalog, wanted, produce, context)["table"]

    def _version(
        self, warehouse: Warehouse, course: CourseKey, table: Table, made_from: str, people: Version
    ) -> Version:
        source = warehouse.reference(places.latest_dataset(course), table.name)
        [reference] = set(table.references) - {PSEUDONYMS}
        sql = bind(table.sql or "", {reference: f"`{source}`", PSEUDONYMS: f"`{people.target}`"})
        inputs = {source: made_from, people.target: people.digest}
        return Version(
            table=table,
            target=warehouse.reference(self.project.dataset(course), table.name),
            digest=digest(table.reference, sql, table.fields, inputs, {}),
            inputs=inputs,
            labels=self._labels(course),
            course_id=str(course),
            sql=sql,
        )

    def _publish_table(self, warehouse: Warehouse, wanted: Version, context: Context) -> Iterator[str]:
        debug: dict[str, str] = {}

        def produce(into: str, key: str) -> Any:
            source = warehouse.find(next(iter(wanted.inputs)))
            job = warehouse.insert(wanted.sql or "", {}, wanted.table.fields, into, key)
            # People without a pseudonym are left out: how many rows that are belongs to the record.
            debug["rows_left_out"] = str(int((source.num_rows if source else 0) or 0) - int(job.num_dml_affected_rows))
            return job

        yield publish(warehouse, self.catalog, replace(wanted, debug=debug), produce, context)["table"]

    def _labels(self, course: CourseKey) -> dict[str, str]:
        return {
            "course": course.slug.lower()[:63],
            "institution": self.institution.name.lower(),
            "research": self.project.name,
        }


def write_pseudonyms(people: Path, into: Path, key: bytes, project: str) -> None:
    """Write the rows of ``keys.pseudonyms``, one for each person of a gzipped file of people, in its order.

    A username that two accounts have is of neither: it would join one person's rows to the other.
    """
    names = Counter(row.get("username") for row in _rows(people))
    with into.open("w", encoding="utf-8") as out:
        for row in _rows(people):
            name = row.get("username")
            known = name if names[name] == 1 else None
            written = {
                "user_id": row["user_id"],
                "username": known,
                "pseudonym": pseudonym(key, project, row["user_id"]),
            }
            out.write(json.dumps(written) + "\n")


def _rows(people: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(people, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
