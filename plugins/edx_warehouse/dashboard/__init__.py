"""The analytics dashboard: pages, data and downloads of the warehouse in the Airflow UI."""
