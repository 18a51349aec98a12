# Everything sets itself up: `make demo`, `make test`. The pinned versions need Python >= 3.11.
PYTHON ?= python3
VENV ?= .venv
# More arguments for pip, such as an index with CPU wheels of torch (see README).
PIP_ARGS ?=
DEMO := output/demo
PY := $(VENV)/bin/python
WEIGHTS := output/weights
TRAIN := PYTHONWARNINGS=ignore DETECTRON2_DATASETS=$(WEIGHTS)/data $(VENV)/bin/python tools/train_net.py --resume
RUN := PYTHONWARNINGS=ignore DETECTRON2_DATASETS=$(DEMO)/data $(PY)

.PHONY: install demo test test-slow weights grader tables clean

install: $(VENV)/.installed

# Made again when the pinned versions change; an environment that is there is reused.
$(VENV)/.installed: setup.py tools/install_detectron2.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python >= 3.11, found " + sys.version)'
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
	$(RUN) datasets/simulate_nicking.py phantom --output $(DEMO)/nicking
	$(RUN) -m av_grading.train --first-folds 1 --config configs/grading/cpu/demo.yaml --output $(DEMO)/grader data.manifest=$(DEMO)/nicking/manifest.csv model.init_from=av_grading/weights/nicking_grader_r18.safetensors
	$(RUN) -m av_grading.attribute --manifest $(DEMO)/nicking/manifest.csv --held-out $(DEMO)/grader/fold0/predictions.csv --weights $(DEMO)/grader/fold0/grader.safetensors --output $(DEMO)/attribution --draws 200
	$(RUN) tools/release_weights.py --detector $(DEMO)/detector/best.yaml --output $(DEMO)/detector.safetensors
	$(RUN) tools/screen.py $(DEMO)/data/phantom/test/images --resume --output $(DEMO)/screening --weights $(DEMO)/detector.safetensors --graders $(DEMO)/grader/fold0/grader.safetensors
	@echo "Look at $(DEMO)/screening/index.html, $(DEMO)/attribution/report.html, $(DEMO)/pictures (labelled beside detected) and $(DEMO)/detector/training.png"

test: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict
	$(PY) -m pytest -m "not slow"

test-slow: install
	$(PY) -m pytest -m slow

$(WEIGHTS)/data/.prepared: | install
	@test -n "$(AV_DATA)" || { echo "AV_DATA: expected the folder of the photographs" >&2; exit 2; }
	$(PY) datasets/prepare_crosspos.py --root $(AV_DATA) --output $(@D)
	@touch $@

# The shipped detector from the photographs in AV_DATA: some four hours on two cores. Goes on
# where it was interrupted.
weights: $(WEIGHTS)/data/.prepared
	$(TRAIN) --config-file cpu/vessel_net.yaml OUTPUT_DIR $(WEIGHTS)/map
	$(TRAIN) --config-file cpu/safpn_av_two_stage.yaml MODEL.WEIGHTS $(WEIGHTS)/map/model_best.pth OUTPUT_DIR $(WEIGHTS)/first
	$(TRAIN) --config-file cpu/safpn_av_two_stage.yaml MODEL.WEIGHTS $(WEIGHTS)/first/model_best.pth OUTPUT_DIR $(WEIGHTS)/detector SOLVER.MAX_ITER 3600 TEST.EVAL_PERIOD 1200
	DETECTRON2_DATASETS=$(WEIGHTS)/data $(PY) tools/tune_rescoring.py --detector $(WEIGHTS)/detector/best.yaml
	$(TRAIN) --config-file cpu/safpn_av_all.yaml MODEL.WEIGHTS $(WEIGHTS)/detector/model_best.pth OUTPUT_DIR $(WEIGHTS)/all
	$(PY) tools/release_weights.py --detector $(WEIGHTS)/all/ema.yaml --scores $(WEIGHTS)/detector/best.yaml --output $(WEIGHTS)/crossing_av_r18.safetensors

# The graders of docs/RESULTS.md and results/grader_*.json, from the photographs in AV_DATA and the
# shipped detector: two at a time with `make -j2 grader`. Goes on where it was interrupted.
GRADER := output/grader
SETTINGS := configs/grading/cpu
GRADE := PYTHONWARNINGS=ignore OMP_NUM_THREADS=1 $(PY) -m av_grading
NICKING := data.manifest=$(GRADER)/nicking/manifest.csv
PHANTOMS := data.manifest=$(GRADER)/phantoms/manifest.csv data.folds=12 data.val_fraction=0.1 train.epochs=10 augment.overlap=0
BACKBONE := model.weights=$(GRADER)/backbone.safetensors
# As many steps for a tenth of the patches; the study had grades alone.
FEW := train.width_loss_weight=0 train.epochs=100 train.patience=30 train.batch=16
# Five folds each, and ten draws of few patches.
MODELS := full pretrained photograph_only two_stream baseline
# One fold each.
PARTS := map_only bilinear no_backbone no_se
two_stream := --config $(SETTINGS)/two_stream.yaml
baseline := --config $(SETTINGS)/baseline.yaml
full := --config $(SETTINGS)/semi_supervised.yaml data.unlabelled=$(GRADER)/nicking/unlabelled.csv
pretrained := $(two_stream)
photograph_only := $(two_stream) model.kind=one_stream model.align_vein=false data.crop=64
map_only := $(two_stream) model.kind=one_stream model.stream=av_map
bilinear := $(two_stream) model.pooling=bilinear
no_backbone := $(two_stream)
no_se := $(two_stream) model.se=false
# What is first trained on phantoms, and from what: the detector's backbone, or nothing.
$(foreach m,pretrained photograph_only map_only bilinear,$(eval $(m)_from := $(BACKBONE)))
FIRST := pretrained photograph_only $(PARTS)
start = model.init_from=$(GRADER)/phantom/$(1)/fold0/grader.safetensors
$(foreach m,$(FIRST),$(eval $(m)_start := $(call start,$(m))))
full_start := $(pretrained_start)
# What a head unifies: a team of losses and streams, and the network with the measured widths.
TEAM := pretrained ordinal map_only photograph_only
UNIFIED := with_caliber team
ordinal := $(two_stream) train.loss=corn
ordinal_start := $(pretrained_start)

# What a comparison reads is kept in results/, so that it can be made again, or with another model
# beside, without training.
KEPT := results/predictions
FIRST_FOLD := $(KEPT)/first_fold
DRAWS := results/draws
kept = $(foreach m,$(2),$(m)=$(1)/$(m).csv)
grader: $(patsubst %,$(GRADER)/folds/%.done,$(MODELS)) $(MODELS:%=$(GRADER)/few/%.done) \
		$(PARTS:%=$(GRADER)/part/%.done) $(UNIFIED:%=$(GRADER)/%/predictions.csv)
	@mkdir -p $(FIRST_FOLD) $(DRAWS)
	$(foreach m,$(MODELS),cp $(GRADER)/folds/$(m)/predictions.csv $(KEPT)/$(m).csv && cp $(GRADER)/few/$(m)/draws.json $(DRAWS)/$(m).json &&) true
	$(foreach m,$(PARTS),cp $(GRADER)/part/$(m)/predictions.csv $(FIRST_FOLD)/$(m).csv &&) true
	cp $(GRADER)/folds/pretrained/fold0/predictions.csv $(FIRST_FOLD)/pretrained.csv
	$(foreach m,$(UNIFIED),cp $(GRADER)/$(m)/predictions.csv $(KEPT)/$(m).csv &&) true
	$(GRADE).evaluate $(call kept,$(KEPT),$(MODELS)) --output results/grader_simulated.json
	$(GRADE).compare_few_shot $(foreach m,$(MODELS),$(m)=$(DRAWS)/$(m).json) --output results/grader_90.json
	$(GRADE).evaluate $(call kept,$(FIRST_FOLD),pretrained $(PARTS)) --output results/grader_ablation.json
	$(GRADE).caliber.report --manifest $(GRADER)/nicking/manifest.csv --output results/caliber.json network=$(KEPT)/pretrained.csv network_with_caliber=$(KEPT)/with_caliber.csv team=$(KEPT)/team.csv

$(GRADER)/nicking/manifest.csv: $(WEIGHTS)/data/.prepared
	DETECTRON2_DATASETS=$(WEIGHTS)/data $(PY) datasets/simulate_nicking.py les_av hrf --plain drive --draws 12 --output $(@D)

# Sharp enough that a grade shows: three px a DRIVE px.
$(GRADER)/phantoms/manifest.csv: | install
	$(PY) datasets/make_phantoms.py --output $(GRADER)/drawn --train 119 --val 1 --test 1 --fov-diameter 1620
	DETECTRON2_DATASETS=$(GRADER)/drawn $(PY) datasets/prepare_crosspos.py phantom
	DETECTRON2_DATASETS=$(GRADER)/drawn $(PY) datasets/simulate_nicking.py phantom --draws 8 --output $(@D)

$(GRADER)/backbone.safetensors: av_detectron/weights/crossing_av_r18.safetensors | install
	@mkdir -p $(@D)
	$(PY) tools/export_backbone.py --config-file $< --output $@

$(GRADER)/phantom/%.done: $(GRADER)/phantoms/manifest.csv $(GRADER)/backbone.safetensors
	$(GRADE).train --resume --first-folds 1 --output $(basename $@) $($*) $($*_from) $(PHANTOMS)
	@touch $@

$(foreach k,folds few part,$(foreach m,$(FIRST),$(eval $(GRADER)/$(k)/$(m).done: $(GRADER)/phantom/$(m).done)))
$(foreach k,folds few,$(eval $(GRADER)/$(k)/full.done: $(GRADER)/phantom/pretrained.done))
$(GRADER)/folds/ordinal.done: $(GRADER)/phantom/pretrained.done

$(GRADER)/folds/%.done: $(GRADER)/nicking/manifest.csv
	$(GRADE).train --resume --output $(basename $@) $($*) $($*_start) $(NICKING)
	@touch $@

$(GRADER)/team/predictions.csv: $(TEAM:%=$(GRADER)/folds/%.done)
	$(GRADE).stack --output $(@D) $(foreach m,$(TEAM),$(m)=$(GRADER)/folds/$(m)/predictions.csv)

$(GRADER)/caliber/caliber.csv: $(GRADER)/nicking/manifest.csv
	$(GRADE).caliber --no-figures --manifest $< --output $(@D)

$(GRADER)/with_caliber/predictions.csv: $(GRADER)/caliber/caliber.csv $(GRADER)/folds/pretrained.done
	$(GRADE).stack --output $(@D) --caliber $< pretrained=$(GRADER)/folds/pretrained/predictions.csv

$(GRADER)/part/%.done: $(GRADER)/nicking/manifest.csv
	$(GRADE).train --resume --first-folds 1 --output $(basename $@) $($*) $($*_start) $(NICKING)
	@touch $@

$(GRADER)/few/%.done: $(GRADER)/nicking/manifest.csv
	$(GRADE).train_few_shot --resume --output $(basename $@) $($*) $($*_start) $(NICKING) $(FEW)
	@touch $@

# docs/RESULTS.md and README's headline, from results/*.json
tables: install
	$(PY) tools/results_tables.py

clean:
	rm -rf $(VENV) $(DEMO)
