"""Pages in the Airflow UI: documentation, runbook and the status board."""
