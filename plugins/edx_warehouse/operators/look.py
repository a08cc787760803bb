"""Telling once a day what is late, for as long as it is."""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain.errors import Problem, Terminal
from edx_warehouse.operators import metrics
from edx_warehouse.operators.freshness import FEEDS, Freshness, freshness
from edx_warehouse.operators.roles import InstitutionOperator

_NAMED = 5  # courses in one line


class FreshnessOperator(InstitutionOperator):
    """Look whether each feed is in time; fail while one is not, so that it is red in the UI and people are told."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Look; return how fresh each feed is.

        :raises Terminal: ``E-DLV-102`` when days or weeks are missing, or not worked through or loaded in time.
        """
        warehouse = self.warehouse(self.institution.name)
        found = freshness(self.institution, self.bucket(), warehouse, self.courses, datetime.now(UTC))
        for feed in found:
            metrics.feed_seen(feed)
            (self.log.info if feed.is_well else self.log.error)("%s", feed)
        late = [it for it in found if it.is_late]
        if late:
            raise Terminal(self._problem(late))
        return {it.name: it.to_dict() for it in found}

    def _problem(self, late: list[Freshness]) -> Problem:
        courses = [str(it) for it in self.courses]
        more = f" and {len(courses) - _NAMED} more" if len(courses) > _NAMED else ""
        missing = any(it.missing for it in late)
        return Problem(
            code="E-DLV-102",
            unit=f"{self.institution.name} {' and '.join(it.name for it in late)}",
            expected=", ".join(f"{it.name} within {FEEDS[it.feed][1]} of the day's or week's beginning" for it in late),
            found="; ".join(map(str, late)),
            done=f"nothing; {', '.join(courses[:_NAMED])}{more} are served as of what came before",
            next="ask who delivers; what comes late is worked on by itself. Days that will never come go under "
            "never_delivered in the registry"
            if missing
            else "look at the failed or waiting runs of these days",
        )
