"""What a task is about, told by its names alone: its table, its object, its manifest, and where people look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from edx_warehouse.domain import places
from edx_warehouse.domain.registry import Course, Institution, Registry

_CONSOLE = "https://console.cloud.google.com"
_CONVERTED = "converted.json"
_SURVEYS = "surveys.json"
_FEEDS = {
    "mirror_weekly": places.WEEKLY,
    "mirror_logs": places.LOGS,
    "mirror_surveys": places.SURVEYS,
    "convert_reference": places.REFERENCE,
}


@dataclass(frozen=True)
class Whereabouts:
    """Where the things of one task are; empty where it has none.

    :param project: its institution's project.
    :param bucket: its institution's bucket.
    :param table: ``dataset.table``, or a dataset alone when it works on all its tables.
    :param object: the object that it reads or writes, or a prefix that ends in a slash.
    :param manifest: the object that vouches for it.
    """

    project: str = ""
    bucket: str = ""
    table: str = ""
    object: str = ""
    manifest: str = ""

    @property
    def table_url(self) -> str:
        """Address of the table, or of the dataset, in BigQuery's console."""
        if not self.table:
            return ""
        dataset, _, table = self.table.partition(".")
        parts = {"project": self.project, "p": self.project, "d": dataset}
        return f"{_CONSOLE}/bigquery?{urlencode({**parts, **({'t': table} if table else {}), 'page': 'table' if table else 'dataset'})}"

    @property
    def object_url(self) -> str:
        """Address of the object, or of the folder, in Storage's console."""
        return storage_url(self.bucket, self.object)

    @property
    def manifest_url(self) -> str:
        """Address of the manifest in Storage's console."""
        return storage_url(self.bucket, self.manifest)

    @property
    def full_table(self) -> str:
        """``project.dataset.table``; empty when it is about no single table."""
        return f"{self.project}.{self.table}" if "." in self.table else ""


def storage_url(bucket: str, name: str) -> str:
    """Return the address of an object, or of a prefix that ends in a slash, in Storage's console."""
    if not name:
        return ""
    kind = "" if name.endswith("/") else "_details/"
    return f"{_CONSOLE}/storage/browser/{kind}{bucket}/{quote(name)}"


def job_url(project: str, made: Mapping[str, Any]) -> str:
    """Return the address of the BigQuery job in its console of which a task told when it returned; empty without one."""
    if not made.get("job_id"):
        return ""
    job = f"bq:{made.get('location') or 'US'}:{made['job_id']}"
    return f"{_CONSOLE}/bigquery?{urlencode({'project': project, 'page': 'queryresults', 'j': job})}"


def whereabouts(
    registry: Registry, dag_id: str, task_id: str, day: date | None, made: Mapping[str, Any], week: date | None = None
) -> Whereabouts:
    """Return where the things of a task are.

    :param day: the run's logical date.
    :param made: what the task returned; empty when it did not end well.
    :param week: the weekly export that the run took.
    """
    family, _, name = dag_id.partition("__")
    task = task_id.rsplit(".", 1)[-1]  # without the groups that it is in
    institution = next((it for it in registry.institutions if it.name == name), None)
    course = next((it for it in registry.courses if it.key.slug == name), None)
    found = None
    if course and family == "course_daily":
        found = _of_day(course, task, day)
    elif course and family == "course_weekly":
        found = _of_week(course, task, week)
    elif institution:
        found = _of_institution(institution, family, task, day)
    owner = course.institution if course else institution
    if owner is None or found is None:
        return Whereabouts()
    table = str(made.get("table") or "")
    if table.count(".") == 2:
        found["table"] = table.partition(".")[2]
    return Whereabouts(project=owner.project, bucket=owner.bucket, **found)


def _of_day(course: Course, task: str, day: date | None) -> dict[str, str]:
    if task.startswith("build_"):
        return {"table": f"{places.latest_dataset(course.key)}.{task.removeprefix('build_')}"}
    if day is None or task not in ("wait_for_split", "load_tracklog", "check_tables", "plan_builds"):
        return {}
    table = {"table": f"{places.logs_dataset(course.key)}.{places.day_table(day)}"}
    manifest = {"manifest": places.log_manifest(course.key, day)}
    files = {"object": places.log_part(course.key, day), **manifest}
    return {"wait_for_split": manifest, "load_tracklog": table | files}.get(task, table)


def _of_week(course: Course, task: str, week: date | None) -> dict[str, str]:
    dataset = places.latest_dataset(course.key)
    folder = places.week_of_course(course.key, week) if week else ""
    converted = {"manifest": folder + _CONVERTED} if week else {}
    verb, _, name = task.partition("_")
    if task in ("publish_tables", "check_tables"):
        return {"table": dataset} | converted
    if task == "seal_week":
        return {"object": places.latest(course.key)} | ({"manifest": f"{folder}MANIFEST.json"} if week else {})
    if task == "load_small_tables":
        return {"table": dataset} | ({"object": f"{folder}transformed/"} if week else {}) | converted
    if verb == "load":
        file = {"object": f"{folder}transformed/{name}.json.gz"} if week else {}
        return {"table": f"{dataset}.{name}"} | file | converted
    if verb == "build":
        return {"table": f"{dataset}.{name}"}
    if week and task == "wait_for_export":
        return {"object": places.weekly(week), "manifest": places.weekly_manifest(week)}
    if week and task == "convert_surveys":
        return {"object": folder, "manifest": folder + _SURVEYS}
    return ({"object": folder} | converted) if verb == "convert" and week else {}


def _of_institution(institution: Institution, family: str, task: str, day: date | None) -> dict[str, str]:
    if task in _FEEDS:
        return {"object": _FEEDS[task]}
    if family == "institution_tables":
        return {"table": places.report_dataset(institution.name)}
    if task in ("load_reference", "load_lists"):
        return {"table": places.REFERENCE_TABLES}
    if family == "split_logs" and day:
        manifest = {"manifest": places.split_manifest(day)} if task == "split_logs" else {}
        return {"object": places.LOGS, "table": f"{places.OPS}.split_history"} | manifest
    return {}
