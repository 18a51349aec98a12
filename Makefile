# Everything sets itself up: `make demo`, `make test`. Needs Python >= 3.10.
PYTHON ?= python3
VENV ?= .venv
# More arguments for pip, such as an index with CPU wheels of torch (see README).
PIP_ARGS ?=
DEMO := output/demo
PY := $(VENV)/bin/python
WEIGHTS := output/weights
TRAIN := PYTHONWARNINGS=ignore DETECTRON2_DATASETS=$(WEIGHTS)/data $(VENV)/bin/python tools/train_net.py --resume
RUN := PYTHONWARNINGS=ignore DETECTRON2_DATASETS=$(DEMO)/data $(PY)

.PHONY: install demo test test-slow weights tables clean

install: $(VENV)/.installed

# Made again when the pinned versions change; an environment that is there is reused.
$(VENV)/.installed: setup.py tools/install_detectron2.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "needs Python >= 3.10, found " + sys.version)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check $(PIP_ARGS) setuptools -e '.[dev]'
	$(PY) tools/install_detectron2.py
	@touch $@

demo: install
	$(RUN) datasets/make_phantoms.py --output $(DEMO)/data --train 24 --val 4 --test 8 --fov-diameter 540
	$(RUN) datasets/prepare_crosspos.py phantom
	$(RUN) tools/train_net.py --config-file cpu/demo.yaml OUTPUT_DIR $(DEMO)/detector
	$(RUN) tools/report_detector.py --detector $(DEMO)/detector/best.yaml --dataset crosspos_phantom_test --output $(DEMO)/report.json --draws 200
	$(RUN) tools/visualize_crossings.py --dataset crosspos_phantom_test --predictions $(DEMO)/detector/inference/crosspos_phantom_test/coco_instances_results.json --output $(DEMO)/pictures
	$(RUN) tools/export_backbone.py --config-file $(DEMO)/detector/best.yaml --weights $(DEMO)/detector/model_best.pth --output $(DEMO)/backbone.safetensors
	@echo "Look at $(DEMO)/pictures (labelled beside detected) and $(DEMO)/detector/training.png"

test: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -m "not slow"

test-slow: install
	$(PY) -m pytest -m slow

# The shipped detector from the photographs in AV_DATA: some two hours on two cores. Goes on
# where it was interrupted.
weights: install
	@test -n "$(AV_DATA)" || { echo "AV_DATA: expected the folder of the photographs" >&2; exit 2; }
	$(PY) datasets/prepare_crosspos.py --root $(AV_DATA) --output $(WEIGHTS)/data
	$(TRAIN) --config-file cpu/vessel_net.yaml OUTPUT_DIR $(WEIGHTS)/map
	$(TRAIN) --config-file cpu/safpn_av_two_stage.yaml MODEL.WEIGHTS $(WEIGHTS)/map/model_best.pth OUTPUT_DIR $(WEIGHTS)/detector
	DETECTRON2_DATASETS=$(WEIGHTS)/data $(PY) tools/choose_scores.py --detector $(WEIGHTS)/detector/best.yaml
	$(PY) tools/ship_weights.py --detector $(WEIGHTS)/detector/best.yaml --output $(WEIGHTS)/crossing_av_r18.safetensors

# README's tables, from results/*.json
tables: install
	$(PY) tools/readme_tables.py

clean:
	rm -rf $(VENV) $(DEMO)
