# Two images: `warehouse` is Airflow with this package, `cloud` the emulators of Google Storage and BigQuery.

# A deployment that wants the same bytes each time names a digest: --build-arg PYTHON_IMAGE=python@sha256:…
ARG PYTHON_IMAGE=python:3.13-slim-bookworm
FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Group 0, so that platforms that choose a user id of their own can still write to the folders below.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /home/warehouse warehouse


FROM base AS cloud
COPY requirements-cloud.txt /tmp/requirements-cloud.txt
RUN pip install --require-hashes -r /tmp/requirements-cloud.txt && mkdir -p /data/storage /data/bigquery && chown -R 50000:0 /data
USER 50000:0
ENV HOME=/home/warehouse
# Now, so that nothing is downloaded when the emulator starts.
RUN python -c 'from duckdb_extensions import import_extension; \
[import_extension(name, force_install=True) for name in ("ducklake", "spatial", "httpfs", "icu", "json")]'
VOLUME /data


FROM base AS warehouse
COPY requirements.txt /tmp/requirements.txt
RUN pip install --require-hashes -r /tmp/requirements.txt
WORKDIR /opt/edx-warehouse
COPY pyproject.toml ./
COPY plugins ./plugins
COPY dags ./dags
COPY include ./include
COPY docs ./docs
# Editable: Airflow's plugins folder and the installed package are the same files.
RUN pip install --no-deps --editable . && mkdir -p /opt/airflow/logs && chown -R 50000:0 /opt/airflow
# The commit goes into the provenance of every table.
ARG EDX_WAREHOUSE_COMMIT=""
ENV EDX_WAREHOUSE_COMMIT=${EDX_WAREHOUSE_COMMIT} \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/edx-warehouse/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/edx-warehouse/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs
USER 50000:0
# Now, so that the first day does not wait for it; the machine code runs on every processor of the kind.
RUN python -m edx_warehouse.exports.line_scanner && python -m edx_warehouse.exports.course_week
EXPOSE 8080
# No entrypoint: Airflow's Helm chart gives whole commands.
CMD ["airflow", "version"]
