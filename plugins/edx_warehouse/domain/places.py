"""Where things are: paths in the archive and the bucket, names of datasets and tables."""

import re
from datetime import date

from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.windows import LATEST, Window

WEEKLY = "hmdc/weekly/"
LOGS = "hmdc/logs/"
SPLITS = "hmdc/splits/"
SURVEYS = "hmdc/surveys/"
REFERENCE = "hmdc/reference/"
SNAPSHOTS = "snapshots"
STAGING = "warehouse_staging"
OPS = "warehouse_ops"
REFERENCE_TABLES = "warehouse_reference"

SURVEY_KINDS = ("pre_course", "end_of_course", "dynamic", "in_course")

_OPT_IN_NAME = re.compile(r"[A-Za-z0-9_.]+-email_opt_in-(?P<site>[a-z]+(?:-[a-z]+)*)\.csv(?:\.gz)?")
_LOG_NAME = re.compile(
    r"(?P<prefix>[A-Za-z0-9_.]+)-(?P<site>[a-z][a-z-]*?)-events-(?P<day>\d{4}-\d\d-\d\d)"
    r"(?P<replay>\.replay-[0-9a-f]{12})?\.log\.gz"
)


def log_file_day(name: str) -> date | None:
    """Return the day in a log file's base name ``{prefix}-{site}-events-{day}.log.gz``, or None."""
    match = _LOG_NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match["day"])
    except ValueError:
        return None


def log_file_prefix(name: str) -> str:
    """Return the organisation part of a log file's name."""
    match = _LOG_NAME.fullmatch(name)
    return match["prefix"] if match else ""


def log_file_site(name: str) -> str:
    """Return the site in a log file's name, as in ``prod`` or ``edge``; empty when it is none."""
    match = _LOG_NAME.fullmatch(name)
    return match["site"] if match else ""


def is_replay(name: str) -> bool:
    """Tell whether a base name is that of corrected lines, which are no delivery and come from no archive."""
    match = _LOG_NAME.fullmatch(name)
    return match is not None and match["replay"] is not None


def replay_file(name: str, sha256: str) -> str:
    """Return the base name of corrected lines, named by their content and sorting right behind a delivered file's."""
    return f"{name.removesuffix('.log.gz')}.replay-{sha256[:12]}.log.gz"


def replays(day: date) -> str:
    """Return the prefix of the records of which lines each replay of a day corrects."""
    return f"quarantine/replays/{day}/"


def log_glob(day: date) -> str:
    """Return the glob of a day's mirrored log files, of any prefix and site, and of its replays."""
    return f"{LOGS}*-events-{day}*.log.gz"


def weekly(week: date) -> str:
    """Return the prefix of the exact copies of a weekly export."""
    return f"{WEEKLY}{week}/"


def weekly_manifest(week: date) -> str:
    """Return the object written last when a weekly export is mirrored."""
    return f"{WEEKLY}{week}/MANIFEST.json"


def packages(week: date) -> str:
    """Return the prefix of the records of what was in a weekly export's zips."""
    return f"hmdc/packages/{week}/"


def is_opt_in(name: str) -> bool:
    """Tell whether a base name is that of an e-mail opt-in file ``{org}-email_opt_in-{site}-analytics.csv``, not of Edge."""
    match = _OPT_IN_NAME.fullmatch(name)
    return match is not None and "edge" not in match["site"].split("-")


def surveys(slug: str) -> str:
    """Return the prefix of the exact copies of a course's survey files."""
    return f"{SURVEYS}{slug}/"


def surveys_manifest(slug: str) -> str:
    """Return the object that says which survey files the archive has of a course; written after them."""
    return f"{SURVEYS}{slug}/MANIFEST.json"


def quarantine_surveys(course: CourseKey) -> str:
    """Return the prefix of a course's survey rows that could not be taken, and of the files that are held."""
    return f"quarantine/surveys/{course.slug}/"


def split_manifest(day: date) -> str:
    """Return the object written last when a day's logs are split for all courses of the institution."""
    return f"{SPLITS}{day}.manifest.json"


def table_state(course: CourseKey, table: str, window: Window = LATEST) -> str:
    """Return the object that says from which day tables each date of an incremental table was made."""
    return f"{course.slug}/state/{'' if window == LATEST else f'{window.name}/'}{table}.json"


def snapshot(week: date, course: CourseKey) -> str:
    """Return the folder of a course week's first snapshot in the archive."""
    return snapshot_folder(week, course.slug, 1)


def snapshot_folder(week: date, slug: str, version: int) -> str:
    """Return the folder of one version of a course week's snapshot in the archive."""
    return f"{SNAPSHOTS}/{week}/{slug}" + (f".v{version}" if version > 1 else "")


def log_part(course: CourseKey, day: date) -> str:
    """Return the object with a course's events of one delivered log day."""
    return f"{course.slug}/logs/tracklog-{day}.json.gz"


def log_manifest(course: CourseKey, day: date) -> str:
    """Return the manifest of :func:`log_part`."""
    return f"{course.slug}/logs/tracklog-{day}.manifest.json"


def week_of_course(course: CourseKey, week: date) -> str:
    """Return the prefix of one week of a course: raw/, transformed/ and secondary/, immutable once written."""
    return f"{weeks_of_course(course)}{week}/"


def weeks_of_course(course: CourseKey) -> str:
    """Return the prefix of all weeks of a course."""
    return f"{course.slug}/weekly/"


def window_folder(course: CourseKey, window: Window) -> str:
    """Return the prefix of a window: raw/, transformed/, secondary/, and MANIFEST.json, which is written last."""
    return f"{course.slug}/{window.name}/"


def drafts(course: CourseKey) -> str:
    """Return the prefix of a course's secondary files that are being written."""
    return f"{course.slug}/drafts/"


def latest(course: CourseKey) -> str:
    """Return the prefix of the newest complete week of a course."""
    return f"{course.slug}/latest/"


def quarantine_logs(day: date) -> str:
    """Return the prefix of a log day's records that could not be taken, and of its hold."""
    return f"quarantine/logs/{day}/"


def quarantine_week(course: CourseKey, week: date) -> str:
    """Return the prefix of a course week that is held."""
    return f"quarantine/weekly/{week}/{course.slug}/"


def quarantine_packages(week: date | str) -> str:
    """Return the prefix of a week whose zip was refused; no course's slug is like it."""
    return f"quarantine/weekly/{week}/packages/"


def dataset(course: CourseKey, window: Window) -> str:
    """Return the dataset of a course's tables of a window."""
    return f"{course.slug}_{window.name}"


def latest_dataset(course: CourseKey) -> str:
    """Return the dataset of a course's newest tables."""
    return dataset(course, LATEST)


def logs_dataset(course: CourseKey) -> str:
    """Return the dataset of a course's day tables; nothing else may be in it."""
    return f"{course.slug}_logs"


def report_dataset(institution: str) -> str:
    """Return the dataset of an institution's tables across courses."""
    return f"course_report_{institution}"


def report_state(table: str) -> str:
    """Return the object that says from what each course's rows of a table across courses were made."""
    return f"reports/{table}.json"


def day_table(day: date) -> str:
    """Return the name of the table of one delivered log day."""
    return f"tracklog_{day:%Y%m%d}"
