# The checks and chores of this project; "make help" lists them. Everything they install or write stays in
# this directory and is removed by "make clean".

BIN := .venv/bin
# Tests and demo set their own. This keeps everything else away from an Airflow in ~/airflow.
export AIRFLOW_HOME := $(CURDIR)/.airflow
# Whatever your shell says: every start of Airflow takes twice as long where its bytecode is not kept.
export PYTHONDONTWRITEBYTECODE :=
export PYTHON
# Spreads the tests over the processors, but not too many, as some measure time; file by file, as some files
# share what takes a minute to set up; and in their order, in which the few long tests (dags, docs) come early.
# "make test IN_PARALLEL=" has them in one process, for a debugger.
export IN_PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup gates test coverage dist release-check trust trust-quick storage storage-quick matrix e2e e2e-quick ui distributed demo docs bench fuzz load wheel-check release-day lowest format constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with all that development needs (PYTHON=python3.12 chooses the interpreter)
	@scripts/setup

gates: setup ## what takes seconds: format, lint, spelling, words, types, workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/python scripts/check_words.py
	$(BIN)/mypy
	$(BIN)/actionlint .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github

test: gates ## the gates, then the tests on the newest Airflow (COVERAGE=1: see coverage)
	@$(if $(COVERAGE),scripts/coverage,$(BIN)/python -m pytest $(IN_PARALLEL))

coverage: ## the same, most of them measuring branches: fails below the floor in pyproject.toml
	@$(MAKE) --no-print-directory test COVERAGE=1

trust: setup ## every fault in every mode, cuts at every byte, secrets; then storage, fuzz, load (half an hour)
	$(BIN)/python -m pytest $(IN_PARALLEL) -m "trust or not trust" tests/faults
	MODEL_EXAMPLES=3000 $(BIN)/python -m pytest -q tests/export/test_increments.py
	@$(MAKE) --no-print-directory storage LINES="2.11 3.3"
	@$(MAKE) --no-print-directory fuzz load

trust-quick: setup ## a part of that: cuts at every byte, rows before a fault, states, fuzz, load
	$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "trust and not long" tests/faults
	@$(MAKE) --no-print-directory fuzz load RUNS=5000 QUICK=1

matrix: setup ## the tests on every Airflow line we support (LINES="2.11 3.0" for some, SHORT=1 for less on each)
	@SHORT=$(SHORT) scripts/matrix $(LINES)

e2e: setup ## real Airflow processes, end to end, on the oldest and the newest line (LINES=2.11 for one of them)
	@scripts/e2e $(LINES)

e2e-quick: setup ## the same without the watched campaign, which takes several Airflows
	@scripts/e2e --quick $(LINES)

ui: setup ## the connection form and the page of a delivery in a browser (LINES="2.11 3.0 3.3"; SCREENSHOTS=docs/images renews the pictures)
	@SCREENSHOTS=$(SCREENSHOTS) scripts/ui $(LINES)

distributed: setup ## Celery workers on separate machines, one of which dies (LINES="2.11 3.3"; ten minutes each)
	@scripts/distributed $(LINES)

storage: setup ## the storage tests against real servers of S3, Azure and Google (LINES="2.11 3.3")
	@scripts/storage $(LINES)

storage-quick: setup ## a part of the storage tests: failures of exports, kills in the middle of an upload, races
	@scripts/storage --quick $(LINES)

demo: setup ## run an export against the sandbox, and make a page about the delivery
	$(BIN)/python scripts/demo.py

docs: setup ## the site of the documentation, in site/ (adds MkDocs to .venv)
	@scripts/docs

bench: setup ## compare speed and memory with hand-written code (adds those libraries to .venv; QUICK=1)
	@scripts/bench-peers
	$(BIN)/python -m bench $(if $(QUICK),--quick)

fuzz: setup ## look for bytes that break a decoder (adds atheris to .venv); RUNS=100000 for more
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group fuzz
	PYTHONPATH=tests $(BIN)/python -m fuzz --runs $(or $(RUNS),20000)

load: setup ## a thousand waits on one triggerer, a killed triggerer, large reports, an hour of polls (QUICK=1)
	$(BIN)/python -m pytest -q -m "load$(if $(QUICK), and not long)" tests/load

dist: setup ## the files of a release in dist/, checked, and built again from the source archive (adds twine to .venv)
	@scripts/dist

release-check: ## whether this checkout can be released: make release-check TAG=v1.2.3
	@python3 scripts/check_release.py "$(TAG)"

wheel-check: setup ## build the wheel, and check that Airflow finds the provider in it
	@scripts/check-wheel

release-day: setup ## the wheel on every line, with the packages of its release day: quick start, tests
	@scripts/release-day $(LINES)

lowest: setup ## the same with the lowest versions that pyproject.toml allows
	@scripts/release-day lowest

format: setup ## format the code and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: ## resolve the versions that the checks run with again
	@scripts/setup uv
	@scripts/compile-constraints

clean: ## remove what the other targets made
	rm -rf .venv .venvs .servers .airflow demo-output site fuzz-findings dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
