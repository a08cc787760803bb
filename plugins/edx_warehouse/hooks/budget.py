"""What an institution's queries may be billed in a day."""

from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.domain.places import OPS

_TODAY = """SELECT SUM(job.bytes_billed) AS billed
FROM `{table}` AS job
WHERE job.ended >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY)"""


class DailyBudget:
    """Refuses a query that would pass what may be billed on a day (UTC).

    What was billed today is what ``job_history`` says, read once, and what this object was told of since.

    :param bytes_per_day: 0 when there is no budget; nothing is asked of BigQuery then.
    :param unit: what the work is for, as errors name it.
    """

    def __init__(self, client: bigquery.Client, bytes_per_day: int, unit: str) -> None:
        self.client = client
        self.bytes_per_day = bytes_per_day
        self.unit = unit
        self._billed: int | None = None

    def room(self, sql: str, parameters: list[Any]) -> int | None:
        """Return how many bytes a query may be billed, after a dry run; None when nothing bounds it.

        :raises Terminal: ``E-JOB-104`` when it would read more than is left of the day's budget.
        """
        estimate = self._estimate(sql, parameters) if self.bytes_per_day else 0
        if not estimate:
            return None  # what reads nothing, as recording how a table was made, has to be possible always
        left = self.bytes_per_day - self._billed_today()
        if estimate > left:
            raise Terminal(
                Problem(
                    code="E-JOB-104",
                    unit=self.unit,
                    expected=f"at most {self.bytes_per_day} bytes billed on a day",
                    found=f"{self.bytes_per_day - left} billed today, and a query that reads {estimate}",
                    done="the query was not begun; what was served is still served",
                    next="clear this task tomorrow (UTC), or raise budget.bytes_per_day of the institution",
                )
            )
        return left

    def add(self, job: Any) -> None:
        """Count what a job was billed."""
        if self._billed is not None:
            self._billed += int(getattr(job, "total_bytes_billed", None) or 0)

    def _estimate(self, sql: str, parameters: list[Any]) -> int:
        config = bigquery.QueryJobConfig(query_parameters=parameters, dry_run=True, use_query_cache=False)
        try:
            return int(self.client.query(sql, job_config=config).total_bytes_processed or 0)
        except GoogleAPICallError:
            return 0  # the query itself will tell what is wrong with it

    def _billed_today(self) -> int:
        if self._billed is None:
            table = f"{self.client.project}.{OPS}.job_history"
            try:
                (row,) = self.client.query_and_wait(_TODAY.format(table=table))
            except NotFound:
                self._billed = 0
            else:
                self._billed = int(row["billed"] or 0)
        return self._billed
