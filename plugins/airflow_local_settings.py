"""What Airflow's processes do first: those that fork a process for each task or Dag file read here what all need.

Airflow imports this module in each of its processes, as ``plugins/`` is on their path. Without it every task reads the
same thousand modules and all queries again, which takes longer than most tasks.
"""

import sys
from contextlib import suppress

__all__: list[str] = []  # no name of this module is a setting

_FORKING = ("scheduler", "dag-processor", "celery")

if sys.argv[1:] and sys.argv[1] in _FORKING:
    import edx_warehouse.pipelines.course_daily
    import edx_warehouse.pipelines.course_weekly
    import edx_warehouse.pipelines.hmdc_mirror
    import edx_warehouse.pipelines.split_logs  # noqa: F401
    from edx_warehouse.domain.errors import Terminal
    from edx_warehouse.domain.registry import Registry, registry_path
    from edx_warehouse.exports.contracts import Contracts
    from edx_warehouse.local.home import CHECKOUT
    from edx_warehouse.tables.catalog import Catalog

    include = CHECKOUT / "include"
    for read, path in (
        (Catalog.read, include),
        (Contracts.read, include),
        (Registry.read, registry_path(include)),
    ):
        with suppress(Terminal):  # the Dag files will tell
            read(path)
