# Everything is installed into this checkout: .venv and .local/. `make help` lists the commands.

SHELL := /bin/sh
# The first Python 3.9 or newer that really runs: a version manager's shim may be on PATH and refuse.
PYTHON ?= $(shell for it in python3 /usr/bin/python3 /usr/local/bin/python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.*/bin/python3; do \
	"$$it" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1 && { echo "$$it"; break; }; done)
BIN := .venv/bin
# The set-up's own when there is none on PATH.
UV = $(or $(shell command -v uv),$(lastword $(wildcard .local/uv/*/bin/uv)))
SQL := $(shell find include/sql -name '*.sql' -print -quit 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo test longtest test-services check bench docs fix up down audit sbom

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## install everything into .venv and .local/ (the other commands do it too)
	@python="$(PYTHON)"; if [ -z "$$python" ]; then \
		echo "setup: no Python 3.9 or newer was found. Install python3, or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; \
	elif ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))'; then \
		echo "setup: $$python is no Python 3.9 or newer that runs. Name another: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; \
	fi; exec "$$python" scripts/bootstrap.py

demo: setup ## run the whole pipeline on invented institutions, and show what it made
	@$(BIN)/edx-warehouse demo

test: setup ## run all tests, several files at a time
	@$(BIN)/python scripts/openssh.py
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 15

longtest: setup ## run the tests that take minutes each, which `make test` leaves out
	@$(BIN)/python -m pytest -m long --durations 15

test-services: setup ## run docker-compose.yaml's services here as processes, kill a worker and the scheduler (10 minutes; Debian)
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && command -v redis-server >/dev/null || { \
		test "$$(id -u)" = 0 || { echo "test-services: PostgreSQL or Redis is missing: sudo apt-get install postgresql redis-server" >&2; exit 1; }; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends postgresql redis-server; }
	@$(BIN)/python -m pytest -m services tests/services

check: setup ## lint and types, of Python and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
ifneq ($(SQL),)
	$(BIN)/sqlfluff lint --disable-progress-bar include/sql include/dashboard plugins/edx_warehouse/ui/sql
endif

bench: setup ## measure splitter and converter beside their yardsticks, reading the Dags, and a big course's tables (about 35 minutes; ARGS="--events 100000 --courses 68" for less)
	@$(BIN)/python benchmarks/split_logs.py --chart docs/images/split.svg $(ARGS)
	@$(BIN)/python benchmarks/convert_week.py
	@$(BIN)/python benchmarks/convert_parts.py
	@$(BIN)/python benchmarks/parse_dags.py
	@$(BIN)/python benchmarks/course_tables.py

audit: setup ## look whether a known vulnerability is in what is installed (asks PyPI's database)
	@$(UV) tool run --quiet --from pip-audit==2.9.0 pip-audit --require-hashes --disable-pip -r requirements.txt

sbom: setup ## write the bill of materials of the image, build/sbom.json (CycloneDX)
	@mkdir -p build
	@$(UV) tool run --quiet --from cyclonedx-bom==7.2.1 cyclonedx-py requirements requirements.txt --output-reproducible --of JSON -o build/sbom.json

docs: setup ## write the data dictionary, build/data-dictionary.html
	@$(BIN)/edx-warehouse catalog page --to build/data-dictionary.html

fix: setup ## format, and mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

up: setup ## start the local cloud and Airflow, and keep them running
	@$(BIN)/edx-warehouse up

down: setup ## stop them; data stays
	@$(BIN)/edx-warehouse down
