"""Registers the dashboard with Airflow, nothing else."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class EdxWarehousePlugin(AirflowPlugin):
    """The analytics dashboard in Airflow's navigation."""

    name = "edx_warehouse"
    # Without a slash in front: Airflow may live below another address than the root of its host.
    external_views = [  # noqa: RUF012  # as Airflow declares it
        {
            "name": "Courses",
            "href": "edx-warehouse/",
            "destination": "nav",
            "url_route": "courses",
            "nav_top_level": True,
            "icon": "edx-warehouse/static/icon.svg",
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """The app, made when the API server asks for it: tasks load plugins too, and need none of it."""
        from edx_warehouse.dashboard.app import create_app

        return [{"app": create_app(), "url_prefix": "/edx-warehouse", "name": "edX Warehouse"}]
