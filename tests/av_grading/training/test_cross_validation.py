"""Out-of-fold predictions, and draws of few patches, without leaks."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from av_grading.data.patch_set import PatchSet, load_patches
from av_grading.data.splits import SplitError, grouped_folds
from av_grading.formats.config_file import load_config
from av_grading.formats.manifest import read_manifest
from av_grading.formats.predictions import write_predictions
from av_grading.training.cross_validation import cross_validate, fold_split, pooled
from av_grading.training.few_shot.draws import draw_rows, learn_from_few

SETTINGS = ["data.crop=24", "train.batch=12", "train.device=cpu", "train.epochs=1"]
SETTINGS += ["model.kind=one_stream", "data.folds=3", "data.val_fraction=0.34"]


@pytest.fixture
def data(graded: Path) -> PatchSet:
    return load_patches(read_manifest(graded))


def names(data: PatchSet, rows: np.ndarray) -> set[str]:
    return {data.groups[i] for i in rows}


def test_no_photograph_is_on_two_sides_of_any_split(data: PatchSet) -> None:
    elsewhere = ["elsewhere", *data.groups[1:]]  # a photograph that no graded patch is of
    unlabelled = dataclasses.replace(
        data, grades=torch.full_like(data.grades, -1), groups=elsewhere
    )
    for rest, held in grouped_folds(data.grades.tolist(), data.groups, 3, 0):
        split = fold_split(data, rest, 0.34, 0, unlabelled)
        learn, stop, test = (names(data, r) for r in (split.train, split.stop, held))
        assert not learn & stop and not learn & test and not stop & test
        assert names(unlabelled, split.unlabelled) == learn | {"elsewhere"}
        assert sorted([*split.train, *split.stop]) == sorted(rest)


def test_extra_patches_are_learned_from_and_never_held_out(data: PatchSet) -> None:
    # The first four and the last four are extra, these of a photograph that is in the set as well.
    groups = ["more"] * 4 + data.groups[4:44] + data.groups[4:8]
    data = dataclasses.replace(data, groups=groups)
    own = np.arange(4, 44)
    extra = ~np.isin(np.arange(48), own)
    grades = data.grades[own].tolist()
    for rest, held in grouped_folds(grades, groups[4:44], 3, 0):
        rest, held = own[rest], own[held]
        split = fold_split(data, rest, 0.34, 0, data, extra=extra)
        learn, stop, test = (names(data, r) for r in (split.train, split.stop, held))
        assert not learn & stop and not learn & test and not stop & test
        assert set(range(4)) <= set(split.train)
        assert set(split.stop) <= set(own)
        assert names(data, split.unlabelled) == learn


def test_every_patch_is_predicted_once(data: PatchSet, graded: Path, tmp_path: Path) -> None:
    results = cross_validate(load_config(None, SETTINGS), data, tmp_path / "cv")
    rows, probabilities = pooled(results)
    assert rows.tolist() == list(range(48)) and probabilities.shape == (48, 4)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    patches = read_manifest(graded)
    path = tmp_path / "predictions.csv"
    write_predictions(path, patches, probabilities, graded.parent, {"spread": np.zeros(48)})
    written = list(csv.DictReader(path.open()))
    assert written[0]["patch"] == "patches/0.png" and written[5]["grade"] == "1"
    assert float(written[3]["expected_grade"]) == pytest.approx(
        float(probabilities[3] @ np.arange(4)), abs=1e-3
    )
    assert written[0]["spread"] == "0.0000"


def test_draws_have_the_counts_asked_for_and_no_shared_photograph(data: PatchSet) -> None:
    seen = set()
    for seed in range(4):
        rows, test = draw_rows(data, (6, 4, 3, 2), 0.4, seed)
        assert np.bincount(data.grades[rows]).tolist() == [6, 4, 3, 2]
        assert not names(data, rows) & names(data, test)
        seen.add(tuple(rows))
    assert len(seen) == 4
    with pytest.raises(SplitError, match="expected 48 patches of grade 0 to train on"):
        draw_rows(data, (48, 16, 14, 12), 0.4, 0)


def test_learning_from_a_draw(data: PatchSet, tmp_path: Path) -> None:
    config = load_config(None, SETTINGS)
    result = learn_from_few(config, data, tmp_path / "draw", 0, counts=(6, 6, 6, 6))
    assert result.probabilities.shape == (len(result.rows), 4)
