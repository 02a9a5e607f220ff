# What each target does: `make help`. PYTHON=... chooses the interpreter that .venv is built on.

BIN := .venv/bin

export PYTHON SERVICE MESSAGE

.PHONY: help install install-dev run test test-national test-subscribers test-prometheus faults bench lint check-commits requirements generated dashboards test-compose migration contract lock clean

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

install: ## makes .venv and installs what requirements.lock says
	@bin/bootstrap run

install-dev: ## the same with the tools for lint and tests (requirements-dev.lock)
	@bin/bootstrap dev

# A PORT in the environment is often somebody else's, so only `make run PORT=8090` counts.
run: install ## starts everything on one machine, plays the first drill, stays up until Ctrl-C
	@exec $(BIN)/bulwark up --data run-data --fresh --drill drills/first-cases.toml $(if $(filter command,$(origin PORT)),--port $(PORT))

lint: install-dev ## style, spelling, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Commits made before the rule was kept are left as they are.
check-commits: ## whether the messages of the commits follow CONTRIBUTING.md; needs nothing but Python
	@$(or $(PYTHON),python3) bin/check-commit-message --since 2026-12-01T00:00:00+00:00

test: lint ## lint, then every test
	$(BIN)/python -m pytest

test-national: install-dev ## fetches the national list of areas (npm is needed) and loads the whole of it
	$(BIN)/python -m pytest tests/national

test-subscribers: install-dev ## the JavaScript subscriber, AsyncAPI and OpenAPI documents, with what npm fetches (npm is needed)
	npm ci --prefix docs/examples/javascript --no-audit --no-fund
	npm ci --prefix tests/subscribers --no-audit --no-fund
	$(BIN)/python -m pytest -n0 tests/subscribers

faults: install-dev ## the fault tests in full: processes killed, stores damaged, many rounds
	$(BIN)/python -m pytest -n0 tests/faults tests/shared/outbox/test_model.py tests/shared/runtime/test_ticker.py tests/services/rollup/test_repeated_events.py --faults=full

bench: install-dev ## prints the measurements beside the machine they were made on (npm for the national tree)
	$(BIN)/python -m bench

test-prometheus: ## checks the rules, alerts and routes of deploy/ with promtool and amtool
	@deploy/prometheus/check

requirements: install-dev ## renews docs/requirements.md from the marks of the tests and the ids in docstrings
	@$(BIN)/python -m tests.docs.requirements

generated: requirements ## renews the pages made from the code: docs/routes.md, docs/requirements.md, services/*/README.md
	@made="$$($(BIN)/bulwark routes --markdown)" && printf '%s\n' "$$made" > docs/routes.md
	@$(BIN)/python -m bulwark.development.readmes

dashboards: ## writes the Grafana dashboards into deploy/grafana/dashboards; needs nothing but Python
	@$(or $(PYTHON),python3) -m deploy.grafana.make_dashboards deploy/grafana/dashboards

test-compose: install-dev ## brings the deployment up on the engine that `docker` finds, kills its parts, takes it down
	$(BIN)/python -m pytest -n0 -v tests/compose

migration: install ## writes an alembic migration: make migration SERVICE=intake MESSAGE="what changes"; SERVICE=core for the core tables
	@test -n "$$SERVICE" && test -n "$$MESSAGE" || { echo 'bulwark: 用法 / usage: make migration SERVICE=intake MESSAGE="what changes"' >&2; exit 1; }
	$(BIN)/python -m bulwark.development.migration "$$SERVICE" "$$MESSAGE"

contract: install ## renews docs/contract/ after an event was added to: BREAKING=1 when readers may break
	@$(BIN)/python -m bulwark.development.contracts $(if $(BREAKING),--breaking)

# Both locks hold for every platform and for Python 3.11 and newer; UPGRADE=1 takes newer releases.
UV_LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade) pyproject.toml

lock: install-dev ## pins what pyproject.toml asks for, with hashes
	$(UV_LOCK) --output-file requirements.lock
	$(UV_LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## removes what runs and tests leave behind; .venv and bulwark-data stay
	rm -rf docs/examples/javascript/node_modules tests/subscribers/node_modules
	rm -rf run-data build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
