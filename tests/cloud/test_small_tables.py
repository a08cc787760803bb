"""Tables that hold the rows of one delivered file, loaded by one task."""

import gzip
import hashlib
import json
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import bigquery, storage

from edx_warehouse.domain import places
from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.exports.convert import ConvertedWeek
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.operators.week import MakeTablesOperator, PublishWeekOperator
from edx_warehouse.tables.catalog import Catalog
from fakes.institution import CS50, DeliveredTo
from fakes.strict_proxy import StrictProxy
from fakes.weekly_delivery import Delivery

pytestmark = pytest.mark.cloud

WEEK = date(2014, 11, 16)
TABLES = ("rolecourse", "roleforum", "teams")
PROVENANCE = Path(__file__).parents[2] / "docs/provenance.md"


class Roles(DeliveredTo):
    """An institution with one converted week of one course, in which some people have roles."""

    def convert(self, folder: Path, role: str) -> ConvertedWeek:
        delivery = Delivery(folder / role / "in")
        delivery.rows["rolecourse"] = [{"org": "HarvardX", "course_id": str(CS50), "user_id": "5", "role": role}]
        delivery.rows["roleforum"] = [{"course_id": str(CS50), "user_id": it, "name": "Student"} for it in ("5", "12")]
        week = delivery.convert(folder / role / "out")
        prefix = places.week_of_course(CS50, WEEK)
        for name in week.outputs:
            self.bucket.put(prefix + name, folder / role / "out" / name)
        self.bucket.put(prefix + "converted.json", week.to_json().encode())
        self.bucket.put(places.latest(CS50) + "MANIFEST.json", json.dumps({"week": str(WEEK)}).encode())
        return week

    def load(self, catalog: Catalog, *more: str) -> list[str]:
        made: list[str] = self.do(MakeTablesOperator, catalog, *more)["made"]
        self.do(PublishWeekOperator, catalog, *more)
        return [it.split(".")[1] for it in made]

    def do(self, operator: type[Any], catalog: Catalog, *more: str) -> Any:
        bucket, warehouse = self.bucket, self.warehouse
        here = {"bucket": lambda _: bucket, "warehouse": lambda _, __: warehouse}
        task = type(operator.__name__, (operator,), here)(
            task_id="load",
            institution=self.institution,
            course=CS50,
            catalog=catalog,
            tables=[*(f"transformed.{it}" for it in TABLES), *more],
            converted="convert",
        )
        return task.execute(context())

    def rows(self, table: str) -> list[dict[str, Any]]:
        dataset = places.latest_dataset(CS50)
        found = self.warehouse.client.query_and_wait(f"SELECT * FROM `{dataset}.{table}` AS it ORDER BY it.user_id")
        return [dict(row.items()) for row in found]


def context() -> Any:
    instance = SimpleNamespace(
        xcom_pull=lambda task_ids: {"week": str(WEEK)}, dag_id="course_weekly__x", task_id="load", try_number=1
    )
    run = SimpleNamespace(logical_date=midnight(WEEK), dag_id="course_weekly__x", run_id="delivery")
    return {"ti": instance, "dag_run": run}


@pytest.fixture
def there(tmp_path: Path, storage_proxy: StrictProxy, storage_client: storage.Client, warehouse: Warehouse, place: str):
    warehouse.client.delete_dataset(places.latest_dataset(CS50), delete_contents=True, not_found_ok=True)
    return Roles(tmp_path, storage_client, warehouse, place)


def test_one_task_loads_what_changed_and_a_file_that_did_not_come_is_a_table_without_rows(
    there: Roles, tmp_path: Path, catalog: Catalog, bigquery_client: bigquery.Client
) -> None:
    there.convert(tmp_path, "staff")
    assert there.load(catalog) == [*TABLES]
    assert there.rows("rolecourse") == [{"course_id": str(CS50), "org": "HarvardX", "user_id": 5, "role": "staff"}]
    assert len(there.rows("roleforum")) == 2
    table = bigquery_client.get_table(f"{places.latest_dataset(CS50)}.teams")
    assert table.num_rows == 0
    assert "Data loaded from" in table.description
    assert there.load(catalog) == []
    there.convert(tmp_path, "instructor")
    assert there.load(catalog) == ["rolecourse"]
    assert there.rows("rolecourse")[0]["role"] == "instructor"


def test_a_table_that_cannot_be_loaded_fails_the_task_when_the_others_are_made_beside_what_is_served(
    there: Roles, tmp_path: Path, catalog: Catalog
) -> None:
    there.convert(tmp_path, "beta_testers")
    prefix = places.week_of_course(CS50, WEEK)
    content = b'{"course_id": "x", "user_id": "nobody", "role": "staff"}\n'
    there.bucket.put(f"{prefix}transformed/rolecourse.json.gz", gzip.compress(content, mtime=0))
    manifest = json.loads(there.bucket.read(f"{prefix}converted.json") or b"")
    manifest["outputs"]["transformed/rolecourse.json.gz"]["sha256"] = hashlib.sha256(content).hexdigest()
    del manifest["outputs"]["transformed/teams.json.gz"]  # as in a week that was converted before there was the table
    there.bucket.put(f"{prefix}converted.json", json.dumps(manifest).encode())
    with pytest.raises(Terminal, match="E-JOB-101"):
        there.load(catalog)
    assert there.warehouse.labels(places.latest_dataset(CS50)) == {}
    there.convert(tmp_path, "mended")
    assert there.load(catalog) == ["rolecourse", "teams"]
    assert len(there.rows("roleforum")) == 2


def test_one_query_of_the_documentation_tells_from_which_weekly_files_a_number_came(
    there: Roles, tmp_path: Path, catalog: Catalog
) -> None:
    there.convert(tmp_path, "finance_admin")
    there.load(catalog, "secondary.roles")
    week = there.convert(tmp_path, "sales_admin")
    assert there.load(catalog, "secondary.roles") == ["rolecourse", "roles"]
    query = re.findall(r"```sql\n(WITH RECURSIVE .*?)```", PROVENANCE.read_text(), flags=re.DOTALL)[0]
    names = {"harvardx-data": there.warehouse.project, "HarvardX__CS50x__2014_T1_latest": places.latest_dataset(CS50)}
    for name, here in (names | {".person_course'": ".roles'"}).items():
        assert name in query
        query = query.replace(name, here)

    found = [tuple(row.values()) for row in there.warehouse.client.query_and_wait(query)]

    dataset = f"{there.warehouse.project}.{places.latest_dataset(CS50)}"
    sha256s = {it.name: it.sha256 for it in week.files}
    assert found == [
        (f"{dataset}.{name}", name, f"{places.weekly(WEEK)}{name}.sql", sha256s[name])
        for name in ("rolecourse", "roleforum")
    ]
