"""Building the tables that are kept by event date."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Context

from edx_warehouse.domain import places
from edx_warehouse.operators.due import digest_of, log_manifests
from edx_warehouse.operators.publish import Version, publish
from edx_warehouse.operators.tables import CourseTableOperator, check_columns
from edx_warehouse.tables.days import DaysState, LogDay, batches, outdated, wanted_state
from edx_warehouse.tables.provenance import digest
from edx_warehouse.tables.references import bind, union_of_days

_TABLES_PER_QUERY = 500  # BigQuery takes 1,000; half of it keeps the text of the query well below its limit


class BuildDaysOperator(CourseTableOperator):
    """Rebuild the dates of an incremental table whose events changed, and no others.

    What each date was made from is kept in an object beside the course's logs, and its digest in the table's
    label: when the two do not agree, as after a table was restored by hand, the whole table is made again.

    :param table: reference of a table that reads ``logs.tracklog`` and has a partition column.
    """

    def __init__(self, *, table: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context: Context) -> dict[str, Any]:
        """Build what is out of date; return the dates."""
        bucket, warehouse = self.bucket(), self.warehouse("")
        declared = self.catalog[self.table]
        target = warehouse.reference(places.latest_dataset(self.course), declared.name)
        recipe = digest(declared.reference, declared.sql, declared.fields, {}, {})
        state_name = places.table_state(self.course, declared.name)
        content, served = bucket.read(state_name), warehouse.find(target)
        before = DaysState.from_json(content) if content and served else None
        if before and served and served.labels.get("digest") != before.digest:
            self.log.warning("%s is not as its state says: all of its dates are made again", target)
            before = None
        labels = warehouse.labels(places.logs_dataset(self.course))
        wanted = wanted_state(recipe, _loaded(labels), _split(log_manifests(bucket, self.course)), before)
        dates = outdated(before, wanted)
        if not dates and before == wanted:
            return self.announce(context, {"table": target, "made": False, "dates": []})
        groups = list(batches(dates, wanted, _TABLES_PER_QUERY))
        for group, days in groups:
            # Only the last group may say that the table is as wanted: the others would be taken for done.
            made = wanted.digest if group == groups[-1][0] else digest_of([wanted.digest, *group])
            self._build(warehouse, target, wanted, made, group, days, context)
        bucket.put(state_name, wanted.to_json())
        return self.announce(context, {"table": target, "made": bool(dates), "dates": [str(it) for it in dates]})

    def _build(
        self,
        warehouse: Any,
        target: str,
        state: DaysState,
        made: str,
        dates: list[date],
        days: list[date],
        context: Context,
    ) -> None:
        declared = self.catalog[self.table]
        logs = [warehouse.reference(places.logs_dataset(self.course), places.day_table(day)) for day in days]
        parameters = {"course_id": str(self.course), "event_dates": dates}
        # Dates whose events all went away have nothing to be read from: an empty table of the same columns will do.
        source = union_of_days(logs) if logs else f"(SELECT * FROM `{target}` WHERE FALSE)"
        sql = bind(declared.sql or "", {"logs.tracklog": source})
        wanted = Version(
            table=declared,
            target=target,
            digest=made,
            inputs={reference: state.days[day].content for reference, day in zip(logs, days, strict=True)},
            labels=self.labels(),
            course_id=str(self.course),
            sql=sql,
            parameters=parameters,
            dates=dates,
            debug={"event_dates": " ".join(map(str, dates))},
        )

        def produce(into: str, key: str) -> Any:
            if not logs:
                return warehouse.query(f"SELECT * FROM `{into}` WHERE FALSE", {}, key)
            check_columns(warehouse, declared, sql, parameters)
            return warehouse.insert(sql, parameters, declared.fields, into, key)

        publish(warehouse, self.catalog, wanted, produce, context)


def _loaded(labels: Mapping[str, Mapping[str, str]]) -> dict[date, str]:
    prefix = "tracklog_"
    return {
        date.fromisoformat(name.removeprefix(prefix)): it["content"]
        for name, it in labels.items()
        if name.startswith(prefix) and "content" in it
    }


def _split(manifests: Mapping[date, Mapping[str, str]]) -> dict[date, LogDay]:
    return {
        day: LogDay(it["content"], tuple(map(date.fromisoformat, it["event_dates"].split())))
        for day, it in manifests.items()
        if "content" in it and "event_dates" in it
    }
