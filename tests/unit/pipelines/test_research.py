"""The Dag of research projects, as Airflow stores and shows it."""

import json
from pathlib import Path

import pytest
from airflow.sdk import DAG

from edx_warehouse.domain.errors import Terminal
from edx_warehouse.domain.registry import Registry
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.pipelines import course_weekly, research
from edx_warehouse.tables.catalog import Catalog

INCLUDE = Path(__file__).resolve().parents[3] / "include"
CATALOG = Catalog.read(INCLUDE)
HARVARD = "{project: harvardx-data, bucket: harvardx-data, archive: 'file:///srv/h', log_prefixes: [harvardx]%s}"
REGISTRY = """\
institutions:
  HarvardX: %s
  MITx: {project: mitx-data, bucket: mitx-data, archive: "file:///srv/m", log_prefixes: [mitx]}
courses:
  - {course_id: HarvardX/CS50x/2014_T1, institution: HarvardX}
"""
RESEARCH = """\
research:
  - {name: motivation, institution: HarvardX, key: key_in_a_vault}
  - {name: forum, institution: HarvardX, tables: [%s]}
"""


def read(tmp_path: Path, text: str) -> Registry:
    (tmp_path / "registry.yaml").write_text(text)
    return Registry.read(tmp_path / "registry.yaml")


def test_each_project_of_an_institution_is_a_task_of_its_dag(tmp_path: Path) -> None:
    registry = read(tmp_path, REGISTRY % (HARVARD % "") + RESEARCH % "secondary.forum_events")
    dag = research.declare(registry.institutions[0], registry, CATALOG)
    assert isinstance(dag, DAG)
    assert dag.dag_id == "research__HarvardX"
    assert sorted(dag.task_ids) == ["build_forum", "build_motivation"]
    shown = json.dumps([[getattr(task, name) for name in task.template_fields] for task in dag.tasks])
    assert "vault" not in shown


def test_an_institution_without_projects_has_no_such_dag(tmp_path: Path) -> None:
    registry = read(tmp_path, REGISTRY % (HARVARD % "") + RESEARCH % "secondary.forum_events")
    assert research.declare(registry.institutions[1], registry, CATALOG) is None


def test_a_table_that_a_project_cannot_have_is_refused_when_dags_are_read(tmp_path: Path) -> None:
    registry = read(tmp_path, REGISTRY % (HARVARD % "") + RESEARCH % "logs.tracklog")
    with pytest.raises(Terminal, match=r"E-CFG-108 research forum.*logs\.tracklog"):
        research.declare(registry.institutions[0], registry, CATALOG)


def test_a_table_with_restricted_columns_that_is_not_named_is_refused_when_dags_are_read(tmp_path: Path) -> None:
    registry = read(tmp_path, REGISTRY % (HARVARD % ", restricted_tables: [logs.tracklog]"))
    with pytest.raises(Terminal, match="E-CFG-107 HarvardX"):
        course_weekly.declare(registry.courses[0], CATALOG, Contracts.read(INCLUDE))
