# Two environments, so that what readers install (base) is seen to work without torch.
# pip reads the machine's own configuration: to take torch's much smaller CPU build, point
# PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL at it.
PYTHON ?= python3
BASE := .venv-base
FULL := .venv
PEER := .venv-mlserver
MODULES := extension/node_modules/.package-lock.json
PIP_FLAGS := --quiet --disable-pip-version-check -c constraints.txt

# Said while the file is read: before an environment is installed only to hear it.
ifneq (,$(filter train,$(MAKECMDGOALS)))
ifndef PRESET
$(error make train PRESET=..., one of: $(patsubst training/configs/%.toml,%,$(wildcard training/configs/*.toml)))
endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test check bench train docs extension pictures clean python node

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(BASE)/.installed  ## Score examples/documents: a table here, and demo-report.html
	$(BASE)/bin/byline score examples/documents
	@$(BASE)/bin/byline score examples/documents --output demo-report.html
	@echo "The sentences, highlighted: $(CURDIR)/demo-report.html"

serve: $(BASE)/.installed  ## Serve the page and the API on this machine (ARGS= goes to byline serve)
	$(BASE)/bin/byline serve $(ARGS)

test: $(FULL)/.installed $(MODULES)  ## Run every test but the benchmarks (ARGS= goes to pytest)
	cd extension && npm run --silent test
	$(FULL)/bin/python -m pytest tests $(ARGS)

check: $(FULL)/.installed $(MODULES)  ## Lint, format, types, import contracts
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy
	$(FULL)/bin/pyright --pythonpath $(FULL)/bin/python
	$(FULL)/bin/lint-imports
	cd extension && npm run --silent check

bench: $(FULL)/.installed  ## Measure speed, as ratios within one run
	@$(MAKE) --no-print-directory $(PEER)/.installed || echo "MLServer: not installed, and left out"
	$(FULL)/bin/python -m pytest tests/bench -m bench -s $(ARGS)

train: $(FULL)/.installed  ## Train a preset, every stage: make train PRESET=smoke
	$(FULL)/bin/byline train all --preset $(PRESET) $(ARGS)

docs: $(FULL)/.installed  ## Write docs/cli.md from the help of the commands
	$(FULL)/bin/python -m byline_cli.reference docs/cli.md

extension: $(MODULES)  ## Build the browser extension: extension/dist/chrome, firefox, and zips
	cd extension && npm run --silent build
	@echo "How to install it, from $(CURDIR)/extension/dist: docs/extension.md"

pictures: $(FULL)/.installed $(MODULES)  ## Draw the pictures of docs/extension.md and docs/server.md anew
	cd extension && PICTURES=renew npm run --silent test:browser
	BYLINE_SCREENSHOTS=docs/server $(FULL)/bin/python -m pytest -q tests/e2e/test_server_page.py -k axe

clean:  ## Remove caches and build output; the environments and runs/ stay
	rm -rf build dist extension/dist demo-report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find scoring server cli training tests -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	  "Byline needs Python 3.11 or newer, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	  "Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
	  "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@for at in $(BASE) $(FULL); do \
	  test ! -e $$at/.installed || $$at/bin/byline --version >/dev/null 2>&1 || { echo \
	  "$$at does not run. If this folder was moved, or Python was: delete $$at and try again." >&2; \
	  exit 1; }; done

node:
	@command -v npm >/dev/null || { echo \
	  "The browser extension needs Node.js 18.19 or newer with npm. On Debian: apt-get install nodejs npm" \
	  >&2; exit 1; }

# What npm itself writes last. No package's own script is run: none is needed.
$(MODULES): extension/package.json extension/package-lock.json | node
	cd extension && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The stamp, not the folder, says that an environment is complete: an interrupted install is resumed.
$(BASE)/.installed: pyproject.toml constraints.txt | python
	test -x $(BASE)/bin/pip || $(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python -m pip install $(PIP_FLAGS) -e .
	@touch $@

$(FULL)/.installed: pyproject.toml constraints.txt | python
	test -x $(FULL)/bin/pip || $(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install $(PIP_FLAGS) -e '.[train,minilm,smollm2,parquet,ray,dev]'
	@touch $@

# MLServer, for the benchmarks to compare with; its pins don't go with ours.
$(PEER)/.installed: constraints.txt | python
	test -x $(PEER)/bin/pip || $(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check 'mlserver==1.7.1'
	$(PEER)/bin/python -m pip install $(PIP_FLAGS) numpy onnxruntime tokenizers sentencex
	@touch $@
