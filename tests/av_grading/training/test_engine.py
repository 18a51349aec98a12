"""Training learns, resumes bit for bit, and knows nothing where there is nothing to know."""

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from av_grading.config import Config
from av_grading.data.patch_set import PatchSet, load_patches
from av_grading.data.splits import grouped_holdout
from av_grading.evaluation.metrics import grade_scores
from av_grading.formats.config_file import load_config
from av_grading.formats.manifest import read_manifest
from av_grading.grader import load_grader, save_grader
from av_grading.models.weights_file import WeightsError
from av_grading.training.engine import LAST, Split, learning_rate, train
from av_grading.training.init_from import start_from
from av_grading.training.trainer import ResumeError, write_checkpoint

SETTINGS = ["data.crop=24", "train.batch=12", "train.device=cpu", "train.warmup=0"]
SETTINGS += ["model.kind=one_stream", "model.stages=2", "train.lr=1e-3"]


@pytest.fixture
def data(graded: Path) -> PatchSet:
    return load_patches(read_manifest(graded))


@pytest.fixture
def split(data: PatchSet) -> Split:
    return Split(*grouped_holdout(data.grades.tolist(), data.groups, 0.25, 0))


def settings(*more: str) -> Config:
    return load_config(None, [*SETTINGS, *more])


def test_learns_what_can_be_seen(data: PatchSet, split: Split, tmp_path: Path) -> None:
    plain = ["augment.brightness=0", "augment.contrast=0", "augment.saturation=0"]
    grader = train(settings("train.epochs=10", *plain), data, split, tmp_path / "run")
    found = grade_scores(data.grades[split.stop].numpy(), grader.predict(data, split.stop))
    assert found["qwk"] > 0.8
    assert len(grader.history) <= 10 and {"loss", "qwk"} <= set(grader.history[0])
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))


def test_widths_are_learned_beside_the_grades(data: PatchSet, split: Split, tmp_path: Path) -> None:
    narrow = 1 - 0.2 * data.grades.float()
    known = dataclasses.replace(data, widths=torch.stack([narrow, narrow], dim=1))
    more = [
        "train.epochs=6",
        "train.width_loss_weight=1.0",
        "augment.brightness=0",
        "augment.contrast=0",
    ]
    grader = train(settings(*more), known, split, tmp_path / "run")
    losses = [figures["width_loss"] for figures in grader.history]
    assert losses[-1] < 0.7 * losses[0]
    save_grader(grader, tmp_path / "grader.safetensors")
    again = load_grader(tmp_path / "grader.safetensors")
    assert again.predict(data, split.stop).shape == (len(split.stop), 4)


@pytest.mark.parametrize("name", ["baseline", "two_stream"])
def test_depth_50_configs_run_for_an_epoch(
    repo: Path, data: PatchSet, split: Split, tmp_path: Path, name: str
) -> None:
    few = Split(split.train[:8], split.stop)
    # Large enough for four stages after the turn.
    patches, maps = (
        x.repeat_interleave(2, -1).repeat_interleave(2, -2) for x in (data.patches, data.maps)
    )
    data = dataclasses.replace(data, patches=patches, maps=maps)
    more = ["train.epochs=1", "train.batch=4", "data.crop=48", "train.device=cpu"]
    config = load_config(repo / f"configs/grading/{name}.yaml", more)
    assert config.model.depth == 50
    grader = train(config, data, few, tmp_path / name)
    assert len(grader.history) == 1 and np.isfinite(grader.history[0]["loss"])
    assert grader.predict(data, split.stop).shape == (len(split.stop), 4)


def test_goes_on_from_a_trained_grader(data: PatchSet, split: Split, tmp_path: Path) -> None:
    first = train(
        settings("train.epochs=3", "train.width_loss_weight=1.0"), data, split, tmp_path / "a"
    )
    path = tmp_path / "grader.safetensors"
    save_grader(first, path)
    start = f"model.init_from={path}"
    # No step is taken: the grader is as it was, its outputs of widths no longer there.
    again = train(settings("train.epochs=0", start), data, split, tmp_path / "b")
    said, before = (x.predict(data, split.stop) for x in (again, first))
    np.testing.assert_allclose(said.argmax(1), before.argmax(1))
    other = settings(start, "train.loss=corn", "train.epochs=0")  # a classifier of other logits
    assert train(other, data, split, tmp_path / "c").predict(data, split.stop).shape[1] == 4
    for wrong, message in (
        (["model.se=false", start], "model.se: found True, expected False"),
        (
            ["model.init_from=nowhere.safetensors"],
            "nowhere.safetensors: expected weights of two_stream",
        ),
    ):
        with pytest.raises(WeightsError, match=message):
            train(settings(*wrong), data, split, tmp_path / "d")
    with pytest.raises(WeightsError, match="model.init_from or model.weights, found both"):
        start_from(first.model, settings(start, "model.weights=backbone.safetensors"), path)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / LAST, weights_only=True)["model"]


@pytest.mark.parametrize("semi", [False, True])
def test_resumes_bit_for_bit(data: PatchSet, split: Split, tmp_path: Path, semi: bool) -> None:
    more = ["train.epochs=3", "train.patience=9", "model.kind=two_stream", "model.rank=8"]
    unlabelled = None
    if semi:
        more += ["semi.weight=1", "semi.start=0", "semi.threshold=0.2", "semi.ratio=1"]
        unlabelled = dataclasses.replace(data, grades=torch.full_like(data.grades, -1))
        split = dataclasses.replace(split, unlabelled=split.train)
    config = settings(*more)
    train(config, data, split, tmp_path / "whole", unlabelled=unlabelled)

    class Stop(Exception):
        pass

    def stop_after_one(path: Path, content: dict[str, object]) -> None:
        write_checkpoint(path, content)
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("av_grading.training.state.write_checkpoint", stop_after_one)
        with pytest.raises(Stop):
            train(config, data, split, tmp_path / "cut", unlabelled=unlabelled)
    torch.rand(5)
    np.random.rand(3)
    random.random()
    train(config, data, split, tmp_path / "cut", unlabelled=unlabelled, resume=True)
    whole, cut = weights_of(tmp_path / "whole"), weights_of(tmp_path / "cut")
    assert all(torch.equal(whole[k], cut[k]) for k in whole)


def test_other_settings_and_damaged_checkpoints_are_not_resumed(
    data: PatchSet, split: Split, tmp_path: Path
) -> None:
    train(settings("train.epochs=1"), data, split, tmp_path)
    with pytest.raises(ResumeError, match="trained with other settings"):
        train(settings("train.epochs=2"), data, split, tmp_path, resume=True)
    (tmp_path / LAST).write_bytes(b"no checkpoint")
    with pytest.raises(ResumeError, match="not a checkpoint"):
        train(settings("train.epochs=1"), data, split, tmp_path, resume=True)


def test_stops_early(data: PatchSet, split: Split, tmp_path: Path) -> None:
    config = settings("train.epochs=40", "train.patience=1", "train.lr=0.0")
    assert len(train(config, data, split, tmp_path).history) <= 4


def test_shuffled_grades_teach_nothing(data: PatchSet, tmp_path: Path) -> None:
    found = []
    for seed in range(3):
        mixed = data.grades[
            torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
        ]
        shuffled = dataclasses.replace(data, grades=mixed)
        rows, held = grouped_holdout(mixed.tolist(), data.groups, 0.33, seed)
        config = settings("train.epochs=3", f"train.seed={seed}")
        grader = train(config, shuffled, Split(rows, rows), tmp_path / str(seed))
        found.append(grade_scores(mixed[held].numpy(), grader.predict(shuffled, held))["qwk"])
    assert abs(np.mean(found)) < 0.35


def test_a_grader_is_one_file(data: PatchSet, split: Split, tmp_path: Path) -> None:
    grader = train(settings("train.epochs=1"), data, split, tmp_path / "run")
    path = tmp_path / "grader.safetensors"
    save_grader(grader, path)
    again = load_grader(path)
    assert again.temperature == grader.temperature and again.config == grader.config
    np.testing.assert_allclose(
        again.predict(data, split.stop), grader.predict(data, split.stop), atol=0.02
    )
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="damaged"):
        load_grader(path)
    with pytest.raises(WeightsError, match="found no file"):
        load_grader(tmp_path / "none.safetensors")


def test_learning_rate_warms_up_and_goes_to_zero() -> None:
    config = load_config(None, ["train.warmup=2", "train.epochs=10"])
    rates = [learning_rate(config, e) for e in (0, 1, 2, 6, 10)]
    assert (
        rates[0] < rates[1] < rates[2] == 1 and rates[3] == pytest.approx(0.5) and rates[4] < 1e-9
    )
