# Zonewright. `make help` lists everything.
.DEFAULT_GOAL := help
.PHONY: help run test test-all check bench venv venv-dev system-packages assets format \
        lane-sqlite lane-postgres lane-crash lane-fuzz lane-lab

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
# Workers of the test run; the suite is made for two cores.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup --durations=10

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

run: venv  ## start everything: http://127.0.0.1:8000 (PORT=, HOST=, ZONEWRIGHT_HOME=, CLOUD_URL= CLOUD_API_KEY= CLOUD_SECRET_KEY=)
	@ZONEWRIGHT_END_WITH_PARENT=1 exec $(BIN)/python manage.py stack --host $(HOST) --port $(PORT) $(STACK_OPTIONS)

venv:
	@$(PYTHON) .ci/bootstrap.py run

venv-dev:
	@$(PYTHON) .ci/bootstrap.py dev

system-packages:
	@.ci/system-packages

assets: venv-dev
	@$(BIN)/python manage.py build_assets --no-collect

check: venv-dev  ## ruff, mypy, import contracts, templates, missing migrations
	$(BIN)/ruff check .
	$(BIN)/mypy portal provisioning monitoring
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run --settings portal.settings.test

test: system-packages check assets  ## check, then every test but the slow halves of the lanes (up to 20 minutes on 2 cores)
	$(PYTEST) -m "not slow"

test-all: system-packages check assets lane-sqlite lane-postgres lane-crash lane-fuzz lane-lab  ## every lane whole (up to 75 minutes)

lane-sqlite:
	$(PYTEST) -m "not crash and not fuzz" --ignore tests/crash --ignore tests/lab

# The tests that depend on the database, once more on a Postgres of their own.
lane-postgres:
	ZONEWRIGHT_REQUIRE_POSTGRES=1 $(BIN)/python -m tests.support.databases \
	    $(PYTEST) tests/unit tests/integration tests/permissions tests/concurrency -m "not browser"

# One at a time: these kill processes and measure how soon they are back.
lane-crash:
	$(BIN)/python -m pytest -q tests/crash

lane-fuzz:
	ZONEWRIGHT_FUZZ=whole $(PYTEST) tests -m fuzz || { code=$$?; [ $$code = 5 ] && echo "fuzz: no test is marked fuzz."; [ $$code = 5 ]; }

lane-lab:
	@if ls tests/lab/test_*.py >/dev/null 2>&1; then $(BIN)/python -m pytest -q tests/lab; \
	else echo "lab: no test reaches a real host by SSH yet; this lane is empty."; fi

bench: venv-dev  ## measure (ONLY=name for one figure); bench/results.json keeps the raw samples
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

format: venv-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
