"""The registry: which institutions, courses and windows there are.

Read from ``include/registry.yaml`` or the file named by ``EDX_WAREHOUSE_REGISTRY``.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.limits import Budget, Limits, WeekLimits
from edx_warehouse.domain.remembered import remembered
from edx_warehouse.domain.research import ResearchProject, read_projects
from edx_warehouse.domain.windows import Window
from edx_warehouse.domain.yaml_files import read_yaml, refuse

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WINDOW_NAME = re.compile(r"[A-Za-z0-9_]+")
_CONNECTION = re.compile(r"[A-Za-z0-9_.-]+")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_POLICY_TAG = re.compile(r"projects/[^/\s]+/locations/[a-z0-9-]+/taxonomies/[0-9]+/policyTags/[0-9]+")
_PROTECTION = ("policy_tags", "restricted_tables")
_RESERVED = frozenset({"latest", "logs", "weekly"})
_FOLDERS = _RESERVED | {"state"}  # beside the windows' own folders
_MORE = frozenset(
    {
        "connections",
        "sites",
        "budget",
        "deliveries_until",
        "geoip",
        "logs_until",
        "log_limits",
        "log_tables",
        "never_delivered",
        "weekly_limits",
        *_PROTECTION,
    }
)
_FEEDS = ("logs", "weekly")
# What a task may be about: each may have a Google account of its own (deploy/terraform).
STEPS = ("ingest", "split", "build", "archive", "research", "watch")
_LOG_TABLES = ("days", "partitioned")
_DAG_ID_LIMIT = 63  # Google's label length: longer Dag ids lose their labels on BigQuery jobs


@dataclass(frozen=True)
class Institution:
    """An organisation with its own BigQuery project, bucket and archive.

    :param deliveries_until: last day that is delivered for; None while deliveries go on. No runs are of later days.
    :param logs_until: last day with logs when exports go on after it.
    :param log_limits: of the splitting of its logs.
    :param never_delivered: feeds with days, or Sundays of weeks, that will never come: nobody is told of them.
    :param log_tables: where queries read events: ``days`` (a table a day) or ``partitioned`` (one table of all days).
    :param weekly_limits: of the drift of its weekly exports.
    :param restricted_tag: BigQuery's policy tag of restricted columns; empty when there is none.
    :param restricted_tables: without a tag, the tables that may have restricted columns, as ``layer.table``; None
        for all.
    :param budget: of its BigQuery project.
    :param geoip: URL of the zip of a MaxMind City database in CSV format; empty for the sample.
    :param connections: Airflow connections to Google by step, in pairs; a step that is not named has Airflow's default.
    """

    name: str
    project: str
    bucket: str
    archive: str
    log_prefixes: tuple[str, ...]
    sites: tuple[str, ...]
    deliveries_until: date | None = None
    logs_until: date | None = None
    log_limits: Limits = field(default_factory=Limits)
    log_tables: str = "days"
    never_delivered: frozenset[tuple[str, date]] = frozenset()
    weekly_limits: WeekLimits = field(default_factory=WeekLimits)
    restricted_tag: str = ""
    restricted_tables: frozenset[str] | None = None
    geoip: str = ""
    budget: Budget = field(default_factory=Budget)
    connections: tuple[tuple[str, str], ...] = ()

    def last_due(self, feed: str) -> date:
        """Return the last day that is delivered for in a feed, ``logs`` or ``weekly``."""
        last = self.deliveries_until or date.max
        return min(last, self.logs_until or date.max) if feed == "logs" else last


@dataclass(frozen=True)
class Course:
    """A course run that an institution teaches."""

    key: CourseKey
    institution: Institution
    launch: date | None = None
    wrap: date | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registry:
    """Everything the Dags are generated from, in the order of names."""

    institutions: tuple[Institution, ...]
    courses: tuple[Course, ...]
    windows: tuple[Window, ...]
    research: tuple[ResearchProject, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Registry":
        """Read and validate a registry.

        :raises Terminal: ``E-CFG-101`` naming file, key and the mend.
        """
        return _read(path)

    def courses_of(self, institution: Institution) -> tuple[Course, ...]:
        """Return the courses an institution teaches."""
        return tuple(course for course in self.courses if course.institution == institution)


def registry_path(include: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the registry that is in force."""
    return Path(environment.get("EDX_WAREHOUSE_REGISTRY") or include / "registry.yaml")


@remembered()
def _read(path: Path) -> Registry:
    return _Reader(path).read()


class _Reader:
    """Turns one YAML document into a registry, refusing what is doubtful."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Registry:
        document = self._mapping(read_yaml(self.path), "", {"institutions", "courses"}, {"windows", "research"})
        institutions = {
            name: self._institution(name, value)
            for name, value in self._mapping(document["institutions"], "institutions").items()
        }
        self._unique("institutions", "bucket", [(it.bucket, it.name) for it in institutions.values()])
        windows = [
            self._window(value, f"windows[{number}]")
            for number, value in enumerate(self._list(document.get("windows") or [], "windows"))
        ]
        self._unique("windows", "name", [(it.name, it.name) for it in windows])
        suffixes = _RESERVED | {window.name for window in windows}
        courses = [
            self._course(value, f"courses[{number}]", institutions, suffixes)
            for number, value in enumerate(self._list(document["courses"], "courses"))
        ]
        research = self._research(document.get("research") or [], courses, institutions, windows)
        # Case-insensitively: dataset names differ by case alone, folders on many disks do not.
        self._unique("courses", "slug", [(it.key.slug.lower(), str(it.key)) for it in courses])
        self._unique("courses", "file name", [(it.key.file_prefix, str(it.key)) for it in courses])
        datasets = [
            (f"{it.key.slug}_{suffix}".lower(), f"{it.key} {suffix}") for it in courses for suffix in sorted(suffixes)
        ]
        self._unique("windows", "dataset", datasets)
        return Registry(
            tuple(sorted(institutions.values(), key=lambda it: it.name)),
            tuple(sorted(courses, key=lambda it: it.key)),
            tuple(sorted(windows, key=lambda it: it.name)),
            research,
        )

    def _research(
        self, value: Any, courses: Sequence[Course], institutions: Iterable[str], windows: Iterable[Window]
    ) -> tuple[ResearchProject, ...]:
        taught = {name: [(it.key, it.groups) for it in courses if it.institution.name == name] for name in institutions}
        projects = read_projects(self.path, value, taught)
        names = [(it.name, f"window {it.name}") for it in windows]
        self._unique("research", "dataset", names + [(it.suffix, f"project {it.name}") for it in projects])
        return projects

    def _institution(self, name: str, value: Any) -> Institution:
        key = f"institutions.{name}"
        if not _NAME.fullmatch(name):
            raise self._wrong(key, "a name of letters, digits and _", name, "rename the institution")
        it = self._mapping(value, key, {"project", "bucket", "archive", "log_prefixes"}, _MORE)
        tag, restricted_tables = self._protection(it, key)
        archive = self._url(it["archive"], f"{key}.archive")
        prefixes = self._texts(it["log_prefixes"], f"{key}.log_prefixes")
        return Institution(
            name=name,
            project=self._text(it["project"], f"{key}.project", _PROJECT),
            bucket=self._text(it["bucket"], f"{key}.bucket", _BUCKET),
            archive=archive.rstrip("/"),
            log_prefixes=tuple(sorted(prefix.lower() for prefix in prefixes)),
            sites=tuple(sorted(self._texts(it.get("sites", ["prod", "edge"]), f"{key}.sites"))),
            deliveries_until=self._date(it.get("deliveries_until"), f"{key}.deliveries_until"),
            logs_until=self._date(it.get("logs_until"), f"{key}.logs_until"),
            log_limits=self._limits(Limits, it.get("log_limits") or {}, f"{key}.log_limits"),
            log_tables=self._one_of(_LOG_TABLES, it.get("log_tables", "days"), f"{key}.log_tables"),
            never_delivered=self._never_delivered(it.get("never_delivered") or {}, f"{key}.never_delivered"),
            weekly_limits=self._limits(WeekLimits, it.get("weekly_limits") or {}, f"{key}.weekly_limits"),
            restricted_tag=tag,
            restricted_tables=restricted_tables,
            geoip=self._url(it["geoip"], f"{key}.geoip") if "geoip" in it else "",
            budget=self._limits(Budget, it.get("budget") or {}, f"{key}.budget"),
            connections=self._connections(it.get("connections") or {}, f"{key}.connections"),
        )

    def _url(self, value: Any, key: str) -> str:
        url = self._text(value, key)
        if "://" not in url:
            raise self._wrong(key, "a URL such as file:///srv/hmdc", url, "write the URL")
        parts = urlsplit(url)
        if parts.password is not None:
            mend = "put it into an Airflow connection and write the connection's id before @"
            raise self._wrong(key, "a URL without a password", "one with a password", mend)
        if parts.scheme in ("sftp", "ssh") and not parts.username:
            mend = "name the Airflow connection that has host and key: sftp://hmdc@/srv/hmdc"
            raise self._wrong(key, "a connection's id before @", "none", mend)
        return url

    def _protection(self, it: Mapping[str, Any], key: str) -> tuple[str, frozenset[str] | None]:
        if all(name in it for name in _PROTECTION):
            raise self._wrong(key, "policy_tags or restricted_tables", "both", "remove restricted_tables")
        if "policy_tags" in it:
            tags = self._mapping(it["policy_tags"], f"{key}.policy_tags", {"restricted"})
            return self._text(tags["restricted"], f"{key}.policy_tags.restricted", _POLICY_TAG), None
        if "restricted_tables" in it:
            return "", frozenset(self._texts(it["restricted_tables"], f"{key}.restricted_tables"))
        return "", None

    def _course(self, value: Any, key: str, institutions: Mapping[str, Institution], suffixes: Iterable[str]) -> Course:
        it = self._mapping(value, key, {"course_id", "institution"}, {"launch", "wrap", "groups"})
        text = self._text(it["course_id"], f"{key}.course_id")
        try:
            course_key = CourseKey.parse(text)
        except ValueError as error:
            raise self._wrong(
                f"{key}.course_id", str(error).removeprefix("a course id is "), text, "correct it"
            ) from error
        slug = course_key.slug
        for suffix in suffixes:
            if slug.endswith(f"_{suffix}"):
                raise self._wrong(
                    f"{key}.course_id",
                    "a slug that is no derived dataset's name",
                    f"{slug}, which ends in _{suffix}",
                    "rename the window, or leave the course out",
                )
        if len(dag_id := f"course_weekly__{slug}") > _DAG_ID_LIMIT:
            raise self._wrong(
                f"{key}.course_id",
                f"a Dag id of at most {_DAG_ID_LIMIT} characters",
                dag_id,
                "leave the course out",
            )
        name = self._text(it["institution"], f"{key}.institution")
        if name not in institutions:
            raise self._wrong(
                f"{key}.institution",
                f"one of {', '.join(sorted(institutions))}",
                name,
                "declare it under institutions",
            )
        launch, wrap = (self._date(it.get(field), f"{key}.{field}") for field in ("launch", "wrap"))
        if launch and wrap and wrap < launch:
            raise self._wrong(f"{key}.wrap", f"a date on or after {launch}", str(wrap), "correct one of the two")
        groups = tuple(sorted(self._texts(it.get("groups") or [], f"{key}.groups")))
        return Course(course_key, institutions[name], launch, wrap, groups)

    def _window(self, value: Any, key: str) -> Window:
        it = self._mapping(value, key, {"name", "start", "end"})
        name = self._text(it["name"], f"{key}.name", _WINDOW_NAME)
        if name in _FOLDERS:
            raise self._wrong(f"{key}.name", f"none of {', '.join(sorted(_FOLDERS))}", name, "rename the window")
        start, end = (self._date(it[field], f"{key}.{field}") for field in ("start", "end"))
        if start is None or end is None or end <= start:
            raise self._wrong(f"{key}.end", "a date after start (end is exclusive)", str(end), "correct one of the two")
        return Window(name, start, end)

    def _wrong(self, key: str, expected: str, found: str, mend: str) -> Terminal:
        return refuse(self.path, expected, found, mend, key=key)

    def _mapping(
        self, value: Any, key: str, required: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> dict[str, Any]:
        required, optional = set(required), set(optional)
        if not isinstance(value, dict):
            raise self._wrong(key, "keys and values", type(value).__name__, "see docs/registry.md")
        if required:
            for name in value:
                if name not in required | optional:
                    known = ", ".join(sorted(required | optional))
                    raise self._wrong(f"{key}.{name}".lstrip("."), f"one of {known}", name, "correct or remove the key")
            for name in sorted(required - set(value)):
                raise self._wrong(f"{key}.{name}".lstrip("."), "a value", "none", "add the key")
        return value

    def _list(self, value: Any, key: str) -> list[Any]:
        if not isinstance(value, list):
            raise self._wrong(key, "a list", type(value).__name__, "begin each entry with a dash")
        return value

    def _text(self, value: Any, key: str, form: re.Pattern[str] | None = None) -> str:
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text", repr(value), "put the value in quotes")
        if form and not form.fullmatch(value):
            raise self._wrong(key, f"a text like {form.pattern}", value, "correct the value")
        return value

    def _texts(self, value: Any, key: str) -> list[str]:
        return [self._text(item, f"{key}[{number}]") for number, item in enumerate(self._list(value, key))]

    def _date(self, value: Any, key: str) -> date | None:
        return None if value is None else self._required_date(value, key)

    def _required_date(self, value: Any, key: str) -> date:
        if not isinstance(value, date):
            raise self._wrong(key, "a date YYYY-MM-DD", repr(value), "correct the date")
        return value

    def _limits[L: (Budget, Limits, WeekLimits)](self, kind: type[L], value: Any, key: str) -> L:
        known = {it.name: it for it in fields(kind)}
        for name, number in self._mapping(value, key).items():
            self._one_of(known, name, key)
            share = isinstance(known[name].default, float)
            if type(number) is not int and not (share and type(number) is float):
                raise self._wrong(f"{key}.{name}", "a number", repr(number), "correct the number")
            if number < 0 or (share and not number <= 1):
                raise self._wrong(
                    f"{key}.{name}", "0 to 1" if share else "0 or more", repr(number), "correct the number"
                )
        return kind(**value)

    def _never_delivered(self, value: Any, key: str) -> frozenset[tuple[str, date]]:
        return frozenset(
            (self._one_of(_FEEDS, feed, key), self._required_date(day, f"{key}.{feed}[{number}]"))
            for feed, days in self._mapping(value, key).items()
            for number, day in enumerate(self._list(days, f"{key}.{feed}"))
        )

    def _connections(self, value: Any, key: str) -> tuple[tuple[str, str], ...]:
        named = self._mapping(value, key)
        return tuple(
            (self._one_of(STEPS, step, key), self._text(named[step], f"{key}.{step}", _CONNECTION))
            for step in sorted(named)
        )

    def _one_of(self, known: Iterable[str], value: Any, key: str) -> str:
        if value not in known:
            raise self._wrong(key, f"one of {', '.join(known)}", repr(value), "correct or remove the key")
        return str(value)

    def _unique(self, key: str, what: str, claims: Iterable[tuple[str, str]]) -> None:
        owners: dict[str, str] = {}
        for claim, owner in claims:
            if claim in owners:
                raise self._wrong(
                    key,
                    f"a {what} for each",
                    f"{owners[claim]} and {owner} with one",
                    "remove or rename one of them",
                )
            owners[claim] = owner
