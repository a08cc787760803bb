"""Import what tasks need once, in the processes that tasks are forked from.

LocalExecutor forks its workers from the scheduler, which loads plugins before; so does a Celery worker, and the
dag-processor forks for each file. A task that finds its modules imported starts in a second instead of twenty.
"""

import logging
import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules

_FORKING = {"scheduler", "dag-processor", "celery"}
_HEAVY = (
    "airflow.providers.google.cloud.hooks.bigquery",
    "airflow.providers.google.cloud.hooks.gcs",
    "airflow.providers.google.cloud.triggers.gcs",
    "airflow.sdk.execution_time.task_runner",
    "google.cloud.bigquery",
    "google.cloud.storage",
    "sqlglot.dialects.bigquery",
)


def preload() -> None:
    """Import the heavy modules and the pipelines; one that fails is left to the task, which says why."""
    names = [*_HEAVY]
    with suppress(ImportError):
        names += [
            it.name
            for it in iter_modules(import_module("edx_warehouse.pipelines").__path__, "edx_warehouse.pipelines.")
        ]
    for name in names:
        try:
            import_module(name)
        except Exception as error:
            logging.getLogger(__name__).warning("%s was not preloaded: %s", name, error)


if _FORKING & set(sys.argv[1:2]):
    preload()
