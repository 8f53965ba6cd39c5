# The two commands: `make verify` does the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: verify test lint venv lock clean

verify: venv
	@$(BIN)/hgport status latest
	@$(BIN)/hgport test affected

test: $(VENV)/.dev
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	@$(BIN)/black --check --quiet tools tests contrib
	@$(BIN)/ruff check --quiet tools tests contrib
	@$(BIN)/mypy --no-error-summary

venv: $(VENV)/.run

# A virtual environment is usable only once its mark is there, so an interrupted install is made again.
$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || \
	  { echo "hgport needs Python 3.9 or later with the venv module (Debian: apt-get install python3-venv); try make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 3; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Needs uv; the result names no index, so it serves whatever index pip is set up for.
lock:
	uv pip compile -q --universal --python-version 3.9 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra build pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.9 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra build --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
