# `make` alone says what there is.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 7860

INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable
# On all cores, and without the packages' own tests: pip would take twice as long. What is no Python 3 in them is no matter.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib > /dev/null 2>&1 || true

.DEFAULT_GOAL := help
.PHONY: help install chat test check format bench screenshots constraints browser dev clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## Create .venv with Footnote and everything it can use

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Footnote needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) '.[models,eval,mcp,slack,tracing]'
	@$(COMPILE)
	@touch $@

dev: $(VENV)/dev-installed ## Install what tests and checks need, too

$(VENV)/dev-installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) '.[models,eval,mcp,slack,tracing,dev]'
	@$(COMPILE)
	@touch $(VENV)/installed $@

chat: install ## Index seeds/ and start the chat on http://127.0.0.1:7860
	$(BIN)/footnote ingest seeds --prune
	$(BIN)/footnote serve --host $(HOST) --port $(PORT)

test: dev browser check ## Run everything that CI runs
	$(BIN)/python -m pytest -n 3

check: dev ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev ## Put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: ## Install Debian's Chromium and fonts, if they are missing and can be installed
	@sh tests/install_browser.sh

bench: dev ## Measure what one question costs; bench/RESULTS.md has the other benchmarks
	$(BIN)/python -m bench.ask

screenshots: dev browser ## Make the pictures in the README
	$(BIN)/python -m bench.screenshots

constraints: ## Pin the newest versions of everything
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[models,eval,mcp,slack,tracing,dev]'
	$(BIN)/python tests/write_constraints.py

clean: ## Remove the environment; .footnote stays, with the index, uploaded files, keys and opinions
	rm -rf $(VENV)
