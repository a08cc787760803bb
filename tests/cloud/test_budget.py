"""What a day's queries may cost, and who is told what they did."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.places import OPS
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.local.home import CHECKOUT
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.provenance import JobRecord
from fakes.strict_proxy import StrictProxy

pytestmark = pytest.mark.cloud


def record(warehouse: Warehouse, catalog: Catalog, key: str, billed: int, ended: datetime) -> None:
    """Write down that a table was made."""
    row = JobRecord(
        reference="secondary.t",
        target="p.d.t",
        who="somebody",
        status="replaced",
        started=ended,
        ended=ended,
        job_id=key,
        digest="d",
        code_version="1",
        course_id="HarvardX/CS50x/2014_T1",
        dag_id="course_daily__x",
        run_id="delivery__2014-11-15",
        bytes_billed=billed,
    ).row()
    warehouse.append(catalog["ops.job_history"], OPS, row, f"record_{key}")


def jobs(proxy: StrictProxy) -> int:
    """Return how many jobs that are no dry runs were asked for with a key of ours."""
    sent = [it for method, path, it in proxy.sent if method == "POST" and "/jobs" in path]
    return sum("dryRun" not in it.get("configuration", {}) and "budget_" in str(it.get("jobReference")) for it in sent)


def test_a_query_that_would_pass_the_budget_of_the_day_is_not_begun(
    warehouse: Warehouse, bigquery_proxy: StrictProxy, catalog: Catalog
) -> None:
    now = datetime.now(UTC)
    assert now.hour < 23 or now.minute < 58, "this test looks at one day"

    def ask(key: str, estimate: int) -> None:
        careful = Warehouse(warehouse.client, warehouse.unit, bytes_per_day=1_000)
        bigquery_proxy.forget()
        bigquery_proxy.estimate = estimate
        careful.query("SELECT 1 AS n", {}, f"budget_{key}")

    ask("first", 1_000)  # nothing is recorded, not even the table of records is there
    assert jobs(bigquery_proxy) == 1
    record(warehouse, catalog, "yesterday", 5_000, now - timedelta(days=1))
    record(warehouse, catalog, "today", 600, now)
    ask("fits", 400)
    (fits,) = [it for _, _, it in bigquery_proxy.sent if "budget_fits" in str(it.get("jobReference"))]
    assert fits["configuration"]["query"]["maximumBytesBilled"] == "400"
    with pytest.raises(Terminal) as told:
        ask("passes", 401)
    assert told.value.problem.code == "E-JOB-104"
    assert told.value.problem.found == "600 billed today, and a query that reads 401"
    assert jobs(bigquery_proxy) == 0
    ask("free", 0)
    assert jobs(bigquery_proxy) == 1


def test_without_a_budget_nothing_is_asked_beside_the_query(warehouse: Warehouse, bigquery_proxy: StrictProxy) -> None:
    bigquery_proxy.estimate = 10**12
    warehouse.query("SELECT 1 AS n", {}, "budget_none")
    assert len(bigquery_proxy.sent) == jobs(bigquery_proxy) == 1


def test_the_documented_queries_of_cost_can_be_asked(warehouse: Warehouse, catalog: Catalog) -> None:
    record(warehouse, catalog, "documented", 600, datetime(2014, 11, 15, 12, tzinfo=UTC))
    queries = re.findall(r"```sql\n(.*?)```", (CHECKOUT / "docs/cost.md").read_text(), re.DOTALL)
    assert len(queries) == 3
    for sql in queries:
        rows = [dict(row.items()) for row in warehouse.client.query_and_wait(sql)]
        assert sum(row["bytes_billed"] for row in rows) >= 600
