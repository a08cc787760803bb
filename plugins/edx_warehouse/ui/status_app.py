"""The status board: how each institution's courses and feeds stand."""

from fastapi import FastAPI

from edx_warehouse.ui.guarded import guarded_app


def create_status_app() -> FastAPI:
    """Return the app."""
    return guarded_app("edX Warehouse status")
