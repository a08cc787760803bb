"""The oracle makes what tables say of a person in all, by plain loops over the rows of days."""

from collections import defaultdict
from datetime import timedelta
from math import sqrt

SUMS = ("nevents", "nprogcheck", "nshow_answer", "nvideo", "nproblem_check", "nproblem_check_server", "nforum")
SUMS += ("nshow_answer_server", "ntranscript", "nseq_goto", "nseek_video", "npause_video", "n_dt")


def of_each(rows, *names):
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups.items()


def pc_day_totals(person_days):
    rows = []
    for (course, username), days in of_each(person_days, "course_id", "username"):
        row = {"course_id": course, "username": username, "ndays_act": len(days)}
        row["first_event"] = sorted(it["first_event"] for it in days)[0]
        row["last_event"] = sorted(it["last_event"] for it in days)[-1]
        for name in SUMS:
            row[name] = sum(it[name] for it in days)
        measured = [it for it in days if it["n_dt"] > 0]
        spread = [it["sdv_dt"] ** 2 * it["n_dt"] for it in measured if it["sdv_dt"] is not None]
        row["avg_dt"] = sum(it["avg_dt"] for it in measured) / len(measured) if measured else None
        row["sdv_dt"] = sqrt(sum(spread) / row["n_dt"]) if spread else None
        row["max_dt"] = max(it["max_dt"] for it in measured) if measured else None
        row["sum_dt"] = sum(it["sum_dt"] for it in measured) if measured else None
        rows.append(row)
    return rows


def course_modal_ip(address_days):
    rows = []
    for (course, username), days in of_each(address_days, "course_id", "username"):
        best, different = None, 0
        for (address,), same in of_each(days, "ip"):
            different += 1
            count, last = sum(it["ipcount"] for it in same), max(it["date"] for it in same)
            better = best is None or (count, last) > best[:2] or ((count, last) == best[:2] and address < best[2])
            best = (count, last, address) if better else best
        rows.append(
            {"course_id": course, "username": username, "modal_ip": best[2], "ip_count": best[0]}
            | {"n_different_ip": different}
        )
    return rows


def language_multi_transcripts(language_days):
    rows = []
    for (course, username, resource), used in of_each(language_days, "course_id", "username", "resource"):
        mine = []
        for (language,), same in of_each(used, "resource_event_data"):
            downloads = [it["langcount"] for it in same if it["resource_event_type"] == "transcript_download"]
            row = {"username": username, "course_id": course, "resource": resource, "resource_event_data": language}
            row |= {"transcript_download": sum(downloads), "n_events": sum(it["langcount"] for it in same)}
            mine.append(row | {"last_time_used_lang": max(it["last_time"] for it in same)})
        # Sorting keeps the order of equals, so the last word is said first.
        mine.sort(key=lambda it: it["resource_event_data"])
        mine.sort(key=lambda it: it["last_time_used_lang"], reverse=True)
        mine.sort(key=lambda it: it["n_events"], reverse=True)
        rows += [it | {"n_diff_lang": len(mine), "rank_num": place} for place, it in enumerate(mine, 1)]
    return rows


def course_modal_language(languages):
    names = {"resource_event_data": "language", "transcript_download": "language_download"}
    names |= {"n_events": "language_nevents", "n_diff_lang": "language_ndiff"}
    kept = ("username", "course_id", "resource")
    return [{names.get(name, name): row[name] for name in (*kept, *names)} for row in languages if row["rank_num"] == 1]


def stats_enrollment_by_day(changes):
    rows, so_far, net_so_far = [], 0, 0
    if not changes:
        return rows
    days = {it["time"].date() for it in changes}
    date = min(days)
    while date <= max(days):
        today = [it for it in changes if it["time"].date() == date]
        modes = {mode: sum(it[f"diff_enrollment_{mode}"] for it in today) for mode in ("honor", "audit", "verified")}
        net = sum(it["diff_enrollment"] for it in today)
        so_far, net_so_far = so_far + sum(modes.values()), net_so_far + net
        if today:
            row = {"course_id": today[0]["course_id"], "date": date, "nenroll": sum(modes.values())}
            row |= {f"nenroll_{mode}": count for mode, count in modes.items()}
            rows.append(row | {"nenroll_cum": so_far, "nenroll_net": net, "nenroll_net_cum": net_so_far})
        date += timedelta(days=1)
    return rows
