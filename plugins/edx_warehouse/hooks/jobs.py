"""BigQuery jobs that are begun once, whatever happens to the answers."""

import time
from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import (
    Conflict,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServerError,
    TooManyRequests,
)
from google.cloud import bigquery

from edx_warehouse.domain.errors import Problem, Terminal, Transient

_ATTEMPTS = 5
_IDS = 1000
_LOST_ANSWER = (ConnectionError, RetryError, ServerError, TooManyRequests, TimeoutError)
_TRANSIENT_REASONS = frozenset(
    {
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "quotaExceeded",
        "rateLimitExceeded",
        "tableUnavailable",
        "timeout",
    }
)


def run_job(client: bigquery.Client, key: str, unit: str, begin: Callable[[str], Any]) -> Any:
    """Begin a job, or adopt the one that an earlier try began, and wait for its end.

    :param key: names the job's effect and the state it starts from, so that one key is one wanted effect;
        the job's id is the key and a number that grows only when an attempt failed for a passing reason.
    :param unit: what the job is for, as errors name it.
    :param begin: starts the job with the id it is given.
    :return: the finished job.
    :raises Terminal: ``E-JOB-101`` when BigQuery refuses the job.
    :raises Transient: ``E-JOB-102`` when it could not be done for now.
    """
    reason, failures, attempt = "no answer", 0, 0
    while failures < _ATTEMPTS:
        attempt += 1
        job_id = f"{key}_a{attempt}"
        try:
            job, adopted = _begin_or_adopt(client, job_id, begin)
        except GoogleAPICallError as error:
            raise Terminal(_problem("E-JOB-101", unit, job_id, _reason(error), None)) from None
        if job is None:
            failures += 1
            continue
        if adopted and job.state == "DONE" and job.error_result and attempt < _IDS:
            continue  # it failed at an earlier time: whoever clears the task has mended something since
        try:
            job.result()
        except GoogleAPICallError as error:
            reason = (job.error_result or {}).get("reason") or type(error).__name__
            if reason not in _TRANSIENT_REASONS and not isinstance(error, _LOST_ANSWER):
                # Not "from error": a log would tell the service's message too, and that may quote a cell's value.
                raise Terminal(_problem("E-JOB-101", unit, job_id, reason, job)) from None
            failures += 1
            continue
        return job
    raise Transient(_problem("E-JOB-102", unit, f"{key}_a{attempt}", reason, None))


def _begin_or_adopt(client: bigquery.Client, job_id: str, begin: Callable[[str], Any]) -> tuple[Any, bool]:
    """Return the job with this id and whether it was begun before; None when nobody can say whether it was begun."""
    for pause in (0, 1, 4):
        time.sleep(pause)  # a back-off between tries to reach the service
        try:
            return begin(job_id), False
        except Conflict:
            return client.get_job(job_id), True
        except _LOST_ANSWER:
            try:
                return client.get_job(job_id), True
            except (NotFound, *_LOST_ANSWER):
                continue
    return None, False


def _reason(error: GoogleAPICallError) -> str:
    return next((str(it["reason"]) for it in error.errors if "reason" in it), type(error).__name__)


def _problem(code: str, unit: str, job_id: str, reason: str, job: Any) -> Problem:
    # The service's message may quote a cell's value: only its place in the file and the reason are told.
    location = ((job.error_result or {}).get("location") if job is not None else None) or ""
    return Problem(
        code=code,
        unit=unit,
        field=location or None,
        expected="the BigQuery job to succeed",
        found=reason,
        done="the table that was served before is still served",
        next=f"look at job {job_id} in BigQuery; mend its cause and clear the task",
    )
