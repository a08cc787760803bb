from pathlib import Path

import pytest

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Registry

REGISTRY = """\
institutions:
  HarvardX: {project: harvardx-data, bucket: harvardx-data, archive: "file:///srv/h", log_prefixes: [harvardx]}
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///srv/m", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX, groups: [cs]}
  - {course_id: HarvardX/PH525x/1T2014, institution: HarvardX}
  - {course_id: MITx/6.00x/1T2014_research_odd, institution: MITx, groups: [cs]}
windows:
  - {name: research_window, start: 2012-09-01, end: 2013-09-01}
"""


def read(tmp_path: Path, *entries: str) -> Registry:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY + "research:\n" + "".join(f"  - {{{it}}}\n" for it in entries))
    return Registry.read(path)


def test_a_project_has_all_courses_of_its_institution_and_a_key_of_its_own(tmp_path: Path) -> None:
    [project] = read(tmp_path, "name: motivation, institution: HarvardX").research
    assert [str(it) for it in project.courses] == ["HarvardX/CS50x/2014_T1", "HarvardX/PH525x/1T2014"]
    assert (project.tables, project.key) == (None, "edx_warehouse_research_motivation")
    assert project.suffix == "research_motivation"


def test_courses_are_named_by_id_in_either_spelling_or_by_group(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        'name: b, institution: HarvardX, courses: ["course-v1:HarvardX+PH525x+1T2014", cs], tables: [secondary.b, secondary.a]',
        "name: a, institution: MITx, courses: [cs], key: vault_key",
    ).research
    assert [str(it) for it in first.courses] == ["MITx/6.00x/1T2014_research_odd"]
    assert (first.name, first.key) == ("a", "vault_key")
    assert len(second.courses) == 2
    assert second.tables == ("secondary.a", "secondary.b")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("name: Motivation, institution: HarvardX", "a text like"),
        ("name: a, institution: Yale", "HarvardX"),
        ("name: a, institution: HarvardX, courses: [MITx/6.00x/1T2014_research_odd]", "courses or groups of HarvardX"),
        ("name: a, institution: HarvardX, courses: []", "a list of texts"),
        ("name: a, institution: HarvardX, key: two words", "a text like"),
        ("name: a, institution: HarvardX, salt: x", "one of institution"),
        ("name: a", "a value"),
        ("name: odd, institution: HarvardX", "no course's slug ends in"),
        ("name: window, institution: HarvardX", "dataset for each"),
    ],
)
def test_a_doubtful_project_is_refused(tmp_path: Path, entry: str, told: str) -> None:
    with pytest.raises(Terminal) as refused:
        read(tmp_path, entry)
    assert refused.value.problem.code == "E-CFG-101"
    assert told in str(refused.value)


def test_two_projects_have_two_names(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="twice"):
        read(tmp_path, "name: a, institution: HarvardX", "name: a, institution: MITx")
