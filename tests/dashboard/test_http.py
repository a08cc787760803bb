"""The dashboard as Airflow serves it: who gets what, and the same numbers as HTML, JSON and CSV."""

import ast
import csv
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from edx_warehouse.dashboard.app import INCLUDE
from edx_warehouse.dashboard.panels import read_pages
from edx_warehouse.dashboard.routes import router
from fakes.served_courses import LARGE, LISTED, OTHER, SMALL, YEAR

pytestmark = pytest.mark.system

SignedIn = Callable[[str], httpx.Client]
PAGES = read_pages(INCLUDE)
COURSE, SMALL_COURSE, OTHER_COURSE = (f"/course/{it.slug}" for it in (LARGE, SMALL, OTHER))
INSTITUTION = "/institution/HarvardX"


def addresses(course: str, institution: str) -> list[str]:
    """Return every address of a course and of an institution."""
    found = []
    for place, page in ((course, PAGES["course"]), (institution, PAGES["institution"])):
        found.append(place)
        for panel in page:
            base = f"{place}/{panel.name}"
            found += [base, f"{base}.json", f"{base}.csv", f"{base}?part=table", f"{base}?part=source"]
    return found


EVERYWHERE = ["/", "/glossary", "/access-log", "/static/dashboard.css", *addresses(COURSE, INSTITUTION)]


def test_the_addresses_that_are_tried_are_of_every_route() -> None:
    patterns = {re.sub(r"\{[^}]+\}", "[^?]+", route.path) for route in router.routes}  # type: ignore[attr-defined]
    assert [it for it in patterns if not any(re.fullmatch(it, address) for address in EVERYWHERE)] == []


def test_nobody_who_is_not_signed_in_gets_anything(anonymous: httpx.Client) -> None:
    for address in EVERYWHERE:
        for accept in ("text/html", "application/json"):
            answer = anonymous.get(address, headers={"Accept": accept})
            assert answer.status_code == 401, address
            assert "HarvardX" not in answer.text
    assert anonymous.get("/", headers={"Cookie": "_token=forged"}).status_code in (401, 403)


def test_no_description_of_the_routes_is_given_away(signed_in: SignedIn) -> None:
    for address in ("/docs", "/redoc", "/openapi.json"):
        assert signed_in("admin").get(address).status_code == 404


@pytest.mark.parametrize(
    ("user", "course", "institution"),
    [
        ("nobody", COURSE, INSTITUTION),
        ("small_team", COURSE, INSTITUTION),
        ("team", SMALL_COURSE, INSTITUTION),
        ("teacher", SMALL_COURSE, INSTITUTION),
        ("mit", COURSE, INSTITUTION),
        ("manager", OTHER_COURSE, "/institution/MITx"),
        ("researcher", OTHER_COURSE, "/institution/MITx"),
        ("half_researcher", OTHER_COURSE, INSTITUTION),
        ("manager", "/course/HarvardX__Nothing__1", "/institution/Nowhere"),
    ],
)
def test_who_has_no_role_there_is_refused_on_every_address(
    signed_in: SignedIn, user: str, course: str, institution: str
) -> None:
    assert {signed_in(user).get(it).status_code for it in addresses(course, institution)} == {403}


def test_only_administrators_read_the_access_log(signed_in: SignedIn) -> None:
    assert [signed_in(it).get("/access-log").status_code for it in ("admin", "researcher", "nobody")] == [200, 403, 403]


def test_every_address_answers_who_has_a_role_there(signed_in: SignedIn) -> None:
    for address in EVERYWHERE:
        assert signed_in("admin").get(address).status_code == 200, address


def test_the_list_of_courses_has_those_of_the_user_alone(signed_in: SignedIn) -> None:
    text = signed_in("team").get("/").text
    assert COURSE in text
    assert SMALL_COURSE not in text
    assert "/institution/" not in text
    assert "no role in any course" in signed_in("nobody").get("/").text


def test_every_answer_tells_the_browser_to_run_nothing_of_others(signed_in: SignedIn, anonymous: httpx.Client) -> None:
    for answer in (signed_in("admin").get(COURSE), signed_in("admin").get(f"{COURSE}/usage.json"), anonymous.get("/")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http:" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_html_json_and_csv_have_the_same_numbers(signed_in: SignedIn) -> None:
    client = signed_in("researcher")
    rows = client.get(f"{COURSE}/gender.json").json()["rows"]
    read = list(csv.DictReader(io.StringIO(client.get(f"{COURSE}/gender.csv").text)))
    assert [{name: str(it) for name, it in row.items()} for row in rows] == read
    assert sum(it["registered"] for it in rows) == 61_000
    page = client.get(f"{COURSE}/gender").text
    assert all(f"{it['registered']:,}" in page for it in rows)
    assert (
        f"{COURSE.rpartition('/')[2]}-latest-gender.csv"
        in client.get(f"{COURSE}/gender.csv").headers["Content-Disposition"]
    )


@pytest.mark.parametrize("form", ["usage.json", "usage.csv", "usage", "usage?part=table"])
def test_small_numbers_are_hidden_in_every_form(signed_in: SignedIn, form: str) -> None:
    # 64 registered, of them 5 certified, 6 verified, 4 both, and 7 who left.
    text = signed_in("small_team").get(f"{SMALL_COURSE}/{form}").text
    assert "64" in text
    assert text.count("hidden") >= 5
    assert not re.search(
        r"[>,:\s](4|5|6|7|57)[<,}\s]",
        text.partition("</table>")[0].partition("<tbody>")[2] or text.partition('"sql"')[0],
    )


def test_who_is_researcher_of_one_course_sees_no_small_numbers_of_another(signed_in: SignedIn) -> None:
    client = signed_in("half_researcher")
    assert client.get(f"{COURSE}/gender.json").json()["hidden_below"] == 0
    assert client.get(f"{SMALL_COURSE}/usage.json").json()["rows"][0]["certified"] == "hidden"
    assert signed_in("researcher").get(f"{SMALL_COURSE}/usage.json").json()["rows"][0]["certified"] == 5


def test_a_search_cannot_find_a_hidden_number(signed_in: SignedIn) -> None:
    client, address = signed_in("small_team"), f"{SMALL_COURSE}/usage.json"
    assert client.get(address, params={"search": "64"}).json()["rows"]
    assert client.get(address, params={"search": "57"}).json()["rows"] == []


def test_a_window_has_its_own_numbers(signed_in: SignedIn) -> None:
    client = signed_in("team")
    latest, year = (
        client.get(f"{COURSE}/usage.json", params={"window": it}).json()["rows"][0]["registered"]
        for it in ("latest", YEAR.name)
    )
    assert (latest, year) == (61_000, 30_500)
    assert client.get(COURSE, params={"window": "2001"}).status_code == 404


def test_a_table_that_is_not_there_yet_is_told(signed_in: SignedIn) -> None:
    answer = signed_in("small_team").get(f"{SMALL_COURSE}/usage.json", params={"window": YEAR.name}).json()
    assert (answer["rows"], answer["lacking"]) == ([], ["secondary.stats_overall"])
    assert "not been made" in signed_in("small_team").get(f"{SMALL_COURSE}/usage?window={YEAR.name}").text


def test_the_listing_is_sorted_searched_and_cut_on_the_server(signed_in: SignedIn) -> None:
    client, address = signed_in("manager"), f"{INSTITUTION}/courses"
    assert f"Showing 1 to 10 of {LISTED} entries" in client.get(address).text
    last = client.get(address, params={"sort": "launch", "page": 7}).text
    assert f"Showing 61 to {LISTED} of {LISTED} entries" in last
    assert 'aria-sort="ascending"' in last
    assert "Showing 1 to 1 of 1 entries" in client.get(address, params={"search": "hx012x"}).text
    assert client.get(address, params={"length": 1000}).status_code == 422


def test_what_others_wrote_is_never_markup_nor_a_formula(signed_in: SignedIn) -> None:
    client, address = signed_in("manager"), f"{INSTITUTION}/courses"
    for part in ("", "table"):
        text = client.get(address, params={"length": 100, "part": part, "search": '"><script>x'}).text
        assert "<script>x" not in text
        assert "<script>alert" not in client.get(address, params={"length": 100, "part": part}).text
    assert "&lt;script&gt;alert(1)" in client.get(address, params={"length": 100}).text
    assert "'=HYPERLINK" in client.get(f"{address}.csv").text


def test_a_panel_shows_its_sql_its_tables_and_how_they_were_made(signed_in: SignedIn) -> None:
    text = signed_in("team").get(f"{COURSE}/usage?part=source").text
    assert f"{LARGE.slug}_latest.stats_overall" in text
    assert "Computed by the tests" in text
    assert re.search(r"made \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)


def test_chapters_open_to_their_sequentials(signed_in: SignedIn) -> None:
    rows = signed_in("team").get(f"{COURSE}/chapters.json").json()["rows"]
    chapters = [it for it in rows if it["chapter_id"] is None]
    assert [(it["sequentials"], it["problems"], it["videos"], it["texts"]) for it in chapters] == [(3, 4, 8, 12)] * 12
    assert {it["chapter_id"] for it in rows} - {None} == {it["module_id"] for it in chapters}
    assert "data-expand" in signed_in("team").get(f"{COURSE}/chapters").text


def test_only_known_forms_and_panels_are_answered(signed_in: SignedIn) -> None:
    for form in ("nothing", "usage.xml", "usage?part=everything", "../../static/x"):
        assert signed_in("team").get(f"{COURSE}/{form}").status_code in (403, 404), form
    assert signed_in("team").post(COURSE).status_code == 405


def test_who_looked_at_what_is_written_down(signed_in: SignedIn, folder: Path, anonymous: httpx.Client) -> None:
    signed_in("small_team").get(f"{COURSE}/usage.csv")
    anonymous.get(COURSE)
    signed_in("team").get(f"{COURSE}/usage", params={"search": "ada", "page": 1})
    entries = [json.loads(it) for it in (folder / "access.jsonl").read_text().splitlines()]
    by_user = {(it["user"], it["path"].partition("/edx-warehouse")[2], it["status"], it["address"]) for it in entries}
    assert ("small_team", f"{COURSE}/usage.csv", 403, "127.0.0.1") in by_user
    assert ("", COURSE, 401, "127.0.0.1") in by_user
    assert ("team", f"{COURSE}/usage?page=1", 200, "127.0.0.1") in by_user  # not what was sought: it may be a name
    assert "small_team" in signed_in("admin").get("/access-log").text


def test_airflow_has_the_dashboard_in_its_navigation(airflow: str, signed_in: SignedIn) -> None:
    client = signed_in("admin")
    plugins = client.get(f"{airflow}/api/v2/plugins").json()["plugins"]
    [found] = [it for it in plugins if it["name"] == "edx_warehouse"]
    assert [(it["name"], it["href"], it["destination"]) for it in found["external_views"]] == [
        ("Courses", "edx-warehouse/", "nav")
    ]
    assert client.get(f"{airflow}/api/v2/plugins/importErrors").json()["import_errors"] == []


def test_twenty_people_at_once_are_answered(signed_in: SignedIn) -> None:
    users = ("team", "manager", "researcher", "admin")
    panels = [f"{COURSE}/{it.name}.json" for it in PAGES["course"]]
    wanted = [(signed_in(users[number % 4]), panels[number % len(panels)]) for number in range(100)]
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda it: it[0].get(it[1]).status_code, wanted)) == {200}


def test_the_plugin_imports_nothing_of_the_app_when_tasks_load_it() -> None:
    source = (INCLUDE.parent / "plugins" / "edx_warehouse_plugin.py").read_text()
    top = [it for it in ast.parse(source).body if isinstance(it, ast.Import | ast.ImportFrom)]
    assert {getattr(it, "module", "") for it in top} == {"functools", "typing", "airflow.plugins_manager"}
