# Every command of the project. `make` lists them. A fresh clone needs Python 3.11 or newer with venv, make and git.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PROTOS := $(shell find protos -name '*.proto' -o -type d -not -name __pycache__)

KEYWORDS ?= examples/keywords.csv
ONLY ?=

# Certificates of the machine, so that a company's own authority is trusted as by every other program.
export UV_SYSTEM_CERTS ?= 1
export UV_PYTHON_DOWNLOADS ?= never
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: demo run dsn verify
demo: suite ## The main job on examples/keywords.csv, from keywords to published articles (KEYWORDS=file.csv)
	$(BIN)/igny8 demo $(KEYWORDS)

run: suite ## The whole suite in the foreground until Ctrl-C (PORT=8080)
	$(BIN)/igny8 up

dsn: suite ## Print the read-only DSN of the running suite (use make -s dsn)
	@$(BIN)/igny8 dsn

verify: suite ## Prove the books of the running suite: exit 1 and the first bad row where they do not add up
	$(BIN)/igny8 verify

.PHONY: test test-wordpress lint
test: dev ## The whole test suite, on embedded PostgreSQL and NATS
	$(BIN)/python -m pytest

test-wordpress: dev ## The WordPress target against a real WordPress (IGNY8_WORDPRESS_UP=program that starts one)
	$(BIN)/python -m pytest tests/wordpress -m wordpress

lint: lint-style lint-protos lint-arrows lint-types ## ruff, mypy --strict, buf lint and breaking, import-linter (-k to see all faults)

.PHONY: lint-style lint-protos lint-arrows lint-types
lint-style: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
lint-protos: dev
	$(BIN)/buf lint
	$(BIN)/python protos/breaking.py
lint-arrows: dev
	$(BIN)/lint-imports --no-logo
lint-types: dev
	$(BIN)/mypy

.PHONY: docs
docs: suite ## Write docs/events.md and docs/asyncapi.json anew from the protos
	$(BIN)/python -m gateway.documents docs

.PHONY: bench
bench: dev ## The benchmarks beside their peers (ONLY=suite,ledger,ai,…; ledger-growth and ledger-million only by name)
	$(BIN)/python -m bench $(ONLY)

.PHONY: chaos
chaos: dev ## Faults at random moments, and what must hold after them (SEED=n ROUNDS=n ONLY=ledger,ai,runs,pauses,publisher)
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(ONLY)

.PHONY: fuzz
fuzz: dev ## Thousands of bad inputs at a running suite, each answer as the reference says (SEED=n)
	$(BIN)/python -m pytest -rP tests/journeys/test_bad_input.py --all-inputs $(if $(SEED),--seed $(SEED))

.PHONY: up down
up: ## The same suite by docker compose; ends when everything is healthy (PORT=8080)
	@docker compose version >/dev/null 2>&1 || { \
	  echo "make up needs a Docker engine with Compose v2 (docker compose version)." >&2; exit 1; }
	@deploy/make-env .env
	@docker compose build setup
	@docker compose up --detach --wait || { \
	  echo "Not everything came up; docker compose ps -a and docker compose logs NAME say why." \
	    "If the port is taken: make up PORT=8081" >&2; exit 1; }
	@echo "The suite is up: http://$$(docker compose port gateway 8080)"
	@echo "Its API key: docker compose run --rm --no-deps bootstrap igny8 token"

down: ## Stop what make up started; the data stays
	docker compose down

# Setting up. A stamp is younger than the lock it was installed from, so a second run does nothing.

.PHONY: suite dev
suite: $(STAMPS)/igny8 gen/.stamp ; @:
dev: suite $(STAMPS)/dev ; @:

$(STAMPS)/uv: requirements/bootstrap.txt
	@echo "Setting up $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "igny8 needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) >&2 || { rm -rf $(VENV); \
	  echo "python3 -m venv failed (its message is above). On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r $< >&2
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/suite $(STAMPS)/dev: $(STAMPS)/%: requirements/%.txt $(STAMPS)/uv
	@echo "Installing $<" >&2
	@$(call uv,install) --require-hashes --only-binary :all: --compile-bytecode --requirement $<
	@touch $@

# The development lock pins the same versions as the suite's, so whichever comes second removes nothing.
$(STAMPS)/dev: $(STAMPS)/suite

$(STAMPS)/igny8: pyproject.toml $(STAMPS)/suite
	@$(call uv,install) --no-deps --no-build-isolation --editable .
	@touch $@

gen/.stamp: $(PROTOS) protos/build.py $(STAMPS)/suite
	@$(BIN)/python protos/build.py >&2
	@touch $@

# uv keeps its cache in the home folder where it can, and does without where it cannot.
cache := $${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$${HOME:-/nonexistent}/.cache}/uv}
uv = { mkdir -p "$(cache)" && test -w "$(cache)"; } 2>/dev/null || export UV_NO_CACHE=1; \
  $(BIN)/uv pip $(1) --quiet --python $(BIN)/python

.PHONY: lock clean
lock: $(STAMPS)/uv ## Write requirements/*.txt and bench/peers/*.txt anew from the *.in files (UPGRADE=--upgrade for newer versions)
	@$(call compile,bootstrap)
	@$(call compile,runtime)
	@$(call compile,build) --constraint requirements/runtime.txt
	@$(call compile,suite) --constraint requirements/runtime.txt --constraint requirements/build.txt
	@$(call compile,dev) --constraint requirements/suite.txt
	@$(call compile,../bench/peers/clustering)
	@$(call compile,../bench/peers/drf)

compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
  --only-binary :all: --generate-hashes --custom-compile-command 'make lock' $(UPGRADE) \
  --output-file requirements/$(1).txt requirements/$(1).in

clean: ## Remove what was installed and built; the data in .igny8/ stays
	rm -rf $(VENV) gen .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
