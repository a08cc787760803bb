"""What ``edx-warehouse catalog`` tells about the tables that are declared, and its page for researchers."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edx_warehouse import cli
from edx_warehouse.domain.yaml_files import read_yaml
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.data_dictionary import page

ROOT = Path(__file__).resolve().parents[2]
DECLARED = {f"{path.parent.name}.{path.stem}" for path in (ROOT / "include/schemas").glob("*/*.yaml")}


class Page(HTMLParser):
    """Text, ids and links of a page; complains of elements that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["catalog", *arguments]) == 0
    return capsys.readouterr().out


def test_the_list_has_each_table_behind_its_inputs(capsys: pytest.CaptureFixture[str]):
    rows = [json.loads(line) for line in told(capsys, "list", "--json").splitlines()]
    seen: set[str] = set()
    for row in rows:
        assert set(row["inputs"]) <= seen
        seen.add(row["table"])
    assert {it for it in DECLARED if it.startswith("secondary.")} <= seen
    assert [line.split()[0] for line in told(capsys, "list").splitlines()] == [row["table"] for row in rows]


def test_one_table_is_shown_with_columns_inputs_readers_checks_cases_and_sql(capsys: pytest.CaptureFixture[str]):
    text = told(capsys, "show", "person_course_day")
    declared = read_yaml(ROOT / "include/schemas/secondary/person_course_day.yaml")
    assert all(f"  {field['name']} (" in text for field in declared["fields"])
    assert "made from: logs.tracklog, " in text
    assert re.search("^read by: .*secondary.pc_day_totals\\b", text, re.MULTILINE)
    assert "check   unique username, course_id, date" in text
    cases = list((ROOT / "tests/sql/secondary/person_course_day").glob("*.yaml"))
    assert cases
    assert all(f"  {case.stem}:" in text for case in cases)
    assert (ROOT / "include/sql/secondary/person_course_day.sql").read_text() in text


def test_the_flowchart_of_a_table_has_what_is_before_and_behind_it_only(capsys: pytest.CaptureFixture[str]):
    lines = told(capsys, "graph", "secondary.enrollment_events").splitlines()
    assert lines[0] == "flowchart LR"
    assert "    logs.tracklog --> secondary.enrollment_events" in lines
    assert "    secondary.enrollment_events --> secondary.enrollday_all" in lines
    assert "    logs.tracklog --> secondary.show_answer" not in lines


@pytest.mark.parametrize("name", ["nothing", "secondary.nothing"])
def test_a_table_that_is_not_declared_is_refused_by_name(name: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["catalog", "show", name]) == 1
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["found"] == name


def test_the_page_has_every_table_and_column_and_its_links_lead_somewhere(tmp_path: Path):
    assert cli.main(["catalog", "page", "--to", str(tmp_path / "new" / "page.html")]) == 0
    html = (tmp_path / "new" / "page.html").read_text()
    seen, catalog = Page(html), Catalog.read(ROOT / "include")
    assert seen.open == []
    assert set(catalog) <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert {link.removeprefix("#") for link in seen.links} == set(catalog)
    assert all(f.description in seen.text for table in catalog.values() for f in table.fields)
    assert html == page(catalog, ROOT / "tests")
