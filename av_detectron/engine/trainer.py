"""Training and evaluation of crossing detectors on Detectron2's DefaultTrainer."""

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.data import (
    DatasetCatalog,
    build_detection_test_loader,
    build_detection_train_loader,
)
from detectron2.data.samplers import RepeatFactorTrainingSampler
from detectron2.engine import DefaultTrainer, HookBase, hooks
from detectron2.evaluation import DatasetEvaluator, DatasetEvaluators
from detectron2.solver.build import get_default_optimizer_params
from detectron2.utils import comm
from torch import nn

from av_detectron.checkpoint.checkpointer import CrossPosCheckpointer, read_checkpoint
from av_detectron.checkpoint.release import fill
from av_detectron.config import tolerance_of
from av_detectron.data.cross_fit import without_fold
from av_detectron.data.crosspos import check_labels, with_unmarked
from av_detectron.data.disc import OpticDisc
from av_detectron.data.hard_photographs import read_losses, repeat_factors
from av_detectron.data.mapper import CrossPosTestMapper, CrossPosTrainMapper
from av_detectron.engine.ema import ModelEMA
from av_detectron.engine.hooks import KeepBest, KeepEMA, UpdateEMA
from av_detectron.evaluation.av_evaluator import AVMapEvaluator
from av_detectron.evaluation.center_evaluator import CenterEvaluator
from av_detectron.evaluation.coco_evaluator import CrossPosCOCOEvaluator
from av_detectron.evaluation.disc_scores import DiscEvaluator, DiscPair, crop_without_disc
from av_detectron.modeling.roi_pooling import pool_in_float32
from av_detectron.predictor import bfloat16_is_fast

KEPT_CHECKPOINTS = 2
WITH_MAP = ("CrossingRCNN", "VesselNet")
"""Meta-architectures that predict an artery/vein map."""


def bfloat16_or_warning() -> bool:
    """Whether a training on this CPU is to use bfloat16; says so where it would be emulated."""
    if bfloat16_is_fast():
        return True
    logging.getLogger(__name__).warning(
        "SOLVER.AMP.ENABLED: this processor has no instructions for bfloat16, which would take "
        "many times as long: training in float32"
    )
    return False


class CrossPosTrainer(DefaultTrainer):
    """DefaultTrainer with this project's data, evaluators, safe checkpoints and `KeepBest`,
    or `KeepEMA` where there is nothing to validate on.

    What is evaluated, and kept when it is best, is the moving average of the weights.
    """

    def __init__(self, cfg: CfgNode) -> None:
        on_cpu = cfg.SOLVER.AMP.ENABLED and cfg.MODEL.DEVICE == "cpu"
        super().__init__(_without_amp(cfg) if on_cpu else cfg)
        self.cfg = cfg  # best.yaml keeps what was asked for
        self.bfloat16 = on_cpu and bfloat16_or_warning()
        self.ema = ModelEMA(self.model, cfg.SOLVER.EMA_DECAY)
        # Detectron2 0.6 forgets the optimiser, whose moments --resume needs.
        self.checkpointer = self.build_checkpointer(
            self.model,
            cfg,
            trainer=weakref.proxy(self),
            optimizer=self._trainer.optimizer,
            ema=self.ema,
        )
        self._hooks: list[HookBase] = []  # those there were built for another checkpointer
        self.register_hooks(self.build_hooks())

    @property
    def evaluated(self) -> nn.Module:
        """The model that is evaluated: the moving average of the weights."""
        return self.ema.model

    def run_step(self) -> None:
        """One step; on a CPU, `SOLVER.AMP.ENABLED` means bfloat16, which Detectron2 has not, where
        the processor has instructions for it."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bfloat16):
            super().run_step()

    @staticmethod
    def build_checkpointer(model: nn.Module, cfg: CfgNode, **parts: Any) -> CrossPosCheckpointer:
        return CrossPosCheckpointer(model, cfg.OUTPUT_DIR, **parts)

    @classmethod
    def build_model(cls, cfg: CfgNode) -> nn.Module:
        return pool_in_float32(super().build_model(cfg))

    @classmethod
    def build_optimizer(cls, cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
        if cfg.SOLVER.OPTIMIZER == "SGD":
            return super().build_optimizer(cfg, model)
        if cfg.SOLVER.OPTIMIZER != "AdamW":
            raise ValueError(
                f"SOLVER.OPTIMIZER: expected SGD or AdamW, found {cfg.SOLVER.OPTIMIZER!r}"
            )
        parameters = get_default_optimizer_params(model, weight_decay_norm=0.0)
        return torch.optim.AdamW(
            parameters, lr=cfg.SOLVER.BASE_LR, weight_decay=cfg.SOLVER.WEIGHT_DECAY
        )

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> Any:
        left_out = cfg.DATASETS.LEFT_OUT_FOLD
        sets = [without_fold(DatasetCatalog.get(name), left_out) for name in cfg.DATASETS.TRAIN]
        records = [record for some in sets for record in some]
        with_map = cfg.MODEL.META_ARCHITECTURE in WITH_MAP
        check_labels(records, with_map, cfg.MODEL.MASK_ON, crossings=not with_map)
        if cfg.DATASETS.UNMARKED_CROSSINGS:
            records = [with_unmarked(record) for record in records]
        sampler = None
        if cfg.DATASETS.LOSSES:
            path = Path(cfg.DATASETS.LOSSES)
            sampler = RepeatFactorTrainingSampler(repeat_factors(sets, read_losses(path), path))
        chosen = left_out or cfg.DATASETS.UNMARKED_CROSSINGS or sampler
        dataset = records if chosen else None  # None: Detectron2 reads DATASETS.TRAIN itself
        return build_detection_train_loader(
            cfg, dataset=dataset, sampler=sampler, mapper=CrossPosTrainMapper(cfg)
        )

    @classmethod
    def build_test_loader(cls, cfg: CfgNode, dataset_name: str) -> Any:
        return build_detection_test_loader(cfg, dataset_name, mapper=CrossPosTestMapper(cfg))

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> DatasetEvaluators:
        output = str(Path(cfg.OUTPUT_DIR) / "inference" / dataset_name)
        keys = cfg.TEST.CROSSPOS
        records = DatasetCatalog.get(dataset_name)
        evaluators: list[DatasetEvaluator] = []
        known = all(r["label_options"].crossings for r in records)
        if known and cfg.MODEL.META_ARCHITECTURE != "VesselNet":
            evaluators.append(CrossPosCOCOEvaluator(dataset_name, output, cfg.MODEL.MASK_ON))
            tolerance = tolerance_of(cfg, dataset_name)
            evaluators.append(CenterEvaluator(records, tolerance, keys.SCORE_THRESHOLD))
        labelled = any(r.get("av_file_name") for r in records)
        if cfg.MODEL.META_ARCHITECTURE in WITH_MAP and labelled:
            evaluators.append(AVMapEvaluator(records))
        if finds_disc(cfg) and any(r.get("disc") for r in records):
            evaluators.append(DiscEvaluator(records))
        return DatasetEvaluators(evaluators)

    def build_hooks(self) -> list[HookBase]:
        if not isinstance(self.checkpointer, CrossPosCheckpointer):
            return []  # DefaultTrainer is building itself; __init__ calls again
        built = super().build_hooks()
        evaluation = hooks.EvalHook(
            self.cfg.TEST.EVAL_PERIOD, lambda: self.test(self.cfg, self.evaluated)
        )
        built = [evaluation if isinstance(h, hooks.EvalHook) else h for h in built]
        built.insert(0, UpdateEMA(self.ema))
        if not comm.is_main_process():
            return built
        periodic = hooks.PeriodicCheckpointer(
            self.checkpointer, self.cfg.SOLVER.CHECKPOINT_PERIOD, max_to_keep=KEPT_CHECKPOINTS
        )
        built = [periodic if isinstance(h, hooks.PeriodicCheckpointer) else h for h in built]
        validated = self.cfg.DATASETS.TEST and self.cfg.TEST.EVAL_PERIOD > 0
        keep = KeepBest if validated else KeepEMA
        built.insert(-1, keep(self.cfg, self.checkpointer))  # the writer stays last
        return built


def _without_amp(cfg: CfgNode) -> CfgNode:
    cfg = cfg.clone()
    cfg.defrost()
    cfg.SOLVER.AMP.ENABLED = False
    return cfg


def finds_disc(cfg: CfgNode) -> bool:
    """Whether the config's model finds the optic disc."""
    return bool(cfg.MODEL.META_ARCHITECTURE in WITH_MAP and cfg.MODEL.AV_HEAD.DISC)


Record = dict[str, Any]


def predict(
    cfg: CfgNode, dataset_name: str, change: Callable[[Record], Record | None] | None = None
) -> Iterator[tuple[Record, dict[str, Any]]]:
    """Apply `MODEL.WEIGHTS` to a registered set: dataset dict and output of each photograph.

    Args:
        cfg: of the model.
        dataset_name: of the set.
        change: what is done to each mapped dataset dict before; None leaves the photograph out.

    Raises as `load_model`.
    """
    model = load_model(cfg).eval()
    with torch.inference_mode():
        for (record,) in CrossPosTrainer.build_test_loader(cfg, dataset_name):
            given = record if change is None else change(record)
            if given is not None:
                yield given, model([given])[0]


def pair_discs(
    cfg: CfgNode, dataset_name: str, found: Mapping[int, OpticDisc | None]
) -> list[DiscPair | None]:
    """Labelled and found discs of a registered set's photographs, in its order, with what is said
    of a crop without the disc; None where no disc is labelled, or the model finds none at all.

    Args:
        cfg: of the model that found them.
        dataset_name: of the set.
        found: by image id.
    """
    records = DatasetCatalog.get(dataset_name)
    if not finds_disc(cfg):
        return [None] * len(records)
    single = cfg.clone()
    single.defrost()
    single.TEST.CROSSPOS.N_VIEWS = 1  # the disc is the first view's
    crops = predict(single, dataset_name, crop_without_disc)
    in_crop = {record["image_id"]: output["disc"] is not None for record, output in crops}
    return [
        DiscPair(r["disc"], found[r["image_id"]], in_crop.get(r["image_id"]))
        if r["disc"] is not None
        else None
        for r in records
    ]


def evaluate(cfg: CfgNode) -> dict[str, Any]:
    """Evaluate `MODEL.WEIGHTS` on every set of `DATASETS.TEST`; raises as `load_model`."""
    return CrossPosTrainer.test(cfg, load_model(cfg))


def load_model(cfg: CfgNode) -> nn.Module:
    """Build the config's model with `MODEL.WEIGHTS`, all of it: nothing is left at random.

    Raises:
        ValueError: no weights are named.
        CheckpointError: the weights cannot be read, or are not the model's in every name and shape.
    """
    if not cfg.MODEL.WEIGHTS:
        raise ValueError("MODEL.WEIGHTS: expected the weights to evaluate, found none")
    model = CrossPosTrainer.build_model(cfg)
    path = Path(cfg.MODEL.WEIGHTS)
    content = read_checkpoint(path)
    fill(model, content.get("model", content), path)
    logging.getLogger("detectron2").info("Evaluating %s", cfg.MODEL.WEIGHTS)
    return model
