"""Thin Airflow operators: one verb, one unit, wholly old or wholly new."""
