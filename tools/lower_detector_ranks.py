#!/usr/bin/env python3
"""Make a released detector faster: convolutions of low rank that answer as it does.

    python tools/lower_detector_ranks.py output/weights/crossing_av_r18.safetensors \\
        --output output/weights/ranks

Directions are those in which its convolutions answer to crops of the config's training sets, and
the new detector learns on such crops, without their labels, to answer like the one that it is made
of. With --map-n-views 4 its map is to be, from one view, the mean of that one's four mirror images.
Writes crossing_av.safetensors, which is loaded as the first is, and a checkpoint, from which
--resume goes on. Settings follow as section.key=value.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from detectron2.data import DatasetCatalog

from av_detectron.checkpoint.release import load_detector, release_detector
from av_detectron.config import find_config
from av_detectron.config import load_config as load_detector_config
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.mapper import CrossPosTrainMapper
from av_detectron.engine.distillation import answers_of, distances, distillation_loss, mean_map
from av_detectron.modeling.test_time_augmentation import N_VIEWS
from av_grading.command_line import exit_code
from av_grading.config import ConfigError
from av_grading.formats.config_file import load_config
from av_grading.models.low_rank import ranks_of
from av_grading.training.low_rank import Ranks, lowered, measure
from av_grading.training.trainer import Trainer, TrainerSettings

WEIGHTS = "crossing_av.safetensors"
CROP = 320
"""Side of a crop (px of the working scale)."""
MEASURED, VALIDATED = 60, 40
"""Crops from which directions are taken, and of validation sets, on which distances are told."""


@dataclass(frozen=True)
class Settings:
    """All settings; a step is one crop."""

    ranks: Ranks = field(default_factory=lambda: Ranks(keep=0.997))
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=600,
            batch=1,
            lr=6e-5,
            warmup=50,
            weight_decay=0.0,
            average=0.99,
            validate_every=50,
        )
    )


def lower(args: argparse.Namespace, settings: Settings) -> None:
    """Raises what loading, training and writing raise."""
    cfg, teacher = load_detector(args.weights)
    if cfg.MODEL.RANKS:
        raise ValueError(f"{args.weights}: expected plain convolutions, found some of low rank")
    teacher = teacher.to(memory_format=torch.channels_last)
    teacher.n_views = args.map_n_views
    crops = load_detector_config(find_config(args.config_file), [])
    keys = crops.INPUT.CROSSPOS
    keys.CROP_SIZE, keys.SQUEEZE, keys.CROSSING_CROPS = CROP, 0.0, 0.5
    names = {"train": crops.DATASETS.TRAIN, "val": crops.DATASETS.TEST}
    register_all(dataset_root(), [*crops.DATASETS.TRAIN, *crops.DATASETS.TEST])
    records = {
        part: [r for name in some for r in DatasetCatalog.get(name)] for part, some in names.items()
    }
    mapper = CrossPosTrainMapper(crops)

    def crop(step: int, part: str = "train") -> torch.Tensor:
        rng = np.random.default_rng([settings.train.seed, step])
        np.random.seed(int(rng.integers(2**31)))  # which the mapper draws from
        record = records[part][int(rng.integers(len(records[part])))]
        image = teacher.preprocess_image([mapper(record)]).tensor
        return image.contiguous(memory_format=torch.channels_last)

    def see() -> None:
        for step in range(MEASURED):
            answers_of(teacher, crop(settings.train.steps + step))

    student = lowered(teacher, measure(teacher, see), settings.ranks.keep)

    def compared(model: torch.nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            wanted, boxes = answers_of(teacher, image)
            wanted["map"] = mean_map(teacher, image, wanted["map"])
        return distances(answers_of(model.eval(), image, boxes)[0], wanted)

    def losses_of(model: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        found = compared(model, crop(step))
        told = {name: found[name].detach() for name in ("level", "map", "boxes") if name in found}
        return {"loss": distillation_loss(found), **told}

    @torch.no_grad()
    def validate(model: torch.nn.Module) -> dict[str, float]:
        found = [compared(model, crop(step, "val")) for step in range(VALIDATED)]
        names = ("level", "map", "map_divergence")
        return {name: float(torch.stack([f[name] for f in found]).mean()) for name in names}

    def save(model: torch.nn.Module) -> None:
        own = cfg.clone()
        own.MODEL.RANKS = [[name, rank] for name, rank in ranks_of(model.state_dict()).items()]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{args.weights.stem}_ranks.pth"
            torch.save({"model": model.state_dict()}, path)
            release_detector(own, path, args.output / WEIGHTS)

    trainer = Trainer(lambda: student.requires_grad_(), settings, settings.train, args.output)
    trainer.fit(losses_of, validate, save, resume=args.resume)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("weights", type=Path, help="file of tools/release_weights.py")
    add("--config-file", default="cpu/safpn_av_six_sets.yaml", help="whose sets crops are of")
    add("--map-n-views", type=int, choices=N_VIEWS, default=1, help="of the map that is learned")
    add("--output", type=Path, required=True, help="folder to write")
    add("--resume", action="store_true", help="go on from the output folder's checkpoint")
    add("overrides", nargs="*", metavar="section.key=value")
    args = parser.parse_intermixed_args(argv)
    try:
        settings = load_config(None, args.overrides, Settings())
    except ConfigError as error:
        parser.error(str(error))
    interrupted = "interrupted; the same command with --resume continues"
    return exit_code(lambda: lower(args, settings), interrupted)


if __name__ == "__main__":
    sys.exit(main())
