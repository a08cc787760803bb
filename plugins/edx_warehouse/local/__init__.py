"""The local stack: both emulators and an Airflow on 127.0.0.1."""
