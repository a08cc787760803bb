"""The oracle makes the tables of days: every row of a course, by plain loops over its events.

An event is what :func:`oracle_lines.event_of` returns. Gaps are summed in whole microseconds. JSON columns hold compact
JSON text: compare what it says, not its letters.
"""

import json
import re
import statistics
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise
from urllib.parse import unquote

from oracle_forum import forum_events
from oracle_lines import in_path, integer, object_in, real, text_in
from oracle_persons import (
    course_modal_ip,
    course_modal_language,
    language_multi_transcripts,
    pc_day_totals,
    stats_enrollment_by_day,
)

KINDS = ("video", "problem", "forum", "text")
MEASURES = {
    "nshow_answer": ("show_answer", "showanswer"),
    "nvideo": ("play_video",),
    "nproblem_check": ("problem_check",),
    "ntranscript": ("show_transcript",),
    "nseq_goto": ("seq_goto",),
    "nseek_video": ("seek_video",),
    "npause_video": ("pause_video",),
}
ANSWERS = {f"{it}response": it for it in ("multiplechoice", "choice", "numerical", "option", "custom", "string")}
ANSWERS |= {"mixed": "mixed", "formularesponse": "forumula"}
WRITTEN = {"created_thread": "thread", "reply": "response", "created_response": "response"}
WRITTEN |= {"comment_reply": "comment", "created_comment": "comment"}
ENROLLMENT = "edx.course.enrollment."


def tables_of_days(events):
    """Return the rows of each table, by the table's name, of one course's events."""
    events = sorted(events, key=lambda it: (it["time"], it["source_file"], it["source_line"]))
    persons = [it for it in events if it["username"]]
    active = [it for it in persons if "/xblock/" not in it["kind"]]
    enrollments, videos, forum = enrollment_events(events), video_stats_day(active), forum_events(persons)
    person_days = person_course_day(active, videos, forum)
    addresses, transcripts, changes = pcday_ip_counts(persons), pcday_trlang_counts(persons), enrollday_all(enrollments)
    languages = language_multi_transcripts(transcripts)
    return {
        "pcday_ip_counts": addresses,
        "pcday_trlang_counts": transcripts,
        "enrollment_events": enrollments,
        "enrollday_all": changes,
        "person_enrollment_verified": person_enrollment_verified(enrollments),
        "video_stats_day": videos,
        "problem_check": problem_check(events),
        "problem_events": problem_events(events),
        "show_answer": show_answer(events),
        "forum_events": forum,
        "time_on_task": time_on_task(active),
        "time_on_asset_daily": time_on_asset_daily(active),
        "person_course_day": person_days,
        "stats_activity_by_day": stats_activity_by_day(person_days),
        "pc_day_totals": pc_day_totals(person_days),
        "course_modal_ip": course_modal_ip(addresses),
        "language_multi_transcripts": languages,
        "course_modal_language": course_modal_language(languages),
        "stats_enrollment_by_day": stats_enrollment_by_day(changes),
    }


def take(event, *names):
    return {name: event[name] for name in names}


def by(rows, *names):
    """Return lists of rows, by their values of some columns, each in the order in which it came."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def microseconds(later, earlier):
    return (later["time"] - earlier["time"]) // timedelta(microseconds=1)


def compact(value):
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pcday_ip_counts(persons):
    counts = Counter((it["username"], it["ip"], it["date"], it["course_id"]) for it in persons if it["ip"])
    names = ("username", "ip", "date", "course_id")
    return [dict(zip(names, key, strict=True), ipcount=count) for key, count in counts.items()]


def asked_language(kind):
    """Return the language of a request for a transcript; None when the event is no such request."""
    path = kind.split("?")[0]
    if not path.startswith("/") or "/transcript/translation/" not in path:
        return None
    return path.split("/transcript/translation/", 1)[1].split("/")[0] or None


def is_download(event):
    paths = [event["kind"]] if event["kind"].startswith("/") else []
    paths.append(text_in(event["payload"].get("target_url")) or "")
    return any(path.split("?")[0].endswith("/transcript/download") for path in paths)


def pcday_trlang_counts(persons):
    rows = {}
    for events in by(persons, "username").values():
        language, asked_on = None, None
        for event in events:
            if asked := asked_language(event["kind"]):
                language, asked_on = asked, event["date"]
                told, what = asked, "transcript_language"
            elif is_download(event):
                recent = asked_on is not None and event["date"] - asked_on <= timedelta(days=1)
                told, what = language if recent else "en", "transcript_download"
            else:
                continue
            key = (event["username"], event["date"], told, what)
            count = rows[key]["langcount"] if key in rows else 0
            rows[key] = {
                **take(event, "username", "course_id", "date"),
                "last_time": event["time"],
                "resource": "video",
                "resource_event_data": told,
                "resource_event_type": what,
                "langcount": count + 1,
            }
    return list(rows.values())


def enrollment_events(events):
    rows = []
    for event in events:
        if "edx.course.enrollment" not in event["kind"]:
            continue
        enrolled = integer(event["payload"].get("user_id"))
        rows.append(
            {
                **take(event, "course_id", "time"),
                "user_id": event["user_id"] if enrolled is None else enrolled,
                "mode": text_in(event["payload"].get("mode")),
                "activated": event["kind"] == ENROLLMENT + "activated",
                "deactivated": event["kind"] == ENROLLMENT + "deactivated",
                "mode_changed": event["kind"] == ENROLLMENT + "mode_changed",
                "upgraded": event["kind"] == ENROLLMENT + "upgrade.succeeded",
                "event_type": event["kind"],
                **take(event, "source_file", "source_line"),
            }
        )
    return rows


def enrollday_all(enrollments):
    rows = []
    for event in enrollments:
        row = take(event, "course_id", "time", "user_id")
        row |= dict.fromkeys(("diff_enrollment_honor", "diff_enrollment_verified", "diff_enrollment_audit"), 0)
        row |= {"diff_enrollment": 0} | take(event, "source_file", "source_line")
        if event["activated"] or event["deactivated"]:
            row["diff_enrollment"] = 1 if event["activated"] else -1
            if event["mode"] in ("honor", "verified", "audit"):
                row["diff_enrollment_" + event["mode"]] = row["diff_enrollment"]
        elif event["mode_changed"]:
            row["diff_enrollment_verified"] = {"verified": 1, "honor": -1}.get(event["mode"], 0)
        else:
            continue
        rows.append(row)
    return rows


def person_enrollment_verified(enrollments):
    rows = []
    for (user_id,), events in by(enrollments, "user_id").items():
        entered, left, counts = [], [], False
        for event in events:
            verified = event["mode"] == "verified"
            if verified and (event["activated"] or event["mode_changed"]):
                entered.append(event["time"])
                counts = True
            elif verified and event["deactivated"]:
                left.append(event["time"])
                counts = True
            elif event["mode_changed"] and event["mode"] is not None and entered:
                left.append(event["time"])
        if user_id is None or not counts:
            continue
        gone = left and (not entered or left[-1] > entered[-1])
        rows.append(
            {
                "course_id": events[0]["course_id"],
                "user_id": user_id,
                "verified_enroll_time": entered[0] if entered else None,
                "verified_unenroll_time": left[-1] if gone else None,
            }
        )
    return rows


def video_of(payload):
    """Return the name of the video, whichever way its id is written."""
    text = text_in(payload.get("id")) or ""
    if text.startswith("i4x-") and "-video-" in text:
        return text.split("-video-", 1)[1]
    if text.startswith("i4x://") and "/video/" in text:
        return text.rsplit("/video/", 1)[1]
    if text.startswith("block-v1:") and "type@video+block@" in text:
        return text.rsplit("type@video+block@", 1)[1]
    return text


def video_stats_day(active):
    rows = {}
    for event in active:
        if event["kind"] not in (
            *("play_video", "pause_video", "stop_video"),
            *("edx.video.played", "edx.video.paused", "edx.video.stopped"),
        ):
            continue
        video = video_of(event["payload"])
        if not video:
            continue
        position = real(event["payload"].get("currentTime"))
        if position is None:
            position = real(event["payload"].get("current_time"))
        start = {
            **take(event, "date", "username"),
            "video_id": video,
            "course_id": event["course_id"],
            "position": None,
            "duration": None,
        }
        row = rows.setdefault((event["date"], event["username"], video), start)
        if position is not None and position >= 0 and (row["position"] is None or position > row["position"]):
            row["position"] = position
        duration = real(event["payload"].get("duration"))
        if duration is not None and duration > 0 and (row["duration"] is None or duration > row["duration"]):
            row["duration"] = duration
    return list(rows.values())


def kind_of_answers(submission):
    kinds = {text_in(object_in(it).get("response_type")) for it in object_in(submission).values()} - {None, ""}
    return "mixed" if len(kinds) > 1 else next(iter(kinds), None)


def problems_answered(checks):
    """Count the problems of a day's checks by the kind of their answers."""
    tried = by([it for it in checks if it["module_id"]], "module_id")
    row = {"nproblems_answered": len(tried), "nproblems_attempted": sum(map(len, tried.values()))}
    row |= {f"nproblems_{name}": 0 for name in (*ANSWERS.values(), "other")}
    for checks_of_one in tried.values():
        kind = max(it["itype"] or "" for it in checks_of_one)
        row[f"nproblems_{ANSWERS.get(kind, 'other')}"] += 1
    return row


def problem_check(events):
    return [
        {
            **take(event, "time", "username", "course_id", "module_id"),
            "student_answers": compact(event["payload"].get("answers")),
            "attempts": integer(event["payload"].get("attempts")),
            "success": text_in(event["payload"].get("success")),
            "grade": real(event["payload"].get("grade")),
            "itype": kind_of_answers(event["payload"].get("submission")),
            **take(event, "source_file", "source_line"),
        }
        for event in events
        if event["source"] == "server" and event["kind"] in ("problem_check", "save_problem_check")
    ]


def problem_events(events):
    rows = []
    for event in events:
        action, block = event["kind"], (event["module_id"] or "").split("/")
        if "/handler/" in action or "/modx/" in action:
            action = action.removesuffix("/").split("/")[-1]
        is_problem = "/" not in action and re.search(r"(^|\w_)problem_\w", action, re.ASCII)
        if event["user_id"] is None or not (is_problem or action in ("showanswer", "show_answer")):
            continue
        rows.append(
            {
                **take(event, "course_id", "user_id", "time", "source_file", "source_line"),
                "event_source": event["source"],
                "problem_url": block[3] if block[2:3] == ["problem"] else None,
                "event_type": action,
                "attempts": integer(event["payload"].get("attempts")),
                "success": text_in(event["payload"].get("success")),
                "grade": real(event["payload"].get("grade")),
            }
        )
    return rows


def show_answer(events):
    return [
        {
            **take(event, "time", "username", "course_id", "module_id"),
            "event_type": event["kind"],
            "event_source": event["source"],
            **take(event, "source_file", "source_line"),
        }
        for event in events
        if event["kind"] in ("show_answer", "showanswer")
    ]


def kind_of_work(kind):
    if re.search(r"\w_video|\w_transcript", kind, re.ASCII) or kind.startswith("edx.video."):
        return "video"
    if re.search(r"problem_\w", kind, re.ASCII):
        return "problem"
    places = ("/discussion/forum", "/discussion/threads", "/discussion/comments")
    if kind.startswith("edx.forum.") or any(place in kind for place in places):
        return "forum"
    if kind.startswith("textbook.") or "/wiki/" in kind or kind == "book":
        return "text"
    return None


def time_on_task(active):
    rows = {}
    for events in by(active, "username").values():
        last = {}
        for event in events:
            key = (event["date"], event["username"])
            if key not in rows:
                rows[key] = take(event, "course_id", "date", "username") | {"total_time_5": 0, "total_time_30": 0}
                rows[key] |= {f"total_{kind}_time_{limit}": 0 for kind in KINDS for limit in (5, 30)}
                rows[key] |= {f"serial_{kind}_time_30": 0 for kind in KINDS}
            kind = kind_of_work(event["kind"])
            sums = [("anything", "total_time_5", 5), ("anything", "total_time_30", 30)]
            if kind:
                sums += [(kind, f"total_{kind}_time_5", 5), (kind, f"total_{kind}_time_30", 30)]
                sums += [("one of the four", f"serial_{kind}_time_30", 30)]
            for since, column, minutes in sums:
                if since in last and (gap := microseconds(event, last[since])) < minutes * 60_000_000:
                    rows[key][column] += gap
            last |= dict.fromkeys(["anything", kind, "one of the four"] if kind else ["anything"], event)
    return [{name: it / 1e6 if "_time_" in name else it for name, it in row.items()} for row in rows.values()]


def time_on_asset_daily(active):
    rows = {}
    for events in by([it for it in active if it["module_id"]], "username", "module_id").values():
        earlier = None
        for event in events:
            start = take(event, "course_id", "date", "username", "module_id") | {"time_umid5": 0, "time_umid30": 0}
            row = rows.setdefault((event["date"], event["username"], event["module_id"]), start)
            for column, minutes in (("time_umid5", 5), ("time_umid30", 30)):
                if earlier and (gap := microseconds(event, earlier)) < minutes * 60_000_000:
                    row[column] += gap
            earlier = event
    return [{name: it / 1e6 if name.startswith("time_") else it for name, it in row.items()} for row in rows.values()]


def rest_of_path(event):
    """Return what follows /courses/<id>/ in the path of an event about a page of its own course; else no text."""
    kind = event["kind"]
    if not kind.startswith("/courses/") or in_path(kind) != event["course_id"]:
        return ""
    after = kind.removeprefix("/courses/")
    return "/".join(after.split("/")[1 if unquote(after).startswith("course-v1:") else 3 :])


def near_gaps(active):
    """Return by date and person the gaps of at most five minutes to the person's event before, in microseconds."""
    found = defaultdict(list)
    for (username,), events in by(active, "username").items():
        for earlier, event in pairwise(events):
            if microseconds(event, earlier) <= 300_000_000:
                found[event["date"], username].append(microseconds(event, earlier))
    return found


def said_once(visits):
    """Count what was read and written when a request and a named event of one kind are told of one doing."""
    pairs = [Counter(), Counter()]
    for it in visits:
        if it["forum_action"] in ("read", "read_inline"):
            pairs[it["is_named"]]["read", it["thread_id"]] += 1
        elif it["forum_action"] in WRITTEN:
            pairs[it["is_named"]]["post", WRITTEN[it["forum_action"]]] += 1
    most = pairs[0] | pairs[1]
    return {f"nforum_{what}s_once": sum(n for kind, n in most.items() if kind[0] == what) for what in ("read", "post")}


def person_course_day(active, videos, forum):
    watched = by(videos, "date", "username")
    visits = defaultdict(list)
    for row in forum:
        visits[row["time"].date(), row["username"]].append(row)
    all_gaps = near_gaps(active)
    rows = []
    for key, events in by(active, "date", "username").items():
        row = take(events[0], "username", "course_id", "date") | {"nevents": len(events)}
        for name, kinds in MEASURES.items():
            row[name] = sum(it["kind"] in kinds for it in events)
        checks = problem_check(events)
        row |= {"nproblem_check_server": len(checks)} | problems_answered(checks)
        row["nshow_answer_server"] = sum(it["event_source"] == "server" for it in show_answer(events))
        row["nprogcheck"] = sum(rest_of_path(it).startswith("progress") for it in events)
        row["nforum"] = sum(rest_of_path(it).startswith("discussion/") for it in events)
        row["nvideos_viewed"] = len(watched[key])
        row["nvideos_watched_sec"] = sum((it["position"] or 0.0 for it in watched[key]), 0.0)
        actions = Counter(it["forum_action"] for it in visits[key])
        row["nforum_reads"] = actions["read"] + actions["read_inline"]
        row["nforum_posts"] = sum(actions[it] for it in WRITTEN)
        row |= said_once(visits[key])
        row["nforum_threads"] = len({it["thread_id"] for it in visits[key]} - {None})
        row |= {"first_event": events[0]["time"], "last_event": events[-1]["time"]}
        gaps = [it / 1e6 for it in all_gaps[key]]
        row["avg_dt"] = sum(gaps) / len(gaps) if gaps else None
        row["sdv_dt"] = statistics.stdev(gaps) if len(gaps) > 1 else None
        row["max_dt"] = max(gaps) if gaps else None
        row["n_dt"] = len(gaps)
        row["sum_dt"] = sum(all_gaps[key]) / 1e6 if gaps else None
        rows.append(row)
    return rows


def stats_activity_by_day(person_days):
    counted = ("nevents", "nvideo", "nshow_answer", "nproblem_check", "nproblem_check_server", "nforum", "ntranscript")
    counted += ("nshow_answer_server",)
    counted += ("nseq_goto", "nseek_video", "nprogcheck", "npause_video", "n_dt")
    rows = []
    for (date,), people in by(person_days, "date").items():
        row = {"course_id": people[0]["course_id"], "date": date, "n_active": len(people)}
        row |= {name: sum(it[name] for it in people) for name in counted}
        known = [it for it in people if it["n_dt"]]
        row["sum_dt"] = sum(it["sum_dt"] for it in known) if known else None
        row["avg_dt"] = sum(it["avg_dt"] for it in known) / len(known) if known else None
        rows.append(row)
    return rows
