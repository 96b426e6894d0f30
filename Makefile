# What a newcomer needs: `make demo` shows it, `make test` proves it. Only Python 3.11 or newer, git and make have to
# be there; everything else goes into .venv, in the exact versions of the lock files, and nothing is installed twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install -qq
SIZES ?= 1000 10000 100000
REFUNDS ?= 5000
NETSUITE_REFUNDS ?= 2000

# One stamp for each thing that was installed; newer lock files or settings make it stale.
PROGRAM := $(VENV)/.program-installed
EVERYTHING := $(VENV)/.everything-installed

.PHONY: help demo books test every-fault lint format types contracts bench lock clean clean-demo
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

demo: $(PROGRAM) ## Post a quarter of sample refunds into Beancount files; again: nothing new
	@$(BIN)/connector sync -c config.example.yaml || test $$? -eq 3
	@echo
	@echo "The books are plain text: books/acme/main.beancount and the month files beside it."
	@echo "What became of each refund:  $(BIN)/connector list refunds -c config.example.yaml"
	@echo "What is held for a person:   $(BIN)/connector list held -c config.example.yaml"
	@echo "Why one became what it is:   $(BIN)/connector explain REFUND_ID -c config.example.yaml"
	@echo "The books in a browser:      make books"
	@echo "Run make demo again and nothing is posted twice; make clean-demo forgets it all."
	@echo
	@echo "Held for a person just now:"
	@$(BIN)/connector list held -c config.example.yaml

books: $(EVERYTHING) ## Check the books of the demo with bean-check, and open them with Fava
	@test -e books/acme/main.beancount || { echo "There are no books yet: run make demo first."; exit 1; }
	$(BIN)/bean-check books/acme/main.beancount
	$(BIN)/fava books/acme/main.beancount

test: $(EVERYTHING) ## Run all tests, on SQLite and on a PostgreSQL of its own
	$(BIN)/python -m pytest -n auto --dist worksteal

every-fault: $(EVERYTHING) ## Strike every request to QuickBooks, Xero and NetSuite with every fault, kill at every write; some hours
	EVERY_FAULT=1 $(BIN)/python -m pytest -n auto --dist worksteal tests/test_quickbooks_every_fault.py \
		tests/test_xero_every_fault.py tests/test_netsuite_every_fault.py tests/test_xero_lost_state.py \
		tests/test_netsuite_lost_state.py tests/test_netsuite_doubt.py tests/test_kill.py tests/test_random_histories.py

lint: $(EVERYTHING) ## Style and likely mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(EVERYTHING) ## Bring the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(EVERYTHING) ## Check all types
	$(BIN)/mypy

contracts: $(EVERYTHING) ## Check who may import whom
	$(BIN)/lint-imports

bench: $(EVERYTHING) ## Measure and write docs/benchmarks.md; other sizes: make bench SIZES="1000 10000" REFUNDS=500
	$(BIN)/python tests/bench/run_bench.py $(SIZES)
	$(BIN)/python tests/bench/run_quickbooks.py $(REFUNDS)
	$(BIN)/python tests/bench/run_xero.py $(REFUNDS)
	$(BIN)/python tests/bench/run_netsuite.py $(NETSUITE_REFUNDS)

lock: $(EVERYTHING) ## Choose the newest allowed versions and write the lock files
	@$(PIP) 'uv>=0.9,<1'
	$(call compile,requirements.lock,)
	$(call compile,requirements-dev.lock,--all-extras --constraint requirements.lock)

# No address goes into a lock file: each machine has its own way to the package index.
define compile
$(BIN)/uv pip compile pyproject.toml --group build $(2) --universal --python-version 3.11 --upgrade \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --quiet \
	--custom-compile-command "make lock" --output-file $(1)
endef

clean: ## Remove what was installed and every cache; books and state stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find connector tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-demo: ## Remove the books and the state of the demo
	rm -rf books/acme state/acme.db state/acme.db-wal state/acme.db-shm state/acme.db.lock

$(PROGRAM): requirements.lock pyproject.toml | $(BIN)/pip
	@echo "Installing the connector into $(VENV) (once) ..."
	@$(PIP) --require-hashes --requirement requirements.lock
	@PATH="$(abspath $(BIN)):$$PATH" $(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(EVERYTHING): requirements-dev.lock $(PROGRAM)
	@echo "Installing what tests and tools need into $(VENV) (once) ..."
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "The connector needs Python 3.11 or newer; $(PYTHON) is not. Name another one: make PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu the package for that is python3-venv." >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
