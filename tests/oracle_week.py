"""The oracle makes what a weekly export adds about persons: chapters opened, posts, addresses and their places."""

import csv
import ipaddress
import json
from collections import Counter, defaultdict
from pathlib import Path

from oracle_lines import canonical

OF_PERSONS = ("pc_forum", "pc_geoip", "pc_modal_ip", "pc_nchapters")
REFERENCE = Path(__file__).resolve().parents[1] / "include" / "reference"


def tables_of_week(folder, course, addresses):
    """Return the rows of each table in :data:`OF_PERSONS`, of one course's export.

    :param folder: the week's folder in the archive.
    :param addresses: the rows of course_modal_ip.
    """
    start = course.replace("/", "-")
    members = [row["username"] for row in table(folder / f"{start}-auth_user-prod-analytics.sql")]
    modules = table(folder / f"{start}-courseware_studentmodule-prod-analytics.sql")
    used = pc_modal_ip(course, {it for it in members if it not in ("", "NULL")}, addresses)
    return {
        "pc_forum": pc_forum(course, folder / f"{start}-prod.mongo"),
        "pc_geoip": pc_geoip(used),
        "pc_modal_ip": used,
        "pc_nchapters": pc_nchapters(course, modules),
    }


def table(path):
    """Return the rows of a table as dictionaries of text; none when edX sent no file."""
    if not path.exists():
        return []
    header, *rows = path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    return [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows]


def pc_nchapters(course, modules):
    opened = defaultdict(set)
    for row in modules:
        if canonical(row["course_id"]) == course and row["module_type"] == "chapter":
            opened[int(row["student_id"])].add(row["module_id"])
    return [{"course_id": course, "user_id": who, "nchapters": len(them)} for who, them in opened.items()]


def pc_forum(course, path):
    counts = defaultdict(Counter)
    for line in path.read_text(encoding="utf-8").split("\n"):
        document = json.loads(line) if line.strip() else {}
        if canonical(document.get("course_id")) != course or not str(document.get("author_id", "")).isdigit():
            continue
        kind = {"CommentThread": "nthread", "Comment": "ncomment"}.get(document["_type"])
        counts[int(document["author_id"])] += Counter(
            {
                "nforum": 1,
                "nvotes": document.get("votes", {}).get("count", 0),
                "npinned": document.get("pinned") is True,
                "nendorsed": document.get("endorsed") is True,
                kind: 1,
            }
        )
    names = ("nforum", "nvotes", "npinned", "nendorsed", "nthread", "ncomment")
    return [
        {"course_id": course, "user_id": who} | {name: int(count[name]) for name in names}
        for who, count in counts.items()
    ]


def pc_modal_ip(course, members, addresses):
    known = {row["username"]: row for row in addresses}
    rows = []
    for username in members:
        modal = known.get(username, {})
        rows.append(
            {
                "course_id": course,
                "username": username,
                "course_modal_ip": modal.get("modal_ip"),
                "course_ip_count": modal.get("ip_count"),
                "modal_ip": modal.get("modal_ip"),
                "source": "course" if modal else "missing",
            }
        )
    return rows


def pc_geoip(used):
    with (REFERENCE / "countries.csv").open(encoding="utf-8", newline="") as file:
        countries = {row["cc"]: row for row in csv.DictReader(file)}
    with (REFERENCE / "geoip_networks.csv").open(encoding="utf-8", newline="") as file:
        networks = [(ipaddress.ip_network(row["network"]), row) for row in csv.DictReader(file)]
    rows = []
    for person in used:
        try:
            address = ipaddress.ip_address(person["modal_ip"] or "")
        except ValueError:
            continue
        around = [it for it in networks if address in it[0]]
        if not around:
            continue
        place = max(around, key=lambda it: it[0].prefixlen)[1]
        country = countries.get(place["country"], {})
        row = {name: place[name] or None for name in ("country", "city", "region_code", "subdivision", "postalCode")}
        row |= {name: float(place[name]) if place[name] else None for name in ("latitude", "longitude")}
        row |= {"countryLabel": country.get("name")}
        groups = ("continent", "un_region", "econ_group", "developing_nation", "special_region1")
        row |= {name: country.get(name) or None for name in groups}
        rows.append({"course_id": person["course_id"], "username": person["username"]} | row)
    return rows
