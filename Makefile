# `make` lists the targets. The two to know: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PORT ?= 8000
JOBS ?= 2
export PORT

.PHONY: help demo install test one core coverage mutation lint types contracts test-postgres browser screens bench campaigns fuzz pins clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(VENV)/runtime ## three forests on http://localhost:8000 (PORT=8100 and PKIPORTAL_HOME=… for a second one)
	@$(RUN) manage.py demo

install: $(VENV)/tools ## runtime and tools into .venv

test: $(VENV)/tools ## everything that needs only Python, make and openssl: style, types, contracts, the suite on SQLite
	@$(MAKE) --no-print-directory lint types contracts
	$(RUN) -m pytest -n $(JOBS) $(PYTEST)

one: $(VENV)/tools ## one test by a part of its name: make one t=wrong_pin
	$(RUN) -m pytest -k "$(t)" -x -vv

core: $(VENV)/tools ## pki and smime only, no database
	$(RUN) -m pytest -n $(JOBS) tests/pki tests/smime -q

coverage: $(VENV)/tools ## tests/smime, and a failure for any branch of smime that they do not reach
	$(RUN) -m pytest -n $(JOBS) tests/smime --cov=smime --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

f ?= smime/verify.py smime/decrypt.py smime/open.py smime/signed_attributes.py
mutation: $(VENV)/tools ## planted defects that no test notices, named; fails below 85 %: make mutation f=smime/verify.py
	MUTATION_JOBS=$(JOBS) $(RUN) -m tests.mutation $(f)

lint: $(VENV)/tools ## ruff: rules and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/tools ## mypy, strict
	$(VENV)/bin/mypy

contracts: $(VENV)/tools ## which layer may import which
	$(VENV)/bin/lint-imports

test-postgres: $(VENV)/tools ## the suite on PostgreSQL (TEST_POSTGRES_URL) and Redis (TEST_REDIS_URL); the cores run once, on SQLite
	@test -n "$(TEST_POSTGRES_URL)" || { echo "Set TEST_POSTGRES_URL, such as postgres://postgres@127.0.0.1:5432/postgres"; exit 2; }
	$(RUN) -m pytest -n $(JOBS) --ignore tests/pki --ignore tests/smime --ignore tests/conformance --ignore tests/browser $(PYTEST)

browser: $(VENV)/tools ## the browser tests alone
	$(RUN) -m pytest tests/browser $(PYTEST)

screens: $(VENV)/tools ## every page at every width and theme, kept under var/screens
	SCREENS=all $(RUN) -m pytest tests/browser $(PYTEST)

bench: $(VENV)/tools ## time and memory of large and small letters beside other programs, as times the primitives alone
	$(RUN) -m benchmarks

campaigns: $(VENV)/tools ## the sampled tests in full
	CAMPAIGN=full $(RUN) -m pytest -n $(JOBS) tests/conformance tests/smime tests/pki tests/engine tests/isolation

fuzz: $(VENV)/tools ## two million mutants of CMS and MIME (FUZZ_MUTANTS, FUZZ_SECONDS, FUZZ_JOBS, FUZZ_SEED)
	$(RUN) -m tests.fuzz

pins: $(VENV)/tools ## write requirements*.txt anew from requirements*.in
	$(VENV)/bin/pip install --quiet uv
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header --upgrade requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## remove .venv and caches; var/ with the demo's data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing the runtime into $(VENV) …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/tools: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@command -v openssl >/dev/null || { echo "openssl is missing: sudo apt-get install openssl"; exit 1; }
	@echo "Installing runtime and tools into $(VENV) …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/runtime
