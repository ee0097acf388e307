# gapheal: `make help` says what there is. Nothing but Python 3.11+, make and git is needed.
.DEFAULT_GOAL := help
, := ,
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
test: setup  ## Run every test with branch coverage, or some (ARGS="tests/unit", ARGS="-k judge")
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(or $(ARGS),--cov --cov-report=)
	@$(if $(ARGS),,$(BIN)/coverage report)

.PHONY: check
check: setup  ## Lint, format, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: audit
audit: setup .venv-audit/ready  ## Known weaknesses of what is installed, and Terraform against policies (needs a network)
	@$(BIN)/python .ci/audit.py

.venv-audit/ready: pyproject.toml
	@echo "Installing pip-audit and checkov into .venv-audit (some minutes the first time) ..."
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --quiet \
		$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["audit"])')
	@touch $@

.PHONY: simulate
simulate: setup  ## Whole histories with crashes, lost replies and late jobs (SEEDS=10000; SEED=123 replays one)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),500))

PEERS := luigi sqlmesh dagster
CONTENDERS := tests/benchmarks/contenders

.PHONY: bench
bench: setup .bench/function/ready $(PEERS:%=.bench/%/ready)  ## Measure against raw calls, Luigi, SQLMesh and Dagster: docs/performance.md
	@$(BIN)/python -m tests.benchmarks --page docs/performance.md

# They conflict with one another and with us, so each has an environment of its own. What cannot be installed is told.
.bench/%/ready: $(CONTENDERS)/%.txt
	@echo "Installing $* into .bench/$* ..."
	@$(PYTHON) -m venv .bench/$*
	@.bench/$*/bin/python -m pip install --quiet --quiet --no-deps --requirement $< && touch $@ || echo "$* could not be installed"

.bench/function/ready: functions/requirements.txt
	@echo "Installing what a function needs into .bench/function ..."
	@$(PYTHON) -m venv .bench/function
	@.bench/function/bin/python -m pip install --quiet --quiet --require-hashes --requirement $< && touch $@ || echo "what a function needs could not be installed"

.PHONY: profile
profile: setup  ## Draw flame graphs of a pass and of a cold start into .bench/profile
	@$(BIN)/python -m tests.benchmarks.profiles .bench/profile

.PHONY: precision
precision: setup  ## Plant 200 worlds and hold every verdict against the truth (SEEDS=20: fewer)
	@$(BIN)/python -m tests.precision $(if $(SEEDS),--seeds $(SEEDS))

.PHONY: season
season: setup  ## Backfill a week, three playoffs and a season: simulated, then on the local stack (SPAN=week: that alone)
	@$(BIN)/python -m tests.backfill.season
	@$(BIN)/python -m tests.season $(SPAN)

.PHONY: soak
soak: setup  ## Run PASSES=1000 hourly passes while one call in twenty fails
	@$(BIN)/python -m tests.faults.soak --passes $(or $(PASSES),1000)

# The dashboard's pictures are made by its tests, in the machine's own Chromium.
.PHONY: screenshots
screenshots: setup  ## Renew the pictures in docs/images (needs Chromium)
	@GAPHEAL_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/browser/test_pictures.py

.PHONY: walkthrough
walkthrough: setup  ## Record a run of the demo into docs/images/walkthrough.svg
	@$(BIN)/python docs/walkthrough.py

PIPELINE ?= pipeline.yaml
DIST ?= dist

.PHONY: package
package: setup  ## Build the wheel, and dist/<function>.zip for each function
	@$(BIN)/python -m build --wheel --outdir $(DIST) . > /dev/null
	@$(BIN)/python -m gapheal.package --functions functions --pipeline $(PIPELINE) --out $(DIST)

.PHONY: release
release: setup  ## Check that a release is ready, and build its wheel and sdist (docs/release.md)
	@$(BIN)/python .ci/release.py

# --- In the cloud: terraform/README.md, docs/operations/rollout.md ---------------------------------------------------

STACK ?= terraform/examples/minimal
PLAN = $(DIST)/$(notdir $(STACK)).plan
TERRAFORM = terraform -chdir=$(STACK)
INPUTS = -var project_id=$(PROJECT) -var packages=$(abspath $(DIST)) $(if $(MODE),-var mode=$(MODE))
NAME = $(shell sed -n 's/^pipeline: *\([a-z0-9-]*\).*/\1/p' $(PIPELINE))
fail = { echo "make $@: $(1)" >&2; exit 1; }

.PHONY: stack
stack:
	@command -v terraform > /dev/null || $(call fail,terraform 1.9 or newer is not on PATH; https://developer.hashicorp.com/terraform/install)
	@ls $(STACK)/*.tf > /dev/null 2>&1 || $(call fail,STACK=$(STACK) is no folder with .tf files; copy terraform/examples/minimal)

.PHONY: plan
plan: setup stack  ## Plan a deployment: PROJECT=my-project (STACK=my/folder, MODE=observe: the brake)
	@test -n "$(PROJECT)" || $(call fail,say which Google Cloud project: make plan PROJECT=my-project)
	@$(BIN)/gapheal validate --pipeline $(PIPELINE)
	@$(BIN)/python -m gapheal.package --functions functions --pipeline $(PIPELINE) --out $(DIST)
	@$(TERRAFORM) init -input=false > /dev/null
	@$(TERRAFORM) plan -input=false -out=$(abspath $(PLAN)) $(INPUTS)

.PHONY: deploy
deploy: stack  ## Apply what `make plan` wrote, and nothing else
	@test -f $(PLAN) || $(call fail,there is no plan in $(PLAN); read one first: make plan PROJECT=my-project)
	@newer=$$(find $(PIPELINE) functions shared/gapheal terraform $(STACK) $(DIST) -type f -newer $(PLAN) \
		\( -name '*.py' -o -name '*.sql' -o -name '*.txt' -o -name '*.y*ml' -o -name '*.tf*' -o -name '*.json' -o -name '*.zip' \) | head -1); \
		test -z "$$newer" || $(call fail,$$newer is newer than the plan: make plan again and read it)
	@$(TERRAFORM) apply -input=false $(abspath $(PLAN))
	@rm -f $(PLAN)

.PHONY: destroy
destroy: stack  ## Remove a deployment: PROJECT=my-project CONFIRM=<the pipeline's name>
	@test -n "$(PROJECT)" || $(call fail,say which Google Cloud project: PROJECT=my-project)
	@test -n "$(NAME)" || $(call fail,expected a line pipeline: my-name in $(PIPELINE)$(,) found none)
	@test "$(CONFIRM)" = "$(NAME)" || $(call fail,this removes functions$(,) jobs$(,) subscriptions with all undelivered events$(,) and created topics; if you mean it: CONFIRM=$(NAME))
	@! $(TERRAFORM) state list | grep -q 'google_bigquery_table.ledger' || test "$$TF_VAR_deletion_protection" = false || \
		$(call fail,the ledger's history would go too; docs/operations/rollout.md (Removal) says how to keep it and how to let it go)
	@$(TERRAFORM) destroy $(INPUTS)

.PHONY: ledger
ledger: setup  ## Renew the JSON that Terraform reads of Python's definitions
	@$(BIN)/python -m gapheal.ledger.definition terraform/ledger.json
	@$(BIN)/gapheal validate --pipeline terraform/tests/chain.yaml --resolved terraform/tests/packages/pipeline.json > /dev/null
	@cp terraform/tests/packages/pipeline.json terraform/tests/packages/detector/

.PHONY: format
format: setup  ## Format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: clean
clean:  ## Remove what was built and installed
	@rm -rf .venv .venv-audit .bench dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
