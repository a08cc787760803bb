"""Custom reports as Airflow serves them."""

import csv
import io
import re
from collections.abc import Callable

import httpx
import pytest

from edx_warehouse.dashboard.app import INCLUDE
from edx_warehouse.dashboard.report_routes import router
from edx_warehouse.dashboard.reports import read_reports
from fakes.served_courses import LARGE, OTHER, SMALL

pytestmark = pytest.mark.system

SignedIn = Callable[[str], httpx.Client]
PLACES = {"course": f"/course/{LARGE.slug}", "institution": "/institution/HarvardX"}
SMALL_COURSE = f"/course/{SMALL.slug}"
REPORTS = read_reports(INCLUDE)


def addresses(places: dict[str, str]) -> list[str]:
    """Return every address of every report of a course and of an institution."""
    found = []
    for report in REPORTS:
        base = f"{places[report.page]}/{report.address}"
        found += [base, f"{base}.json", f"{base}.csv", f"{base}?part=table", f"{base}?part=source"]
        found += [f"{base}.frame"] if report.framed else []
    return found


def test_the_addresses_that_are_tried_are_of_every_route() -> None:
    patterns = {re.sub(r"\{[^}]+\}", "[^?]+", route.path) for route in router.routes}  # type: ignore[attr-defined]
    tried = ["/reports", *addresses(PLACES)]
    assert [it for it in patterns if not any(re.fullmatch(it, address) for address in tried)] == []


def test_nobody_who_is_not_signed_in_gets_a_report(anonymous: httpx.Client) -> None:
    for address in ("/reports", *addresses(PLACES)):
        assert anonymous.get(address).status_code == 401, address


def test_who_has_no_role_there_is_refused_on_every_address(signed_in: SignedIn) -> None:
    elsewhere = {"course": f"/course/{OTHER.slug}", "institution": "/institution/MITx"}
    assert {signed_in("manager").get(it).status_code for it in addresses(elsewhere)} == {403}
    assert {signed_in("nobody").get(it).status_code for it in addresses(PLACES)} == {403}


def test_every_report_answers_a_researcher_with_rows(signed_in: SignedIn) -> None:
    client = signed_in("researcher")
    for address in addresses(PLACES):
        answer = client.get(address)
        assert answer.status_code == 200, address
        if address.endswith(".json"):
            assert answer.json()["rows"], address
            assert answer.json()["lacking"] == []


def test_the_age_histogram_counts_one_course_and_all(signed_in: SignedIn) -> None:
    client = signed_in("researcher")
    one, both = (
        sum(it["registered"] for it in client.get(f"{place}/reports/{name}.json").json()["rows"])
        for place, name in ((PLACES["course"], "age-histogram"), (PLACES["institution"], "age-histogram-all-courses"))
    )
    assert (one, both) == (61_000, 61_064)


def test_a_report_hides_small_numbers_in_every_form(signed_in: SignedIn) -> None:
    address = f"{SMALL_COURSE}/reports/age-histogram"
    client = signed_in("small_team")
    rows = client.get(f"{address}.json").json()["rows"]
    assert not [it for row in rows for it in row.values() if isinstance(it, int) and 0 < it < 10]
    read = list(csv.DictReader(io.StringIO(client.get(f"{address}.csv").text)))
    assert [{name: str(it) for name, it in row.items()} for row in rows] == read
    assert "hidden" in client.get(address).text


def test_a_report_for_researchers_is_not_there_for_others(signed_in: SignedIn) -> None:
    address = f"{PLACES['institution']}/reports/registrations-by-person.json"
    assert [it["people"] for it in signed_in("researcher").get(address).json()["rows"]] == [56, 4]
    assert signed_in("manager").get(address).status_code == 404
    assert "registrations-by-person" not in signed_in("manager").get("/reports").text


def test_a_parameter_chooses_rows_and_is_never_sql(signed_in: SignedIn) -> None:
    client, address = signed_in("researcher"), f"{PLACES['course']}/reports/countries-of-a-continent.json"
    europe = client.get(address, params={"continent": "Europe"}).json()
    assert "Germany" in {it["name"] for it in europe["rows"]}
    assert "Kenya" not in {it["name"] for it in europe["rows"]}
    assert client.get(address, params={"continent": "' OR TRUE --"}).status_code == 422
    videos = f"{PLACES['course']}/reports/videos-watched.json"
    assert len(client.get(videos, params={"chapter": "Week 1: C"}).json()["rows"]) == 8
    hostile = client.get(videos, params={"chapter": "' OR TRUE --"}).json()
    assert hostile["rows"] == []
    assert "OR TRUE" not in hostile["sql"]


def test_sorting_and_paging_keep_the_parameters(signed_in: SignedIn) -> None:
    address = f"{PLACES['course']}/reports/videos-watched"
    text = signed_in("team").get(address, params={"chapter": "Week 1: C", "part": "table"}).text
    assert "chapter=Week+1%3A+C&amp;sort=" in text
    assert 'name="chapter" value="Week 1: C"' in text


def test_the_list_has_the_reports_of_what_the_viewer_sees(signed_in: SignedIn) -> None:
    text = signed_in("team").get("/reports").text
    assert f"{PLACES['course']}/reports/age-histogram" in text
    assert "/institution/" not in text
    assert SMALL_COURSE not in text
    assert "reports/age-histogram-all-courses" in signed_in("manager").get(PLACES["institution"]).text


def test_html_and_javascript_of_a_report_run_only_where_they_reach_nothing(signed_in: SignedIn) -> None:
    client, address = signed_in("team"), f"{PLACES['course']}/reports/problem-map"
    page = client.get(address)
    assert 'sandbox="allow-scripts"' in page.text
    assert "chart.setOption" not in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    frame = client.get(f"{address}.frame")
    assert "chart.setOption" in frame.text
    policy = {it.split()[0]: it.split()[1:] for it in frame.headers["Content-Security-Policy"].split("; ")}
    assert policy["sandbox"] == ["allow-scripts"]
    assert {policy[it][0] for it in ("default-src", "connect-src", "form-action", "base-uri")} == {"'none'"}
    assert policy["script-src"] == ["'unsafe-inline'"]
    assert "61" not in re.findall(
        r"\b61\b", frame.text.partition("<body>")[2]
    )  # no rows are in it: the page hands them over
    for alone in ("document", "empty", "script"):
        assert client.get(f"{address}.frame", headers={"Sec-Fetch-Dest": alone}).status_code == 404
    assert client.get(f"{PLACES['course']}/reports/age-histogram.frame").status_code == 404
