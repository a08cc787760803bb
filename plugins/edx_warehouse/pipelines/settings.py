"""What all Dags have in common: retries, timeouts, start, tags and the text beside the graph."""

from datetime import date, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, ExceptionRetryPolicy, RetryAction, RetryRule

from edx_warehouse.domain.days import midnight
from edx_warehouse.domain.registry import Course, Institution
from edx_warehouse.operators.alerts import AlertNotifier
from edx_warehouse.operators.links import base_path, keep_error

FIRST_COURSE = date(2012, 9, 1)  # edX's first term

ALWAYS = midnight(FIRST_COURSE)

DAILY = CronDataIntervalTimetable("0 0 * * *", timezone="UTC")
WEEKLY = CronDataIntervalTimetable("0 0 * * 0", timezone="UTC")

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 4,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=3),
    "on_failure_callback": [keep_error, AlertNotifier()],
    "on_retry_callback": keep_error,
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception="edx_warehouse.domain.errors.Terminal",
                action=RetryAction.FAIL,
                reason="the input, the SQL or the configuration is wrong: trying again changes nothing",
            ),
            RetryRule(
                exception=[AssertionError, AttributeError, LookupError, TypeError, ValueError],
                action=RetryAction.FAIL,
                reason="a defect of this package: trying again changes nothing",
            ),
        ]
    ),
}

# Whoever brings work goes before those who do it: of the tasks that wait for a free place the mirror's come first, then
# the splits, then the loads and builds of courses (see ``builds``). Else a long history keeps the new day waiting.
MIRROR_ARGS: dict[str, Any] = {**DEFAULT_ARGS, "priority_weight": 60, "weight_rule": "absolute"}
SPLIT_ARGS: dict[str, Any] = {**DEFAULT_ARGS, "priority_weight": 50, "weight_rule": "absolute"}


def span(institution: Institution, feed: str, launch: date | None = None) -> dict[str, datetime | None]:
    """Return the first and last day that a Dag has runs of: from the course's launch until the feed ends."""
    last = institution.last_due(feed)
    return {"start_date": midnight(launch or FIRST_COURSE), "end_date": midnight(last) if last < date.max else None}


def of_institution(institution: Institution, title: str, rhythm: str) -> dict[str, Any]:
    """Return what the Dags of an institution have in common that are of no course: one run at a time, none of the past."""
    return {
        "dag_display_name": f"{institution.name}: {title}",
        "start_date": ALWAYS,
        "catchup": False,
        "max_active_runs": 1,
        "tags": tags(institution, rhythm),
    }


def account(institution: Institution, step: str) -> dict[str, str]:
    """Return the default argument that lets tasks of a step talk to Google as who the registry says, if it does."""
    connections = dict(institution.connections)
    return {"gcp_conn_id": connections[step]} if step in connections else {}


def tags(institution: Institution, rhythm: str, course: Course | None = None) -> list[str]:
    """Return the tags of a Dag."""
    return sorted({"edx", institution.name, rhythm, *(course.groups if course else ())})


def doc(what: str, unit: str) -> str:
    """Return the text beside a Dag's graph."""
    return (
        f"{what}\n\n"
        f"**One run is one {unit}**, named by its logical date. Running or clearing any task again is always safe: "
        "with the same input nothing is written, with a changed input the change takes effect.\n\n"
        "When a task is red, the last line of its log says what is wrong, where, and what to do next; its *Details* lead "
        f"to the page of its code in the [runbook]({base_path()}/edx-docs/runbook/), and to its table, job and files.\n"
    )
