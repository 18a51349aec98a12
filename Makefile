# Everything sets itself up: `make demo`, `make test`. The pinned versions need Python >= 3.11.
PYTHON ?= python3
VENV ?= .venv
# More arguments for pip, such as an index with CPU wheels of torch (see README).
PIP_ARGS ?=
# Commands at a time of an experiment; with two or more each computes on one thread.
JOBS ?= 1
PY := $(VENV)/bin/python
RUN = $(PY) -m experiments --jobs $(JOBS)

.PHONY: help install demo demo-training test test-slow weights grader results tables docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

install: $(VENV)/.installed ## the environment in .venv, once

# Made again when the pinned versions change; an environment that is there is reused.
$(VENV)/.installed: setup.py tools/install_detectron2.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python >= 3.11, found " + sys.version)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check $(PIP_ARGS) setuptools -e '.[dev]'
	$(PY) tools/install_detectron2.py
	@touch $@

demo: install ## screen drawn photographs with the shipped weights: pages, tables, a report
	$(RUN) --tell 25 demo
	@echo "Open output/demo/screening/index.html (crossings to review) and report/report.html beside it"

demo-training: install ## train detector and grader on drawn photographs, evaluate, explain, screen
	$(RUN) --tell 25 demo_training
	@echo "Open in output/demo_training: screening/index.html, attribution/report.html, detector/training.png"

test: install ## linters, types and the quick tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: install ## the longer tests
	$(PY) -m pytest -m slow

weights: install ## the shipped detector, from the photographs in AV_DATA (hours)
grader: install ## the graders and their tables, from the photographs in AV_DATA (JOBS=2: two at a time)
weights grader:
	$(RUN) $@

results: install ## every figure of results/*.json, and what it needs
	$(RUN) weights grader published

tables: install ## docs/RESULTS.md and README's headline, from results/*.json
	$(PY) tools/results_tables.py

docs: install ## the site, in site/
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

clean: ## remove the environment and the demos
	rm -rf $(VENV) output/demo output/demo_training
