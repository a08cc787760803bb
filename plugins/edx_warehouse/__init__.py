"""edX exports and tracking logs as BigQuery tables: the package behind the Dags."""
