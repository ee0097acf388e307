# gapheal: `make help` says what there is. Nothing but Python 3.11+, make and git is needed.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help:  ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: setup
setup: .venv/ready  ## Make .venv with gapheal, functions-framework and all tools in it

.venv/ready: pyproject.toml constraints.txt
	@echo "Installing into .venv (about a minute the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gapheal needs Python 3.11 or newer, found " + sys.version.split()[0] + "; set PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: demo
demo: setup  ## Break a pipeline, watch it heal (PLANT=<seed> breaks more, BROKER=official|embedded)
	@$(BIN)/gapheal demo $(if $(PLANT),--plant $(PLANT)) $(if $(BROKER),--broker $(BROKER))

.PHONY: test
test: setup  ## Run every test, a file to a process, with branch coverage
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report

.PHONY: check
check: setup  ## Lint, format, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

SEEDS ?= 500

.PHONY: simulate
simulate: setup  ## Whole histories with crashes, lost replies and late jobs (SEEDS=10000; SEED=123 replays one)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

.PHONY: bench
bench: setup  ## Measure judging and event latency, as ratios in one run
	@$(BIN)/python -m tests.benchmarks

.PHONY: precision
precision: setup  ## Plant 200 worlds and hold every verdict against the truth (SEEDS=20: fewer)
	@$(BIN)/python -m tests.precision $(if $(SEEDS),--seeds $(SEEDS))

.PHONY: soak
soak: setup  ## Run PASSES=1000 hourly passes while one call in twenty fails
	@$(BIN)/python -m tests.faults.soak --passes $(or $(PASSES),1000)

.PHONY: package
package: setup  ## Build the wheel, and dist/<function>.zip for each function
	@$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	@$(BIN)/python -m gapheal.package --functions functions --pipeline pipeline.yaml --out dist

.PHONY: format
format: setup  ## Format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: clean
clean:  ## Remove what was built and installed
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
