"""Hooks of training: update the average of the weights; keep the best ones, or the last average."""

import json
from pathlib import Path

from detectron2.config import CfgNode
from detectron2.engine import HookBase

from av_detectron.checkpoint.checkpointer import CrossPosCheckpointer
from av_detectron.engine.ema import ModelEMA
from av_detectron.engine.training_curves import mean_over_sets
from av_detectron.formats.files import write_whole

BEST = "model_best"
EMA = "model_ema"


class UpdateEMA(HookBase):
    """Update a `ModelEMA` after every step; stands before what evaluates or saves it."""

    def __init__(self, ema: ModelEMA) -> None:
        self.ema = ema

    def before_train(self) -> None:
        self.ema.start(self.trainer.model)

    def after_step(self) -> None:
        self.ema.update(self.trainer.model, self.trainer.iter)


class KeepBest(HookBase):
    """Keep the weights with the best validation metric, and how they were chosen.

    Writes `model_best.pth` (weights alone) and `best.yaml`, the config that evaluates them: with
    their path and with the score threshold that was best on the validation photographs. What
    was best so far is read back from `best.json` when training resumes.
    """

    def __init__(self, cfg: CfgNode, checkpointer: CrossPosCheckpointer) -> None:
        self.cfg = cfg.clone()
        self.period = cfg.TEST.EVAL_PERIOD
        self.metric = cfg.TEST.CROSSPOS.BEST_METRIC
        self.checkpointer = checkpointer
        self.output = Path(cfg.OUTPUT_DIR)
        self.best = float("-inf")

    def before_train(self) -> None:
        record = self.output / "best.json"
        if self.trainer.start_iter > 0 and record.is_file():
            best = json.loads(record.read_text())
            if best["iteration"] < self.trainer.start_iter:
                self.best = best[self.metric]

    def after_step(self) -> None:
        step = self.trainer.iter + 1
        if step % self.period == 0 and step != self.trainer.max_iter:
            self._compare(step)

    def after_train(self) -> None:
        if self.trainer.iter + 1 >= self.trainer.max_iter:  # EvalHook's last evaluation is here
            self._compare(self.trainer.max_iter)

    def _compare(self, step: int) -> None:
        latest = {k: v[0] for k, v in self.trainer.storage.latest().items() if "/" in k}
        value = mean_over_sets(latest, self.metric)
        if value is None:
            raise KeyError(
                f"TEST.CROSSPOS.BEST_METRIC {self.metric!r} was not measured, only "
                f"{', '.join(sorted(latest))}"
            )
        if value > self.best:  # never true of NaN
            self.best = value
            self.checkpointer.save_weights(BEST, self.trainer.evaluated)
            threshold = mean_over_sets(latest, "center/threshold")  # none of a map alone
            _write_config(self.cfg, self.output, "best", BEST, threshold)
            record = {"iteration": step - 1, self.metric: value, "metrics": latest}
            write_whole(self.output / "best.json", json.dumps(record, indent=1) + "\n")


class KeepEMA(HookBase):
    """Keep the last moving average, where no photographs are held out to choose by.

    Writes `model_ema.pth` (weights alone) and `ema.yaml`, the config that evaluates them,
    with the score threshold that training was given.
    """

    def __init__(self, cfg: CfgNode, checkpointer: CrossPosCheckpointer) -> None:
        self.cfg = cfg.clone()
        self.checkpointer = checkpointer
        self.output = Path(cfg.OUTPUT_DIR)

    def after_train(self) -> None:
        if self.trainer.iter + 1 >= self.trainer.max_iter:
            self.checkpointer.save_weights(EMA, self.trainer.evaluated)
            _write_config(self.cfg, self.output, "ema", EMA, None)


def _write_config(
    cfg: CfgNode, output: Path, name: str, weights: str, threshold: float | None
) -> None:
    """The config that evaluates kept weights, with a score threshold unless there is none."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.WEIGHTS = str(output / f"{weights}.pth")
    if threshold is not None:
        cfg.TEST.CROSSPOS.SCORE_THRESHOLD = threshold
    write_whole(output / f"{name}.yaml", cfg.dump())
