"""Registers the documentation, the status board and the links beside tasks in the Airflow UI; nothing else.

Every process of Airflow imports this, each task's too: what it registers is imported by the API server alone, when it asks.
"""

from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class EdxDocsPlugin(AirflowPlugin):
    """Two entries of the navigation, two apps, and the links."""

    name = "edx_docs"
    external_views: ClassVar = [
        # No slash before an address: it is relative to wherever the UI is served.
        {
            "name": "Status",
            "href": "edx-status/",
            "destination": "nav",
            "url_route": "edx-status",
            "nav_top_level": True,
            "icon": "edx-status/static/status.svg",
        },
        {
            "name": "edX Warehouse",
            "href": "edx-docs/",
            "destination": "nav",
            "category": "docs",
            "url_route": "edx-docs",
        },
    ]

    @cached_property
    def global_operator_extra_links(self) -> list[Any]:
        """Return the links; those of other packages' tasks stay empty."""
        from edx_warehouse.operators.links import LINKS

        return list(LINKS)

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """Return the two apps."""
        from edx_warehouse.ui.docs_app import create_docs_app
        from edx_warehouse.ui.status_app import create_status_app

        return [
            {"app": create_docs_app(), "url_prefix": "/edx-docs", "name": "edX Warehouse documentation"},
            {"app": create_status_app(), "url_prefix": "/edx-status", "name": "edX Warehouse status"},
        ]
