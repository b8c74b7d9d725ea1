# Needs only make and python3 (3.11 or newer) with venv. The environment lies in .venv and is renewed by itself when
# pyproject.toml or a lock file changes; when nothing changed, no target needs a network.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
DEMO_ARGS ?=
BROKEN_ARGS ?=
CAMPAIGN_ARGS ?= --seeds 1000 --hours 24 --jobs 2

.PHONY: setup demo test campaign broken-sensors kills lint prove verify mutation bench docs docs-check lock clean help

help:
	@echo "make setup       the environment in .venv, with everything that tests and benchmarks need"
	@echo "make demo        start an emulated car tower with its controller; DEMO_ARGS='--config config/garage-shuttle.toml'"
	@echo "make test        format, lint, types, import contracts, currency of generated pages, all tests"
	@echo "make prove       prove for every shipped garage that no permit goes out that a hazard forbids"
	@echo "make broken-sensors  break every sensor in every way over the real protocols (about an hour); BROKEN_ARGS='--only lift1.'"
	@echo "make campaign    virtual days in which anything may break, for hours; CAMPAIGN_ARGS='--seeds 10 --hours 24'"
	@echo "make kills       kill the control process 1,000 times over real sockets (about two hours); KILLS_ARGS='--kills 50'"
	@echo "make verify      search small garages exhaustively for hazards, and show that each interlock is needed"
	@echo "make mutation    every mutant of safety/ against tests/safety, then the report (an hour; goes on where it was ended)"
	@echo "make bench       the benchmarks; one of them: .venv/bin/python -m benchmarks NAME [--json]"
	@echo "make docs        write the generated pages; make docs-check only compares them"
	@echo "make lock        renew the lock files (needs uv)"
	@echo "make clean       remove the environment and all caches"

setup: $(DEV)

demo: $(RUNTIME)
	@$(BIN)/garagectl demo $(DEMO_ARGS)

test: lint docs-check
	$(BIN)/pytest -q -n 2 --dist worksteal

lint: $(DEV)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(DEV)
	$(BIN)/garagectl prove $(foreach config,$(wildcard config/*.toml),--config $(config))

broken-sensors: $(DEV)
	$(BIN)/python -m tests.broken_sensors $(BROKEN_ARGS)

campaign: $(RUNTIME)
	$(BIN)/garagectl campaign $(CAMPAIGN_ARGS) --out var/campaign $(foreach config,$(wildcard config/*.toml),--config $(config))

kills: $(DEV)
	$(BIN)/python -m tests.kills $(or $(KILLS_ARGS),--kills 1000)

verify: $(RUNTIME)
	$(BIN)/garagectl verify --jobs 2
	$(BIN)/garagectl verify --necessity --jobs 2

mutation: $(DEV)
	$(BIN)/python -m tests.mutation run
	$(BIN)/python -m tests.mutation run --survivors --seconds 120 --slowest 60 --tests tests/safety
	$(BIN)/python -m tests.mutation report

bench: $(DEV)
	$(BIN)/python -m benchmarks

docs: $(DEV)
	$(BIN)/python -m cli.pages

docs-check: $(DEV)
	$(BIN)/python -m cli.pages --check

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --extra build -o requirements/runtime.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --extra build --extra dev --extra plots --extra verify -c requirements/runtime.lock -o requirements/dev.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutation
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made once; "make clean" removes it (needed when the folder has been moved or its Python is gone).
.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || \
	  { echo "python3 has no venv; on Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }

$(RUNTIME): pyproject.toml requirements/runtime.lock | .venv/pyvenv.cfg
	@echo "Installing the locked dependencies into .venv ..."
	@$(PIP) install --require-hashes -r requirements/runtime.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.lock $(RUNTIME)
	@echo "Installing the locked development tools into .venv ..."
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@
