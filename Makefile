# `make help` lists the targets.
#
#   PYTHON=...  the interpreter to make .venv with (default: the first 3.11 or newer that runs)
#   VENV=...    where the virtual environment goes (default: .venv)
#   ARGS=...    more arguments for `make play`, `make test`, `make soak` or `make types`

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin
ARGS ?=

PLAY ?= $(BIN)/steno run --env 'textworld/cooking?recipe=1&take=1&go=6&open=1&cook=1&cut=1&drop=1&split=valid' \
	--episodes 1 --seed 10003 --max-steps 30 --show

PACKAGES := agent memory envs tui
CODE := $(PACKAGES) tests

# A second run re-installs nothing: the stamps are as old as the install that made them.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALL_INPUTS := pyproject.toml constraints.txt requirements/model.txt requirements/install.sh

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help play test soak install install-dev lint types contracts format check hooks lock clean

help: ## list the targets
	@echo 'usage: make TARGET [ARGS=...] [PYTHON=...] [VENV=...]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1@\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{printf "%-13s %s\n", $$1, $$2}'

play: $(INSTALLED) ## install, then play one TextWorld episode with the embedded model
	$(strip $(PLAY) $(ARGS))

# A worker a processor, up to four (each may load the model), and a file's tests in one of them.
test: $(INSTALLED_DEV) ## install what the tests need, then run them (ARGS='-n 0': one after the other)
	$(strip $(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS))

soak: $(INSTALLED_DEV) ## the long tests: half an hour and more
	$(strip $(BIN)/pytest -m soak $(ARGS))

install: $(INSTALLED) ## install what `steno` needs, with the embedded model, into .venv
install-dev: $(INSTALLED_DEV) ## and what the tests and the checks need

lint: $(INSTALLED_DEV) ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED_DEV) ## mypy --strict
	$(strip $(BIN)/mypy --strict $(CODE) $(ARGS))

contracts: $(INSTALLED_DEV) ## import-linter: which package may import what
	$(BIN)/lint-imports

format: $(INSTALLED_DEV) ## put the code into ruff's format and fix what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

check: lint types contracts ## lint, types and contracts

hooks: $(INSTALLED_DEV) ## run the checks at each git commit
	$(BIN)/pre-commit install

# uv solves for every platform and Python at once. It keeps the versions that the file names already,
# unless ARGS=--upgrade or ARGS='--upgrade-package NAME' says otherwise.
lock: ## solve constraints.txt anew (ARGS=--upgrade for newer versions)
	@echo '==> solving constraints.txt with uv, in a venv of its own'
	@sh requirements/lock.sh $(ARGS)

clean: ## remove .venv, caches and build outputs
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# An install that did not finish counts as none: install.sh starts afresh.
ifneq ($(wildcard $(VENV)/.installing),)
.PHONY: $(INSTALLED) $(INSTALLED_DEV)
endif

$(INSTALLED): $(INSTALL_INPUTS)
	@PYTHON='$(PYTHON)' requirements/install.sh '$(VENV)'

$(INSTALLED_DEV): $(INSTALL_INPUTS)
	@PYTHON='$(PYTHON)' requirements/install.sh '$(VENV)' dev
