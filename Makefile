# `make help` lists the targets; every target that needs the environment sets it up first.
.DEFAULT_GOAL := help
.PHONY: help setup demo up up-local quality bench bench-contracts bench-fetch bench-replay chaos chaos-long dq test unit contracts integration e2e fuzz lint fmt type docs lock compose-up compose-down clean

BIN := .venv/bin
# Data of `make demo` and `make up`; a `posthorn` installed for a user keeps its own in the user's data folder.
export POSTHORN_HOME ?= $(CURDIR)/.posthorn
PYTEST := $(BIN)/pytest
# For two processors: one of three workers mostly waits for the servers and services it has started.
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder

help:  ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*  ## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r t d; do printf '%-24s%s\n' "$$t" "$$d"; done

setup:  ## Get uv, Python and every dependency into .venv (the other targets do this first)
	@sh deploy/setup.sh

demo: setup  ## Collect and rank the bundled sample on an embedded stack; leaves the API up in a terminal
	@$(BIN)/posthorn demo $(ARGS)

up: setup  ## Run all six services in one process on an embedded PostgreSQL
	@$(BIN)/posthorn up $(ARGS)

up-local: setup  ## Run six separate processes over RabbitMQ, without Docker (own servers, or DATABASE_URL and AMQP_URL)
	@$(BIN)/posthorn up --processes $(ARGS)

bench: setup  ## Measure the whole pipeline; ARGS="--embedded" for the mode without RabbitMQ
	@$(BIN)/python -m benchmarks.pipeline $(ARGS)

bench-contracts: setup  ## Measure encode + decode of a batch (docs/decisions/0001)
	@$(BIN)/python -m benchmarks.contracts

bench-fetch: setup  ## Measure 1,000 pages of 100 postings from a fake provider into archive and queue
	@$(BIN)/python -m benchmarks.fetch $(ARGS)

bench-replay: setup  ## Replay 100,000 archived postings with the network cut off (half an hour); ARGS="--postings 5000"
	@$(BIN)/python -m benchmarks.replay $(ARGS)

chaos: setup  ## Kill, freeze, cut and fill up everything under a running product, 10 to 20 minutes; ARGS="--seed 7 --only NAME", "--list"
	@$(BIN)/python -m tests.chaos $(ARGS)

chaos-long: setup  ## The same for about 2 hours: 200 kills of services, 20 of the broker, 20 of the database
	@$(BIN)/python -m tests.chaos --long $(ARGS)

# Checking types takes half a minute on one processor: meanwhile the tests begin.
test: setup lint  ## Everything CI checks: lint, types, all tests, coverage of the domain code
	@$(BIN)/mypy & types=$$!; \
	$(PYTEST) $(PARALLEL) --cov --cov-report=term:skip-covered $(ARGS); tests=$$?; \
	wait $$types || { echo 'types: see above' >&2; exit 1; }; exit $$tests

unit: setup  ## Tests without I/O, and the rules of the house
	@$(PYTEST) tests/unit tests/architecture $(ARGS)

contracts: setup  ## Tests of messages, documents and deployment files
	@$(PYTEST) tests/contracts $(ARGS)

integration: setup  ## Tests against real PostgreSQL and RabbitMQ
	@$(PYTEST) tests/integration $(PARALLEL) $(ARGS)

e2e: setup  ## Tests of the whole product in separate processes
	@$(PYTEST) tests/e2e $(ARGS)

fuzz: setup  ## Bad input for everything that reads what others wrote, and the ledger, ten minutes long; ARGS="--seed 7 --length 3"
	@$(BIN)/python -m tests.fuzz $(ARGS)

dq: setup  ## Show the rules of the quality gate on runs and judge a few pages of the sample by those on postings
	@$(BIN)/posthorn quality rules
	@$(PYTEST) -q tests/unit/gateway/test_quality.py tests/unit/normalizer/test_quality.py

quality: setup  ## Score every reader on the labelled sets, write docs/quality.md; fails on a loss; ARGS=--accept
	@$(BIN)/python -m tests.quality $(ARGS)

lint: setup  ## Check style and format
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .

fmt: setup  ## Repair style and format
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

type: setup  ## Check types
	@$(BIN)/mypy

docs: setup  ## Generate the documents of events and sources, the AsyncAPI file and the golden schemas
	@$(BIN)/python -m common.contracts.documents
	@$(BIN)/python -m sources.documents

# A set index variable would write its host into the locks.
LOCK_ENV := env -u UV_DEFAULT_INDEX -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL
lock: setup  ## Resolve the dependencies and write both locks
	@PATH="$$PATH:$(CURDIR)/.boot/bin:$(CURDIR)/.boot/uv/bin"; \
	$(LOCK_ENV) uv lock && $(LOCK_ENV) uv export -q --frozen --all-packages --no-emit-workspace --no-header -o requirements.lock

compose-up:  ## Run the full stack with Docker: servers, six services, Prometheus, Grafana
	docker compose up --build --detach --wait

compose-down:  ## Stop the full stack; the data stays
	docker compose down

clean:  ## Remove what can be made again (not the data in .posthorn)
	rm -rf .venv .boot .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
