"""The oracle reads the forum: what each event of a person there was."""

import json
import re
from urllib.parse import unquote

from oracle_lines import in_path, object_in, text_in

THREAD = {it: it for it in ("reply", "upvote", "unvote", "downvote", "update", "delete", "close", "pin", "unpin")}
THREAD |= {"follow": "follow_thread", "unfollow": "unfollow_thread"}
COMMENT = {it: f"comment_{it}" for it in ("reply", "upvote", "unvote", "downvote", "update", "delete", "endorse")}
CREATED = {
    "edx.forum.thread.created": "created_thread",
    "edx.forum.response.created": "created_response",
    "edx.forum.comment.created": "created_comment",
}


def forum_events(persons):
    """Return the rows of forum_events of one course's events that have a username."""
    rows = []
    for event in persons:
        if event["kind"].startswith("edx.forum."):
            done = by_name(event["kind"], event["payload"])
        else:
            parts = parts_of_path(event)
            if parts is None:
                continue
            done = by_path(parts, object_in(event["payload"].get("GET")))
        row = {name: event[name] for name in ("time", "username", "course_id")}
        row |= dict.fromkeys(("forum_action", "thread_id", "subject", "target_user_id", "search_query")) | done
        parameters = event["payload"].get("GET")
        row["event_GET"] = None if parameters is None else json.dumps(parameters, ensure_ascii=False)
        row["is_named"] = event["kind"].startswith("edx.forum.")
        row |= {name: event[name] for name in ("source_file", "source_line")}
        rows.append(row)
    return rows


def parts_of_path(event):
    """Return the parts of what follows /courses/<id>/discussion/ in a path of the event's own course; else None."""
    path = event["kind"].split("?")[0]
    if not path.startswith("/courses/") or in_path(path) != event["course_id"]:
        return None
    parts = path.removeprefix("/courses/").split("/")
    parts = parts[1 if unquote(parts[0]).startswith("course-v1:") else 3 :]
    if len(parts) < 2 or parts[0] != "discussion":
        return None
    return "/".join(parts[1:]).rstrip(" /").split("/")


def by_path(parts, parameters):
    def parameter(name):
        value = parameters.get(name)
        return value[0] if isinstance(value, list) and value else value

    people = parts[1:] if parts[:2] == ["forum", "users"] else parts
    if len(parts) == 3 and parts[0] == "threads" and parts[2] in THREAD:
        return {"forum_action": THREAD[parts[2]], "thread_id": parts[1]}
    if len(parts) == 3 and parts[0] == "comments" and parts[2] in COMMENT:
        return {"forum_action": COMMENT[parts[2]], "subject": parts[1]}
    if len(parts) == 3 and parts[1:] == ["threads", "create"]:
        return {"forum_action": "created_thread", "subject": parts[0]}
    if people[0] == "users" and len(people) > 1:
        who = int(people[1]) if re.fullmatch("[0-9]+", people[1]) else None
        return {"forum_action": "follow_user" if people[2:] == ["followed"] else "target_user", "target_user_id": who}
    if parts == ["forum"]:
        return {"forum_action": "enter_forum"}
    if parts == ["forum", "search"]:
        return {"forum_action": "search", "search_query": text_in(parameter("text"))}
    if parts[0] == "forum" and len(parts) == 3 and parts[2] == "inline":
        return {"forum_action": "read_inline", "subject": parts[1]}
    if parts[0] == "forum" and parts[2:3] == ["threads"] and (len(parts) == 4 or parts[4:] == ["inline"]):
        inline = len(parts) == 5 or str(parameter("ajax")) == "1"
        return {"forum_action": "read_inline" if inline else "read", "subject": parts[1], "thread_id": parts[3]}
    return {"forum_action": "other"}


def by_name(name, payload):
    post = text_in(payload.get("id"))
    if name in CREATED:
        thread = post if name == "edx.forum.thread.created" else text_in(object_in(payload.get("discussion")).get("id"))
        return {"forum_action": CREATED[name], "thread_id": thread}
    if name == "edx.forum.searched":
        return {"forum_action": "searched", "search_query": text_in(payload.get("query"))}
    if name == "edx.forum.thread.viewed":
        return {"forum_action": "read", "thread_id": post}
    vote = "unvote" if payload.get("undo_vote") is True else "upvote"
    if name == "edx.forum.thread.voted":
        return {"forum_action": vote, "thread_id": post}
    if name == "edx.forum.response.voted":
        return {"forum_action": f"comment_{vote}"}
    return {"forum_action": "other"}
