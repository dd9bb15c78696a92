# Two commands: `make run` serves, `make test` tests. Both set up what they need, in .venv.
# The rest is for whoever changes the code; `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help run test check fix e2e e2e-setup bench clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# One stamp a set of extras: set up anew whenever pyproject.toml changes.
$(VENV)/.%: pyproject.toml
	@test -x $(BIN)/python || { echo "Setting up $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@if command -v uv >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet -e '$(if $(filter core,$*),.,.[$*])'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '$(if $(filter core,$*),.,.[$*])'; \
	fi
	@touch $@

run: $(VENV)/.compression ## serve what runs on this machine
	@ROLLCALL_SERVER__DRAIN_DELAY=$${ROLLCALL_SERVER__DRAIN_DELAY:-0s} \
	 ROLLCALL_POLLING__STARTUP_GRACE=$${ROLLCALL_POLLING__STARTUP_GRACE:-2s} \
	 exec $(BIN)/rollcall serve --greet

test: $(VENV)/.test ## run the test suite
	@$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS)

check: $(VENV)/.test $(VENV)/.check $(VENV)/.e2e ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.check ## mend what the linter can mend, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

e2e-setup: ## get the real servers of the end-to-end tier (Debian, npm)
	@tests/end_to_end/setup.sh

e2e: $(VENV)/.test $(VENV)/.e2e e2e-setup ## run the end-to-end tier
	@$(BIN)/python -m pytest -q -m e2e tests/end_to_end

bench: $(VENV)/.test e2e-setup ## measure, each figure against a reference in the same run
	@$(BIN)/python -m bench

clean: ## remove what the targets above have made
	rm -rf $(VENV) .e2e .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
