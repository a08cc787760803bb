"""Builders: the only place tasks are wired into Dags."""
