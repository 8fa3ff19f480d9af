# The checks and chores of this project; "make help" lists them. Everything they install or write stays in
# this directory and is removed by "make clean".

BIN := .venv/bin
# Tests and demo set their own; this keeps all else from the Airflow that you may have in ~/airflow.
export AIRFLOW_HOME := $(CURDIR)/.airflow
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup test matrix storage demo bench wheel-check format constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with all that development needs (PYTHON=python3.12 chooses the interpreter)
	@scripts/setup

test: setup ## format, lint, types and tests on the newest Airflow
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

matrix: setup ## the tests on every Airflow line we support (LINES="2.11 3.0" for some of them)
	@scripts/matrix $(LINES)

storage: setup ## the storage tests against real servers of S3, Azure and Google (LINES="2.11 3.3")
	@scripts/storage $(LINES)

demo: setup ## run the provider against a pretended Mailkit
	$(BIN)/python scripts/demo.py

bench: setup ## measure speed and memory beside what one would write by hand (adds those libraries to .venv)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	$(BIN)/python -m bench

wheel-check: setup ## build the wheel and see that Airflow finds the provider in it
	@scripts/check-wheel

format: setup ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: ## resolve anew the versions that the checks run with
	@scripts/setup uv
	@scripts/compile-constraints

clean: ## remove what the other targets made
	rm -rf .venv .venvs .servers .airflow demo-output dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
