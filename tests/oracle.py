"""An independent oracle: counts what an archive holds, with the standard library alone, slowly and plainly.

    python tests/oracle.py ARCHIVE Org/Course/Run [Org/Course/Run ...]

ARCHIVE is one institution's archive (the folder with ``incoming/``), the ids are the institution's registered courses
in either spelling. Prints one JSON object: logs by day and file, events by course and day, activity by course, event
date and learner, and the weekly tables of each course's newest export. Tests call :func:`count`.
"""

import gzip
import json
import re
import sys
import zlib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

PART = r"[A-Za-z0-9_.-]*[A-Za-z0-9][A-Za-z0-9_.-]*"
SLASHED = re.compile(rf"({PART})/({PART})/({PART})")
OPAQUE = re.compile(rf"course-v1:({PART})\+({PART})\+({PART})")
BLOCK = re.compile(rf"block-v1:({PART})\+({PART})\+({PART})\+type@")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
MEASURES = {
    "nvideo": {"play_video"},
    "nproblem_check": {"problem_check"},
    "nseq_goto": {"seq_goto"},
    "nshow_answer": {"show_answer", "showanswer"},
    "ntranscript": {"show_transcript"},
    "nseek_video": {"seek_video"},
    "npause_video": {"pause_video"},
}
TABLES = {
    "users": "auth_user",
    "profiles": "auth_userprofile",
    "enrollment": "student_courseenrollment",
    "certificates": "certificates_generatedcertificate",
    "studentmodule": "courseware_studentmodule",
}


class Bad(Exception):
    """A line to be quarantined."""


def canonical(text):
    """Return Org/Course/Run for an id in either spelling, None for anything else."""
    text = unquote(text).strip() if isinstance(text, str) else ""
    if text.startswith("course-v1:"):
        text = text.replace(" ", "+")
    match = SLASHED.fullmatch(text) or OPAQUE.fullmatch(text)
    return "/".join(match.groups()) if match else None


def in_path(text):
    """Return the course of ``/courses/<id>/...`` in a path or URL."""
    if not isinstance(text, str) or "/courses/" not in text:
        return None
    parts = re.split(r"[?#]", text.split("/courses/", 1)[1])[0].split("/")
    return canonical(parts[0] if unquote(parts[0]).startswith("course-v1:") else "/".join(parts[:3]))


def in_block(text):
    """Return the course of a new-style block id."""
    match = BLOCK.match(unquote(text).strip().replace(" ", "+")) if isinstance(text, str) else None
    return "/".join(match.groups()) if match else None


def course_of(line):
    """Return the first valid course id of an event in the order of trust, registered or not."""
    context = line.get("context") if isinstance(line.get("context"), dict) else {}
    event = line.get("event")
    if isinstance(event, str):
        try:
            event = json.loads(event)
        except (ValueError, RecursionError):
            event = None
    event = event if isinstance(event, dict) else {}
    candidates = [
        canonical(context.get("course_id")),
        canonical(event.get("course_id")),
        in_path(context.get("path")),
        in_path(line.get("event_type")),
        in_path(line.get("page")),
        in_path(line.get("referer")),
        *(in_block(event.get(name)) for name in ("id", "problem_id", "module_id", "usage_key")),
    ]
    return next((candidate for candidate in candidates if candidate), None)


def no_differing_twins(pairs):
    found = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise Bad("duplicate keys")
        found[key] = value
    return found


def number(text):
    """Read a number that the warehouse can hold; NaN and Infinity come here too."""
    if len(text) > 400 or not abs(float(text)) < float("inf"):
        raise Bad("not finite")
    if text.lstrip("-").isdigit() and not -(2**63) <= int(text) < 2**63:
        raise Bad("integer out of range")
    return float(text)


def check(value, depth=1):
    """Refuse what is too deep, NUL characters and lone surrogates, in keys and values."""
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        raise Bad("nul or lone surrogate")
    if isinstance(value, (dict, list)):
        if depth > 64:
            raise Bad("too deep")
        for inner in [*value.keys(), *value.values()] if isinstance(value, dict) else value:
            check(inner, depth + 1)


def when(line, day):
    text = line.get("time")
    try:
        time = datetime.fromisoformat(TIME.fullmatch(text.strip())[0])
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise Bad("no time, or none that can be read") from error
    if time.year < 2010 or time.date() > day + timedelta(days=2):
        raise Bad("time out of range")
    return time


def read_line(raw, day):
    """Return an event and its time, or raise Bad."""
    numbers = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), number)
    try:
        text = raw[raw.index(b"{") :].decode("utf-8")
        line = json.loads(text, object_pairs_hook=no_differing_twins, **numbers)
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON") from error
    check(line)
    return line, when(line, day)


def count_day(day, files, courses):
    """Count one delivered day: all files of the institution, sorted by name."""
    result = {"files": {}, "duplicates": 0, "bad": 0, "aside": 0, "rows": 0, "events": Counter()}
    activity = defaultdict(Counter)
    earlier_files = set()
    for path in sorted(files, key=lambda it: it.name):
        here, lines, blank = set(), 0, 0
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error):
            return {"held": path.name}, {}
        for raw in content.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").split(b"\n") if content else []:
            lines += 1
            raw = raw.strip(b" \t\r")
            if not raw:
                blank += 1
            elif raw in earlier_files:
                result["duplicates"] += 1
            else:
                here.add(raw)
                count_line(raw, day, courses, result, activity)
        earlier_files |= here
        result["files"][path.name] = {"lines": lines, "blank": blank}
    return result, activity


def count_line(raw, day, courses, result, activity):
    try:
        line, time = read_line(raw, day)
    except Bad:
        result["bad"] += 1
        return
    course = course_of(line)
    if course not in courses:
        result["aside"] += 1
        return
    result["rows"] += 1
    result["events"][course] += 1
    username, kind = (
        it.strip() if isinstance(it := line.get(name), str) else "" for name in ("username", "event_type")
    )
    if not username or "/xblock/" in kind:
        return
    tally = activity[course, str(time.date()), username]
    tally["nevents"] += 1
    for measure, kinds in MEASURES.items():
        tally[measure] += kind in kinds
    path = kind.split("/courses/", 1)[1] if kind.startswith("/courses/") and in_path(kind) == course else ""
    after = path.split("/")[1 if unquote(path).startswith("course-v1:") else 3 :]
    tally["nprogcheck"] += after[:1] != [] and after[0].startswith("progress")
    tally["nforum"] += len(after) > 1 and after[0] == "discussion"


def read_table(path):
    """Return the rows of a table as dictionaries of text; none when edX sent no file."""
    if not path.exists():
        return []
    header, *rows = path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    return [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows]


def count_week(folder, course):
    """Count one course's export; what users, profiles, enrolments and certificates know makes the registered."""
    start = course.replace("/", "-")
    rows = {name: read_table(folder / f"{start}-{table}-prod-analytics.sql") for name, table in TABLES.items()}

    def mine(name):
        return [row for row in rows[name] if canonical(row["course_id"]) == course]

    members = rows["profiles"] + mine("enrollment") + mine("certificates")
    registered = {row["id"] for row in rows["users"]} | {row["user_id"] for row in members}
    viewed = {row["student_id"] for row in mine("studentmodule") if row["module_type"] == "chapter"}
    certified = {row["user_id"] for row in mine("certificates") if row["status"] == "downloadable"}
    return {
        "registered": len(registered),
        "viewed": len(viewed & registered),
        "certified": len(certified),
        "tables": {name: len(table) for name, table in rows.items()},
    }


def count(archive, course_ids, skip_weeks=()):
    """Count one institution's archive; ``skip_weeks`` holds (course, week) that are held."""
    courses = sorted(canonical(course_id) for course_id in course_ids)
    days = defaultdict(list)
    for path in sorted((Path(archive) / "incoming" / "logs").glob("*.log.gz")):
        days[path.name.removesuffix(".log.gz")[-10:]].append(path)
    logs, activity = {}, defaultdict(Counter)
    for day, files in sorted(days.items()):
        logs[day], of_day = count_day(date.fromisoformat(day), files, courses)
        for key, tally in of_day.items():
            activity[key].update(tally)
    weeks = {}
    for folder in sorted((Path(archive) / "incoming" / "weekly").iterdir()):
        for course in courses:
            if (course, folder.name) not in skip_weeks:
                weeks[course] = {"week": folder.name} | count_week(folder, course)
    return {"logs": logs, "activity": activity, "weekly": weeks}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    counts = count(sys.argv[1], sys.argv[2:])
    counts["activity"] = [[*key, tally] for key, tally in sorted(counts["activity"].items())]
    json.dump(counts, sys.stdout, indent=1)
