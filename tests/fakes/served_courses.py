"""Tables as a warehouse serves them to the dashboard: a large course, a small one, and one of another institution."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import Any

from edx_warehouse.domain import places
from edx_warehouse.domain.courses import CourseKey
from edx_warehouse.domain.windows import LATEST, Window
from edx_warehouse.hooks.warehouse import Warehouse
from edx_warehouse.tables.catalog import Catalog

LARGE = CourseKey("HarvardX", "CS50x", "2014_T1")
SMALL = CourseKey("HarvardX", "PH525x", "1T2014")
OTHER = CourseKey("MITx", "6.00x", "2013_Spring")
YEAR = Window("2013_2014", date(2013, 9, 1), date(2014, 9, 1))
LAUNCH = date(2014, 1, 1)
LISTED = 68
"""Courses of the listing, of which two are of the registry."""

REGISTRY = f"""
institutions:
  HarvardX: {{project: harvardx-data, bucket: harvardx-data, archive: "file:///archive/h", log_prefixes: [harvardx], sites: [prod]}}
  MITx: {{project: mitx-data, bucket: mitx-data, archive: "file:///archive/m", log_prefixes: [mitx], sites: [prod]}}
courses:
  - {{course_id: {LARGE}, institution: HarvardX, launch: 2014-01-01, groups: [cs]}}
  - {{course_id: {SMALL}, institution: HarvardX, launch: 2014-04-07}}
  - {{course_id: {OTHER}, institution: MITx}}
windows:
  - {{name: "{YEAR.name}", start: {YEAR.start}, end: {YEAR.end}}}
"""

ACCESS = f"""
grants:
  - {{user: team, role: course_team, course: {LARGE}}}
  - {{user: teacher, role: instructor, institution: HarvardX, group: cs}}
  - {{user: small_team, role: course_team, course: {SMALL}}}
  - {{user: manager, role: program_manager, institution: HarvardX}}
  - {{user: researcher, role: researcher, institution: HarvardX}}
  - {{user: half_researcher, role: researcher, course: {LARGE}}}
  - {{user: half_researcher, role: course_team, course: {SMALL}}}
  - {{user: mit, role: program_manager, institution: MITx}}
  - {{user: admin, role: admin}}
"""

_COUNTRIES = (
    ("US", "United States", "Americas", 0.34),
    ("IN", "India", "Asia", 0.15),
    ("GB", "United Kingdom", "Europe", 0.08),
    ("BR", "Brazil", "Americas", 0.06),
    ("CN", "China", "Asia", 0.05),
    ("DE", "Germany", "Europe", 0.045),
    ("ES", "Spain", "Europe", 0.04),
    ("CA", "Canada", "Americas", 0.035),
    ("MX", "Mexico", "Americas", 0.03),
    ("FR", "France", "Europe", 0.025),
    ("RU", "Russia", "Europe", 0.02),
    ("AU", "Australia", "Oceania", 0.02),
    ("NG", "Nigeria", "Africa", 0.015),
    ("EG", "Egypt", "Africa", 0.012),
    ("KE", "Kenya", "Africa", 0.008),
    ("IS", "Iceland", "Europe", 0.001),
    ("", None, None, 0.069),
)
_EDUCATION = {
    "p": 0.04,
    "m": 0.2,
    "b": 0.33,
    "a": 0.05,
    "hs": 0.2,
    "jhs": 0.02,
    "none": 0.002,
    "other": 0.03,
    "": 0.128,
}
_GENDER = {"f": 0.31, "m": 0.56, "o": 0.004, "": 0.126}


def serve(warehouse: Warehouse, catalog: Catalog, folder: Path) -> None:
    """Fill HarvardX's datasets; the small course has no table of its window, and the other institution none at all."""
    server = _Server(warehouse, catalog, folder)
    for course, people in ((LARGE, 61_000), (SMALL, 64)):
        server.course(course, LATEST, people)
    server.course(LARGE, YEAR, 30_500)
    server.institution()


class _Server:
    def __init__(self, warehouse: Warehouse, catalog: Catalog, folder: Path) -> None:
        self.warehouse, self.catalog, self.folder = warehouse, catalog, folder

    def course(self, course: CourseKey, window: Window, people: int) -> None:
        dataset = places.dataset(course, window)
        course_id = str(course)
        axis, usage = content(course_id, people)
        self.put(dataset, "secondary.stats_overall", [overall(course_id, people)])
        self.put(dataset, "transformed.course_axis", axis)
        self.put(dataset, "secondary.stats_module_usage", usage)
        self.put(dataset, "secondary.stats_enrollment_by_day", enrollment(course_id, people))
        self.put(dataset, "secondary.stats_activity_by_day", activity(course_id, people))
        self.put(dataset, "secondary.stats_demographics", demographics(course_id, people))
        self.put(dataset, "secondary.stats_for_problems", list(problems(axis, people)))
        self.put(dataset, "secondary.video_stats", list(videos(axis, people)))

    def institution(self) -> None:
        dataset = places.report_dataset("HarvardX")
        self.put(dataset, "report.overall_stats", [everything()])
        self.put(dataset, "report.stats_overall_enrollment", all_enrollment())
        self.put(dataset, "report.stats_activity_by_day_allcourses", activity(str(LARGE), 61_000))
        self.put(dataset, "report.broad_stats_by_course", list(broad()))
        self.put(dataset, "report.course_listing_and_metainfo", list(listed()))
        self.put(dataset, "report.time_on_task_stats_by_course", list(hours()))
        self.put(
            dataset, "report.stats_demographics", [*demographics(str(LARGE), 61_000), *demographics(str(SMALL), 64)]
        )
        self.put(dataset, "report.median_stats_by_course", list(medians()))
        self.put(
            dataset,
            "report.multi_registrations",
            [{"user_id": it, "n_courses_registered": 2 if it <= 4 else 1} for it in range(1, 61)],
        )
        self.put(
            dataset,
            "report.geographic_distributions",
            [
                {
                    "cc": cc,
                    "nregistered": n,
                    "nviewed": n // 2,
                    "nexplored": n // 10,
                    "ncertified": n // 20,
                    "nverified": n // 15,
                }
                for cc, n in ((cc, round(61_064 * share)) for cc, _, _, share in _COUNTRIES)
            ],
        )
        self.put(
            places.REFERENCE_TABLES,
            "reference.countries",
            [{"cc": cc, "name": name, "continent": it} for cc, name, it, _ in _COUNTRIES if cc],
        )

    def put(self, dataset: str, reference: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make a table with these rows; what a row leaves out is NULL, or nothing of its type where that is refused."""
        table = self.catalog[reference]
        self.warehouse.ensure_dataset(dataset, "Served.")
        target = self.warehouse.reference(dataset, table.name)
        self.warehouse.create(replace(table, description=f"{table.description}\n\nComputed by the tests"), target)
        blanks = {
            "STRING": "",
            "INTEGER": 0,
            "FLOAT": 0.0,
            "BOOLEAN": False,
            "DATE": str(LAUNCH),
            "TIMESTAMP": f"{LAUNCH}T00:00:00Z",
        }
        required = {it.name: blanks[it.type] for it in table.fields if it.mode == "REQUIRED"}
        file = self.folder / f"{dataset}.{table.name}.json"
        file.write_text("".join(json.dumps({**required, **row}) + "\n" for row in rows))
        made = self.warehouse.client.get_table(target)
        description = made.description
        self.warehouse.load_file(file, table.fields, target, f"load_{dataset}_{table.name}")
        made = self.warehouse.client.get_table(target)
        made.description = description
        self.warehouse.client.update_table(made, ["description"])


def overall(course_id: str, people: int) -> dict[str, Any]:
    """Return the row of stats_overall; one person of the small course did not stay, 5 were certified."""
    return {
        "course_id": course_id,
        "registered_sum": people,
        "nregistered_active": people - max(people // 9, 1),
        "n_unregistered": max(people // 9, 1),
        "viewed_sum": people * 5 // 8,
        "explored_sum": people // 5,
        "certified_sum": people // 12,
        "n_verified_id": people // 10,
        "verified_certified": people // 14,
        "nevents_sum": people * 211,
        "ndays_act_sum": people * 6,
        "nplay_video_sum": people * 31,
        "nshow_answer_sum": people * 4,
        "avg_of_sum_dt": 19_300.0,
        "certified_sum_dt": 142_000.0,
    }


def content(course_id: str, people: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return course_axis and stats_module_usage of twelve chapters with three sequentials each."""
    axis: list[dict[str, Any]] = []
    usage: list[dict[str, Any]] = []

    def add(category: str, name: str, path: str, chapter: str | None, opened: float, week: int) -> str:
        module_id = f"{course_id.rpartition('/')[0]}/{category}/{len(axis) + 1}"
        axis.append(
            {
                "course_id": course_id,
                "index": len(axis) + 1,
                "category": category,
                "name": name,
                "url_name": str(len(axis) + 1),
                "module_id": module_id,
                "path": path,
                "chapter_mid": chapter or (module_id if category == "chapter" else None),
                "start": f"{LAUNCH + timedelta(weeks=week)}T05:00:00Z",
                "graded": "true" if category == "problem" else "false",
            }
        )
        if category != "html" and int(people * opened):
            usage.append(
                {
                    "course_id": course_id,
                    "module_type": category,
                    "module_id": module_id,
                    "ncount": int(people * opened),
                }
            )
        return module_id

    for week in range(12):
        opened = 0.6 * exp(-week / 4)
        chapter = add(
            "chapter",
            f"Week {week}: {['Scratch', 'C', 'Arrays', 'Algorithms'][week % 4]}",
            f"/week_{week}",
            None,
            opened,
            week,
        )
        for name in ("Lecture", "Section", "Problem set"):
            path = f"/week_{week}/{name.lower().replace(' ', '_')}"
            add("sequential", f"{name} {week}", path, chapter, opened * 0.8, week)
            kind = "problem" if name == "Problem set" else "video"
            for number in range(4):
                add("vertical", f"Part {number}", f"{path}/{number}", chapter, opened * 0.7, week)
                add(kind, f"{kind.title()} {number}", f"{path}/{number}/1", chapter, opened * 0.6, week)
                add("html", "Text", f"{path}/{number}/2", chapter, 0, week)
    return axis, usage


def problems(axis: Iterable[Mapping[str, Any]], people: int) -> Iterator[dict[str, Any]]:
    """Yield the row of each problem."""
    for it in axis:
        if it["category"] == "problem":
            answered = max(people * 100 // (300 + 4 * it["index"]), 1)
            yield {
                "course_id": it["course_id"],
                "url_name": it["url_name"],
                "nsubmissions": answered,
                "avg_attempts": 1.5 + it["index"] % 3,
                "avg_grade": 0.8,
                "max_max_grade": 1.0,
                "grade_hist_bin0": answered // 10,
                "grade_hist_bin5": answered // 5,
                "grade_hist_bin10": answered - answered // 10 - answered // 5,
                "attempts_hist_bin2": answered // 2,
                "attempts_hist_bin10": answered - answered // 2,
            }


def videos(axis: Iterable[Mapping[str, Any]], people: int) -> Iterator[dict[str, Any]]:
    """Yield the row of each video."""
    names = {it["module_id"]: it["name"] for it in axis}
    for it in axis:
        if it["category"] == "video":
            viewed = people * 100 // (180 + 3 * it["index"])
            yield {
                "course_id": it["course_id"],
                "index_video": it["index"],
                "video_id": it["url_name"],
                "name": f"Video {it['index']}",
                "chapter_name": names[it["chapter_mid"]],
                "videos_viewed": viewed,
                "videos_watched": viewed * 3 // 5,
            }


def enrollment(course_id: str, people: int) -> list[dict[str, Any]]:
    """Return 120 days around the launch."""
    rows, total = [], 0
    for number in range(120):
        net = round(people * 0.02 * exp(-abs(number - 45) / 20)) - number % 3
        total += net
        rows.append(
            {
                "course_id": course_id,
                "date": str(LAUNCH + timedelta(number - 45)),
                "nenroll_net": net,
                "nenroll_net_cum": total,
            }
        )
    return rows


def activity(course_id: str, people: int) -> list[dict[str, Any]]:
    """Return 100 days from the launch."""
    rows = []
    for number in range(100):
        active = max(round(people * 0.12 * exp(-number / 35) * (1.3 if number % 7 == 0 else 1)), 1)
        rows.append(
            {
                "course_id": course_id,
                "date": str(LAUNCH + timedelta(number)),
                "n_active": active,
                "nevents": active * 37,
                "nvideo": active * 6,
                "nproblem_check": active * 5,
                "nforum": active * 2,
                "nshow_answer": active,
            }
        )
    return rows


def demographics(course_id: str, people: int) -> list[dict[str, Any]]:
    """Return who they are, in all dimensions; each adds up to all people."""
    ages = {str(age): exp(-(((age - 27) / (9 if age < 27 else 14)) ** 2)) for age in range(12, 82)}
    shares = {"": 0.09} | {age: 0.91 * it / sum(ages.values()) for age, it in ages.items()}
    rows = []
    for dimension, values in (
        ("gender", _GENDER),
        ("education", _EDUCATION),
        ("age", shares),
        ("country", {cc: share for cc, _, _, share in _COUNTRIES}),
    ):
        rows += [{"course_id": course_id, "dimension": dimension, **it} for it in spread(values, people)]
    places_of = {cc: (label, continent) for cc, label, continent, _ in _COUNTRIES}
    for row in rows:
        if row["dimension"] == "country":
            row["label"], row["continent"] = places_of[row["value"]]
    return rows


def spread(shares: Mapping[str, float], people: int) -> Iterator[dict[str, Any]]:
    """Yield counts that add up to all people; values that nobody has are left out."""
    left = people
    for number, (value, share) in enumerate(shares.items(), 1):
        count = left if number == len(shares) else min(round(people * share), left)
        left -= count
        if count:
            yield {
                "value": value,
                "registered": count,
                "viewed": count * 5 // 8,
                "explored": count // 5,
                "certified": count // 12,
                "verified": count // 10,
                "verified_certified": count // 14,
            }


def everything() -> dict[str, Any]:
    """Return the row of overall_stats."""
    return {
        "scope": "all courses",
        "n_courses": LISTED,
        "registered": 1_703_412,
        "viewed": 1_021_000,
        "explored": 171_003,
        "certified": 68_204,
        "verified_id": 21_777,
        "verified_certified": 9_120,
        "n_unique_registrants": 1_198_300,
        "course_registrations": 1_705_101,
    }


def all_enrollment() -> list[dict[str, Any]]:
    """Return the days of all courses together."""
    rows = []
    for it in enrollment("", 900_000):
        ever = it["nenroll_net"] + 40
        cumulative = (rows[-1]["nregistered_ever_cum"] if rows else 0) + ever
        rows.append(
            {
                "date": it["date"],
                "nregistered_ever_sum": ever,
                "nregistered_ever_cum": cumulative,
                "nregistered_net_sum": it["nenroll_net"],
                "nregistered_net_cum": it["nenroll_net_cum"],
            }
        )
    return rows


def _courses() -> Iterator[str]:
    yield from (str(LARGE), str(SMALL))
    yield from (f"HarvardX/HX{number:03}x/1T2014" for number in range(3, LISTED + 1))


def broad() -> Iterator[dict[str, Any]]:
    """Yield the row of each course."""
    for number, course_id in enumerate(_courses()):
        people = (61_000, 64)[number] if number < 2 else 400 + 900 * number
        yield {
            "course_id": course_id,
            "registered_sum": people,
            "viewed_sum": people * 5 // 8,
            "explored_sum": people // 5,
            "certified_sum": people // 12,
            "n_verified_id": people // 10,
        }


def hours() -> Iterator[dict[str, Any]]:
    """Yield the hours of each course."""
    for number, course_id in enumerate(_courses()):
        yield {
            "course_id": course_id,
            "median_total_hours_viewed": 3.0 + number / 10,
            "median_video_hours_viewed": 1.5 + number / 20,
            "median_problem_hours_viewed": 1.0 + number / 40,
            "median_forum_hours_viewed": 0.25,
        }


def medians() -> Iterator[dict[str, Any]]:
    """Yield the medians of two courses."""
    for course_id, people in ((str(LARGE), 38_125), (str(SMALL), 40)):
        for number, population in enumerate(("viewed", "explored", "certified", "verified"), 1):
            yield {
                "course_id": course_id,
                "population": population,
                "n_records": people // number**2,
                "age_median": 27.0 + number,
                "ndays_act_median": 4.0 * number,
                "nevents_median": 100.0 * number,
                "nchapters_median": 2.0 * number,
            }


def listed() -> Iterator[dict[str, Any]]:
    """Yield what the office's list says; one title is a formula, one has markup in it."""
    titles = {2: '=HYPERLINK("http://evil")', 3: "<script>alert(1)</script>"}
    for number, course_id in enumerate(_courses()):
        yield {
            "course_id": course_id,
            "listings_institution": "HarvardX",
            "listings_course_number": course_id.split("/")[1],
            "listings_short_title": titles.get(number, f"Short {number}"),
            "listings_title": f"A course about subject {number}",
            "listings_instructors": "Ada Lovelace, Alan Turing",
            "listings_course_launch": str(LAUNCH + timedelta(weeks=number)),
        }
