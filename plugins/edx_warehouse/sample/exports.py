"""Writing one course's weekly export in edX's formats."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from edx_warehouse.sample.columns import COLUMNS, EXTRA_COLUMNS
from edx_warehouse.sample.content import course_structure, course_tar
from edx_warehouse.sample.extra_tables import EXTRA_TABLES
from edx_warehouse.sample.files import gzipped, midnight, write, write_lines
from edx_warehouse.sample.learning import Classroom
from edx_warehouse.sample.open_responses import ORA_TABLES
from edx_warehouse.sample.plan import Plan
from edx_warehouse.sample.tables import TABLES, Rows, Value, digest

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def mysql(value: Value) -> str:
    """Write a value as MySQL's client does: NULL by name, four characters escaped."""
    return "NULL" if value is None else str(value).translate(_ESCAPES)


def doubled(value: Value) -> str:
    """Write a value as the studentmodule exporter does: only backslashes are escaped, by doubling."""
    return "NULL" if value is None else str(value).replace("\\", "\\\\")


def write_export(plan: Plan, room: Classroom, week: date, folder: Path, *, extra: bool = False) -> list[Path]:
    """Write all files of a course's weekly export; a studentmodule without rows is left out, as edX does.

    :param extra: also the tables that only some courses have; those of open responses go to ``ora/``.
    """
    before = midnight(week) + 86400
    prefix = room.course.key.file_prefix
    written = []
    for table in TABLES:
        lines = _table(table, COLUMNS[table], TABLES[table](plan, room, before))
        if table == "courseware_studentmodule" and not any(True for _ in TABLES[table](plan, room, before)):
            continue
        written.append(write_lines(folder / f"{prefix}-{table}-prod-analytics.sql", lines, week))
    for below, tables in (("", EXTRA_TABLES), ("ora", ORA_TABLES)) if extra else ():
        for table, rows in tables.items():
            lines = _table(table, EXTRA_COLUMNS[table], rows(plan, room, before))
            written.append(write_lines(folder / below / f"{prefix}-{table}-prod-analytics.sql", lines, week))
    return [
        *written,
        write_lines(folder / f"{prefix}-prod.mongo", _forum(room, before), week),
        write(folder / f"{prefix}-course_structure-prod-analytics.json", course_structure(room.course, plan), week),
        write(
            folder / f"{prefix}-course-prod-analytics.xml.tar.gz", gzipped(course_tar(room.course, plan, week)), week
        ),
    ]


def _table(table: str, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    escaped: Callable[[Value], str] = doubled if table == "courseware_studentmodule" else mysql
    yield "\t".join(columns)
    for row in rows:
        yield "\t".join(escaped(row[column]) for column in columns)


def _forum(room: Classroom, before: int) -> Iterator[str]:
    course = room.course
    ids = [digest("post", course.key, place)[:24] for place in range(len(room.posts))]
    for place, post in enumerate(room.posts):
        if post.created >= before:
            continue
        answers = sum(it.thread == place and it.created < before for it in room.posts)
        voters = [str(it.learner.user_id) for it in room.enrolments[: place % 4]]
        document: dict[str, object] = {
            "_id": {"$oid": ids[place]},
            "_type": "CommentThread" if post.thread is None else "Comment",
            "abuse_flaggers": [],
            "anonymous": place % 9 == 0,
            "anonymous_to_peers": False,
            "at_position_list": [],
            "author_id": str(post.author.user_id),
            "author_username": post.author.username,
            "body": post.body,
            "course_id": course.course_id,
            "created_at": {"$date": post.created * 1000},
            "endorsed": place % 7 == 3,
            "historical_abuse_flaggers": [],
            "updated_at": {"$date": post.created * 1000},
            "visible": True,
            "votes": {
                "up": voters,
                "down": [],
                "up_count": len(voters),
                "down_count": 0,
                "count": len(voters),
                "point": len(voters),
            },
        }
        if post.thread is None:
            document |= {
                "closed": False,
                "comment_count": answers,
                "commentable_id": digest("topic", course.key),
                "last_activity_at": {"$date": post.created * 1000},
                "pinned": place == 0,
                "tags_array": [],
                "thread_type": "question" if place % 2 else "discussion",
                "title": post.body.split("\n")[0][:40],
            }
        else:
            parents = [] if post.parent is None else [{"$oid": ids[post.parent]}]
            document |= {"comment_thread_id": {"$oid": ids[post.thread]}, "parent_ids": parents, "depth": len(parents)}
            if parents:
                document["parent_id"] = parents[0]
        yield json.dumps(document, ensure_ascii=False)
