"""``research__<institution>``: tables without names for the institution's research projects."""

from airflow.sdk import DAG, CronTriggerTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.operators.research import BuildResearchOperator
from edx_warehouse.pipelines import settings
from edx_warehouse.tables.catalog import Catalog
from edx_warehouse.tables.pseudonyms import research_tables


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"research__{institution.name}"


def declare(institution: Institution, registry: Registry, catalog: Catalog) -> DAG | None:
    """Declare the Dag when the institution has projects; return it.

    :raises Terminal: ``E-CFG-108`` when a project names a table that it cannot have.
    """
    projects = [it for it in registry.research if it.institution == institution.name]
    if not projects:
        return None
    for project in projects:
        research_tables(project, catalog)
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "research", "daily"),
        schedule=CronTriggerTimetable("23 11 * * *", timezone="UTC"),
        default_args={**settings.DEFAULT_ARGS, **settings.account(institution, "research")},
        doc_md=settings.doc(
            f"Brings the tables of the research projects of {institution.name} up to the tables that are served: "
            "people have pseudonyms there, and restricted columns are left out.",
            "look at what is served",
        ),
    ) as dag:
        for project in projects:
            BuildResearchOperator(
                task_id=f"build_{project.name}", institution=institution, project=project, catalog=catalog
            )
    return dag
