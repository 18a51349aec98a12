"""A training in two processes: its checkpoint goes on in one, and back in two."""

from functools import partial
from pathlib import Path

import pytest
import torch
from detectron2.engine import defaults
from detectron2.utils import comm
from torch import distributed, multiprocessing

from av_detectron.checkpoint.checkpointer import read_checkpoint
from av_detectron.config import load_config
from av_detectron.data.coco import LabelOptions
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.phantom import write_phantoms
from av_detectron.data.prepare import prepare_set
from av_detectron.engine.trainer import CrossPosTrainer
from tests.tools.test_train_net import TINY

CHANGES: list[object] = ["DATASETS.TEST", (), "TEST.EVAL_PERIOD", 0, "SOLVER.IMS_PER_BATCH", 2]
CHANGES += ["SOLVER.MAX_ITER", 9, "SOLVER.CHECKPOINT_PERIOD", 3, "SOLVER.WARMUP_ITERS", 2]


def train(rank: int, processes: int, folder: Path, until: int) -> None:
    """What a process does: go on from the last checkpoint up to a step."""
    torch.set_num_threads(1)
    if processes > 1:
        meeting = (folder / f"meeting{until}").as_uri()
        distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
        comm._LOCAL_PROCESS_GROUP = distributed.new_group(list(range(processes)))
        # Detectron2 takes every process to have a GPU of its own.
        defaults.create_ddp_model = partial(defaults.create_ddp_model, device_ids=None)
    cfg = load_config(folder / "tiny.yaml", CHANGES)
    register_all(dataset_root(), list(cfg.DATASETS.TRAIN))
    trainer = CrossPosTrainer(cfg)
    trainer.resume_or_load(resume=True)
    trainer.max_iter = until
    trainer.train()


@pytest.mark.slow
def test_a_checkpoint_of_two_processes_goes_on_in_one_and_back(
    tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    write_phantoms(tmp_path, "train", 2, seed=0, fov_diameter=135)
    prepare_set(
        "phantom", {"train": tmp_path / "phantom" / "train"}, tmp_path, LabelOptions(), 0.0, 0
    )
    output = tmp_path / "output"
    (tmp_path / "tiny.yaml").write_text(TINY.format(configs=repo / "configs", output=output))
    names = []
    for number, processes in enumerate((2, 1, 2), start=1):
        multiprocessing.spawn(train, (processes, tmp_path, 3 * number), processes)
        last = (output / "last_checkpoint").read_text()
        content = read_checkpoint(output / last)
        assert content["iteration"] == 3 * number - 1
        names.append((sorted(content["model"]), sorted(content["ema"])))
    assert names[0] == names[1] == names[2]
    assert not any(name.startswith("module.") for name in names[0][1])
