"""Drives the main job on a running Airflow as its user `admin`: prints the result, and progress to stderr."""

import json
import os
import sys
from pathlib import Path

from edx_warehouse.domain.registry import Registry
from edx_warehouse.driver.main_job import MainJob
from edx_warehouse.hooks.airflow_api import AirflowApi

registry = Registry.read(Path(os.environ["EDX_WAREHOUSE_REGISTRY"]))
api = AirflowApi(os.environ["AIRFLOW__API__BASE_URL"], user=("admin", os.environ["PASSWORD_OF_ADMIN"]))
job = MainJob(registry, api, lambda line: print(line, file=sys.stderr, flush=True), revive=lambda: None)  # noqa: T201
json.dump(job.run().to_dict(), sys.stdout)
