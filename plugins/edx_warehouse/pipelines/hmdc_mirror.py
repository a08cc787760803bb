"""``hmdc_mirror__<institution>``: bring new deliveries from the archive and start what they make due."""

from airflow.sdk import DAG, CronTriggerTimetable

from edx_warehouse.domain.registry import Institution, Registry
from edx_warehouse.exports.contracts import Contracts
from edx_warehouse.exports.reference_lists import LISTS
from edx_warehouse.operators.mirror import MirrorOperator
from edx_warehouse.operators.reference import ConvertReferenceOperator
from edx_warehouse.operators.reference_tables import LoadReferenceOperator
from edx_warehouse.operators.start import StartDeliveriesOperator, StartMissedLoadsOperator
from edx_warehouse.operators.survey_mirror import MirrorSurveysOperator
from edx_warehouse.pipelines import assets, settings
from edx_warehouse.tables.catalog import Catalog


def dag_id(institution: Institution) -> str:
    """Return the Dag's name."""
    return f"hmdc_mirror__{institution.name}"


def declare(institution: Institution, registry: Registry, contracts: Contracts, catalog: Catalog) -> None:
    """Declare the Dag."""
    courses = registry.courses_of(institution)
    with DAG(
        dag_id=dag_id(institution),
        **settings.of_institution(institution, "mirror the HMDC archive", "hourly"),
        schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
        default_args={**settings.MIRROR_ARGS, **settings.account(institution, "ingest"), "pool": "hmdc_archive"},
        doc_md=settings.doc(
            f"Copies what is new or changed in the archive of {institution.name} to its bucket, and starts the runs of "
            "the log days and course weeks that this makes due: new, late and replaced ones alike; also the daily runs "
            "that were missed.",
            "look at the archive",
        ),
    ):
        # Deliveries do not wait for it. It comes first of all that waits: whatever is built reads these tables.
        LoadReferenceOperator(
            task_id="load_reference",
            institution=institution,
            tables=[table.name for table in catalog.values() if table.seed],
            catalog=catalog,
            pool="default_pool",
            priority_weight=settings.MIRROR_ARGS["priority_weight"] + 10,
        )
        # It waits for no archive: what it looks for is in the bucket already.
        StartMissedLoadsOperator(
            task_id="start_missed_loads",
            institution=institution,
            courses=[course.key for course in courses],
            catalog=catalog,
            pool="default_pool",
        )
        mirrors = [
            MirrorOperator(
                task_id=f"mirror_{feed}",
                institution=institution,
                feed=feed,
                outlets=[assets.deliveries(institution, feed)],
            )
            for feed in ("weekly", "logs")
        ]
        mirrors += [
            MirrorSurveysOperator(
                task_id="mirror_surveys",
                institution=institution,
                courses=[course.key for course in courses],
                outlets=[assets.deliveries(institution, "surveys")],
            ),
            ConvertReferenceOperator(task_id="convert_reference", institution=institution, contracts=contracts),
        ]
        # Deliveries do not wait for it.
        mirrors[-1] >> LoadReferenceOperator(
            task_id="load_lists", institution=institution, tables=list(LISTS), catalog=catalog, pool="default_pool"
        )
        mirrors >> StartDeliveriesOperator(
            task_id="start_deliveries",
            institution=institution,
            courses=[course.key for course in courses],
            launches={course.key: course.launch for course in courses if course.launch},
            pool="default_pool",
        )
