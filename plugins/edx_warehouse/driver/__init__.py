"""Driving the main job: start what is due through Airflow, wait, and tell what came of it."""
