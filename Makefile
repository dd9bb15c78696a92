# Two commands: `make run` serves, `make test` tests. Both set up what they need, in .venv.
# The rest is for whoever changes the code; `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help

.PHONY: help run test core pythons check fix e2e e2e-setup bench docs clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# One stamp a set of extras: set up anew whenever pyproject.toml changes.
$(VENV)/.%: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Rollcall needs Python 3.11 or newer. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
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
	 exec $(BIN)/rollcall serve --greet --discover

test: $(VENV)/.test ## run the test suite
	@$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS)

# What users get: the package alone, built and installed, without any extra.
.venv-core/.core: pyproject.toml $(shell find service -name '*.py')
	@test -x .venv-core/bin/python || $(PYTHON) -m venv .venv-core
	@.venv-core/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	@.venv-core/bin/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

core: .venv-core/.core ## show that the package works alone, without any extra
	@cd / && $(CURDIR)/.venv-core/bin/rollcall --version
	@cd / && $(CURDIR)/.venv-core/bin/rollcall config show >/dev/null
	@cd / && OLLAMA_HOST=127.0.0.1:9 $(CURDIR)/.venv-core/bin/rollcall check; test $$? -eq 1

pythons: ## run the test suite with every other Python that is installed
	@for version in 3.12 3.13 3.14; do \
	  for python in python$$version $(HOME)/.pyenv/versions/$$version.*/bin/python$$version; do \
	    $$python --version >/dev/null 2>&1 || continue; \
	    echo "With Python $$version:"; \
	    $(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$version || exit 1; \
	    break; \
	  done; \
	done

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

bench: $(VENV)/.test .venv-core/.core e2e-setup ## measure, each figure against a reference in the same run
	@$(BIN)/python -m bench

docs: $(VENV)/.test ## write the pages that are made out of the code
	@$(BIN)/python -m tests.docs.integrations_page

clean: ## remove what the targets above have made
	rm -rf .venv .venv-* .e2e .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
