"""Which day or week a run is about."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from edx_warehouse.domain.errors import Problem, Terminal


def day_of(context: Mapping[str, Any]) -> date:
    """Return the day of a run: its logical date, whether scheduled, backfilled or started by hand.

    :raises Terminal: ``E-RUN-101`` when the run was started without one.
    """
    logical_date = context["dag_run"].logical_date
    if logical_date is None:
        raise Terminal(
            Problem(
                code="E-RUN-101",
                unit=str(context["dag_run"].dag_id),
                expected="a run with a logical date, which is the day it is about",
                found="none",
                done="nothing",
                next="trigger the Dag again with the day as its logical date",
            )
        )
    return date(logical_date.year, logical_date.month, logical_date.day)
