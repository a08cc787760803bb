"""The mapping of users to roles: what it grants, and that it grants nothing else."""

import os
from pathlib import Path

import pytest

from edx_warehouse.dashboard.access import Access, Permissions
from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Registry
from fakes.served_courses import ACCESS, LARGE, OTHER, REGISTRY, SMALL

COURSES = (LARGE, SMALL, OTHER)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    return Registry.read(path)


def access(folder: Path, registry: Registry, text: str) -> Access:
    path = folder / "access.yaml"
    path.write_text(text)
    return Access(path, registry)


def seen(registry: Registry, it: Permissions) -> tuple[set[str], set[str], set[str]]:
    """Return the courses and institutions that a user sees, and the courses with small numbers."""
    courses = {course for course in registry.courses if it.sees_course(course)}
    institutions = {one.name for one in registry.institutions if it.sees_institution(one.name)}
    exact = {course.key.course for course in courses if it.sees_small_numbers(it.roles(course))}
    return {course.key.course for course in courses}, institutions, exact


@pytest.mark.parametrize(
    ("user", "courses", "institutions", "exact"),
    [
        ("team", {"CS50x"}, set(), set()),
        ("teacher", {"CS50x"}, set(), set()),
        ("manager", {"CS50x", "PH525x"}, {"HarvardX"}, set()),
        ("researcher", {"CS50x", "PH525x"}, {"HarvardX"}, {"CS50x", "PH525x"}),
        ("half_researcher", {"CS50x", "PH525x"}, set(), {"CS50x"}),
        ("mit", {"6.00x"}, {"MITx"}, set()),
        ("admin", {"CS50x", "PH525x", "6.00x"}, {"HarvardX", "MITx"}, {"CS50x", "PH525x", "6.00x"}),
        ("nobody", set(), set(), set()),
    ],
)
def test_a_role_holds_where_it_was_given_and_nowhere_else(
    tmp_path: Path, registry: Registry, user: str, courses: set[str], institutions: set[str], exact: set[str]
) -> None:
    assert seen(registry, access(tmp_path, registry, ACCESS).of(user)) == (courses, institutions, exact)


def test_only_an_administrator_of_everything_is_administrator(tmp_path: Path, registry: Registry) -> None:
    it = access(tmp_path, registry, ACCESS + "  - {user: half, role: admin, institution: MITx}\n")
    assert it.of("admin").is_admin
    assert not it.of("half").is_admin


def test_without_a_mapping_nobody_sees_anything(registry: Registry) -> None:
    assert seen(registry, Access(None, registry).of("admin")) == (set(), set(), set())


def test_a_role_that_is_taken_away_is_gone_at_once(tmp_path: Path, registry: Registry) -> None:
    it = access(tmp_path, registry, ACCESS)
    assert it.of("team").grants
    (tmp_path / "access.yaml").write_text(ACCESS.replace("user: team,", "user: someone,"))
    os.utime(tmp_path / "access.yaml", (1, 1))
    assert not it.of("team").grants


def test_a_mapping_that_is_gone_grants_nothing(tmp_path: Path, registry: Registry) -> None:
    it = access(tmp_path, registry, ACCESS)
    assert it.of("admin").grants
    (tmp_path / "access.yaml").unlink()
    with pytest.raises(Terminal, match="E-CFG-101"):
        it.of("admin")


@pytest.mark.parametrize(
    "grant",
    [
        "{user: a, role: instructor}",  # would be of every course
        "{user: a, role: king, institution: HarvardX}",
        "{user: a, role: instructor, course: HarvardX/Nothing/1}",
        "{user: a, role: instructor, course: CS50x}",
        "{user: a, role: instructor, institution: Nowhere}",
        "{user: a, role: instructor, group: cs}",
        f"{{user: a, role: instructor, course: {LARGE}, institution: HarvardX}}",
        "{user: a, role: instructor, course: ''}",
        "{user: a, role: [admin], institution: HarvardX}",
        "{role: admin}",
        "{user: a, role: admin, everywhere: true}",
        "admin",
    ],
)
def test_a_grant_that_is_in_doubt_is_refused(tmp_path: Path, registry: Registry, grant: str) -> None:
    with pytest.raises(Terminal, match=r"E-CFG-101.*grants\[0\]|E-CFG-101"):
        access(tmp_path, registry, f"grants:\n  - {grant}\n").of("a")


def test_both_spellings_of_a_course_are_one_course(tmp_path: Path, registry: Registry) -> None:
    text = f'grants:\n  - {{user: a, role: instructor, course: "{LARGE.opaque}"}}\n'
    assert seen(registry, access(tmp_path, registry, text).of("a"))[0] == {"CS50x"}
