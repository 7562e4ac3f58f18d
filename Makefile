# The commands of daily work. They use the Python of .venv if there is one, else the one in PATH.

PYTHON := $(if $(wildcard .venv/bin/python),.venv/bin/python,$(shell command -v python || command -v python3))
export PATH := $(dir $(PYTHON)):$(PATH)
# Containers often set this. Then each process that a test starts compiles again what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help quick test lint docs gallery bench all
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

quick: ## tests without browser, world data and whole processes; about a minute
	@start=$$(date +%s); \
	$(PYTHON) -m pytest -q -n auto -m "not browser and not slow and not spark" && \
	echo "quick: $$(($$(date +%s) - start)) seconds"

test: ## the whole suite, as in the README; about 9 minutes on two cores
	$(PYTHON) -m pytest -n auto

lint: ## ruff, words, notebooks and workflows, then mypy; needs geobuffer[lint]
	pre-commit run --all-files
	mypy

docs: ## build the site into docs/_build/site; needs geobuffer[docs]
	$(PYTHON) -m sphinx -W --keep-going -n -q docs docs/_build/site

gallery: ## build the gallery of real zones and its page; needs geobuffer[plot,test,world]
	$(PYTHON) -W ignore docs/gallery.py

bench: ## compare the speed with the recorded one, as multiples of a piece of numpy work
	$(PYTHON) benchmarks/regressions.py

all: ## all that CI runs, then Spark, the thorough laws and the fuzzer; about an hour
	.ci/run
	.ci/long
