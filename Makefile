# make help lists what there is. Everything runs from a bare checkout with python3, make and git.
PYTHON ?= python3
PORT ?= 8000
DEPLOY = $(PYTHON) -m deploy

export PORT DEMO DB ARGS WORKERS ACCOUNTS LARGE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test crash check bench env format lock vendor screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: ## start the application with a demonstration (PORT=8000, DEMO=0 for an empty one)
	@$(DEPLOY) run

test: ## run all tests on SQLite and PostgreSQL (DB=sqlite|postgres, ARGS="-k name", WORKERS=2)
	@$(DEPLOY) suite

crash: ## kill web and worker processes 200 times on each database (KILLS=50 for fewer)
	@rm -f var/kills.txt
	@KAM_KILLS=$(or $(KILLS),200) ARGS="tests/crash $(ARGS)" $(DEPLOY) suite
	@cat var/kills.txt

check: ## lint, format, types, migrations, templates, security, lock files
	@$(DEPLOY) check

bench: ## measure pages, API, import (DB=sqlite|postgres, ACCOUNTS=1000,10000, LARGE=1: 100,000)
	@$(DEPLOY) bench

env: ## make .venv with all tools
	@$(DEPLOY) environment --dev

format: ## put code and templates in the house format
	@$(DEPLOY) environment --dev
	@.venv/bin/ruff check --fix --quiet . && .venv/bin/ruff format .

vendor: ## fetch the pinned front-end packages into static/vendor (needs npm)
	@$(PYTHON) -m deploy.vendor

screenshots: ## draw the pictures of the documentation anew (docs/images)
	@$(DEPLOY) screenshots

lock: ## write the lock files anew after a change of pyproject.toml
	@$(DEPLOY) lock
