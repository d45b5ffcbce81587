# Two commands do all the set-up, on a machine with Python (3.11+) and git: `make demo`, `make test`.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed.stamp
WITH_TOOLS = PATH="$(abspath $(BIN)):$$PATH"
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$each >/dev/null && $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	&& echo $$each && break; done)

# Settings of a run that started us must not reach ours; bytecode caching stays on.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-docker check docs accept downstream bench bench-services lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## install everything into .venv (done by the others when needed)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; name one: make PYTHON=..." >&2; exit 1; }
	@echo "--> Creating $(VENV) with $(PYTHON)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || uv venv --quiet --seed --clear --python $(PYTHON) $(VENV)
	@echo "--> Installing what requirements.lock names into $(VENV), by hash"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@echo "--> Installing handrail itself into $(VENV), from src/"
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## a well-known project's own tests under pytest, xdist and handrail; a project with services
	@$(BIN)/python bench/demo.py

test: setup ## our own tests, under handrail: the tiers that run here by default
	@$(WITH_TOOLS) $(BIN)/python .ci/closing_line.py $(BIN)/handrail run

test-all: setup ## our own tests, every tier
	@$(WITH_TOOLS) $(BIN)/python .ci/closing_line.py $(BIN)/handrail run --tier fast --tier end-to-end

test-docker: setup ## our own tests with containers; needs docker, and a daemon, or root and dockerd
	@$(BIN)/handrail run --tier docker

check: setup ## ruff, mypy, import-linter; all of them, also after one that fails
	@status=0; for each in "ruff check" "ruff format --check" "mypy" "lint-imports"; do \
		echo "--> $$each"; $(BIN)/$$each || status=1; done; exit $$status

docs: setup ## are the generated pages up to date? (`make accept` writes them)
	@$(BIN)/python docs/generate.py --check

accept: setup ## write golden files, generated pages and the outputs shown in the docs; then read the diff
	@$(BIN)/python docs/generate.py
	@HANDRAIL_ACCEPT=1 $(BIN)/python -m pytest -q -p no:handrail tests

downstream: setup ## do real suites give the same results under handrail as under plain pytest?
	@$(BIN)/python bench/downstream.py

bench: setup ## time generated and real suites: plain pytest, xdist, handrail
	@$(BIN)/python bench/measure.py

bench-services: setup ## what services cost next to other plugins, and whether anything stays behind
	@$(BIN)/python bench/services.py

lock: ## renew requirements.lock (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras --group dev \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
		pyproject.toml -o requirements.lock

clean: ## remove what the targets made
	rm -rf $(VENV) .tools .handrail .hypothesis .mypy_cache .ruff_cache .import_linter_cache .pytest_cache
