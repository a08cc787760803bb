"""An independent oracle: counts what an archive holds, with the standard library alone, slowly and plainly.

    python tests/oracle.py ARCHIVE Org/Course/Run [Org/Course/Run ...]

ARCHIVE is one institution's archive (the folder with ``incoming/``), the ids are the institution's registered courses
in either spelling. Prints one JSON object: logs by day and file, events by course and day, the rows of each table of
days by course, and the weekly tables of each course's newest export. Tests call :func:`count`.
"""

import gzip
import json
import sys
import zlib
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

from oracle_days import tables_of_days
from oracle_lines import Bad, canonical, course_of, event_of, read_line

TABLES = {
    "users": "auth_user",
    "profiles": "auth_userprofile",
    "enrollment": "student_courseenrollment",
    "certificates": "certificates_generatedcertificate",
    "studentmodule": "courseware_studentmodule",
}


def count_day(day, files, courses):
    """Count one delivered day: all files of the institution, sorted by name."""
    result = {"files": {}, "duplicates": 0, "bad": 0, "aside": 0, "rows": 0, "events": Counter()}
    events = []
    earlier_files = set()
    for path in sorted(files, key=lambda it: it.name):
        here, lines, blank = set(), 0, 0
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error):
            return {"held": path.name}, []
        for raw in content.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").split(b"\n") if content else []:
            lines += 1
            raw = raw.strip(b" \t\r")
            if not raw:
                blank += 1
            elif raw in earlier_files:
                result["duplicates"] += 1
            else:
                here.add(raw)
                count_line(raw, (path.name, lines), day, courses, result, events)
        earlier_files |= here
        result["files"][path.name] = {"lines": lines, "blank": blank}
    return result, events


def count_line(raw, place, day, courses, result, events):
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
    events.append(event_of(line, time, course, *place))


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
    files = defaultdict(list)
    for path in sorted((Path(archive) / "incoming" / "logs").glob("*.log.gz")):
        files[path.name.removesuffix(".log.gz")[-10:]].append(path)
    logs, events = {}, []
    for day, of_files in sorted(files.items()):
        logs[day], of_day = count_day(date.fromisoformat(day), of_files, courses)
        events += of_day
    weeks = {}
    for folder in sorted((Path(archive) / "incoming" / "weekly").iterdir()):
        for course in courses:
            if (course, folder.name) not in skip_weeks:
                weeks[course] = {"week": folder.name} | count_week(folder, course)
    days = {course: tables_of_days([it for it in events if it["course_id"] == course]) for course in courses}
    return {"logs": logs, "days": days, "weekly": weeks}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    counts = count(sys.argv[1], sys.argv[2:])
    json.dump(counts, sys.stdout, indent=1, default=str)
