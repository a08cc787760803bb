"""Serve Airflow's API application on the port that is given, on a database with a few runs; write tokens of users down."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

HOME = Path(os.environ["AIRFLOW_HOME"])
DAY = datetime(2014, 11, 15, tzinfo=UTC)


def runs() -> None:
    """Write down what a failed and a good run of a course left."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dag import DagModel
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.xcom import XComModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
        session.commit()
        for file in ("course_daily.py", "course_weekly.py"):
            bag = DagBag(str(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / file))
            if bag.import_errors:
                raise SystemExit(str(bag.import_errors))
            for dag_id, dag in bag.dags.items():
                session.merge(
                    DagModel(
                        dag_id=dag_id,
                        bundle_name="dags-folder",
                        fileloc=dag.fileloc,
                        timetable_type="",
                        is_paused=False,
                    )
                )
                session.commit()
                SerializedDagModel.write_dag(
                    LazyDeserializedDAG.from_dag(dag), bundle_name="dags-folder", session=session
                )
                session.commit()
                serialized = SerializedDagModel.get_dag(dag_id, session=session)
                run = serialized.create_dagrun(
                    run_id="scheduled__2014-11-16T00:00:00+00:00",
                    logical_date=DAY,
                    data_interval=(DAY, DAY + timedelta(days=1)),
                    run_after=DAY + timedelta(days=1),
                    run_type=DagRunType.SCHEDULED,
                    triggered_by=DagRunTriggeredByType.TEST,
                    state=DagRunState.FAILED,
                    session=session,
                )
                run.verify_integrity(
                    dag_version_id=DagVersion.get_latest_version(dag_id, session=session).id, session=session
                )
                session.commit()
                if dag_id == "course_daily__HarvardX__CS50x__2014_T1":
                    made = {
                        "table": "harvardx-data.HarvardX__CS50x__2014_T1_logs.tracklog_20141115",
                        "job_id": "make_1",
                        "location": "EU",
                    }
                    for task, key, value in (
                        ("load_tracklog", "return_value", made),
                        ("build_person_course", "error_code", "E-CHK-102"),
                        ("check_tables", "error_code", "https://elsewhere.example/"),
                    ):
                        XComModel.set(
                            key=key, value=value, dag_id=dag_id, task_id=task, run_id=run.run_id, session=session
                        )
                session.commit()


def main() -> None:
    """Serve until the process is ended."""
    from airflow.utils.db import initdb

    initdb()
    runs()
    import uvicorn
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    app = create_app()
    manager = get_auth_manager()
    tokens = [
        f"{name} {manager.generate_jwt(SimpleAuthManagerUser(username=name, role=role, teams=None))}"
        for name, role in (("viewer", "viewer"), ("op", "op"), ("nobody", None))
    ]
    (HOME / "tokens").write_text("\n".join(tokens))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
