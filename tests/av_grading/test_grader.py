"""What a trained grader says of a patch, and of what a mirror shows of it."""

import dataclasses
import doctest
from pathlib import Path

import numpy as np
import pytest
import torch

import av_grading.grader
from av_grading import load_grader
from av_grading.data.patch_set import load_patches
from av_grading.formats.config_file import load_config
from av_grading.formats.manifest import read_manifest
from av_grading.grader import Grader
from av_grading.models.build import build_grader


def test_a_mirror_changes_no_grade(graded: Path) -> None:
    data = load_patches(read_manifest(graded)[:3])
    mirrored, turned = (
        dataclasses.replace(data, patches=data.patches.flip(axes), maps=data.maps.flip(axes_map))
        for axes, axes_map in (((3,), (2,)), ((2, 3), (1, 2)))
    )
    torch.manual_seed(0)
    config = load_config(None, ["data.crop=24", "model.stages=2"])
    grader, rows = Grader(build_grader(config).eval(), config), np.arange(3)
    probabilities = grader.predict(data, rows)
    np.testing.assert_allclose(grader.predict(mirrored, rows), probabilities, atol=1e-5)
    np.testing.assert_allclose(grader.predict(turned, rows), probabilities, atol=1e-5)
    once, twice = (dataclasses.replace(grader, views=views) for views in (1, 2))
    np.testing.assert_allclose(twice.predict(turned, rows), twice.predict(data, rows), atol=1e-5)
    assert np.abs(twice.predict(mirrored, rows) - twice.predict(data, rows)).max() > 1e-4
    assert np.abs(once.predict(turned, rows) - once.predict(data, rows)).max() > 1e-4


def test_the_examples_hold() -> None:
    found = doctest.testmod(av_grading.grader)
    assert found.attempted and not found.failed


def test_patches_in_memory_are_graded_as_those_of_a_manifest(graded: Path) -> None:
    data = load_patches(read_manifest(graded)[:3])
    config = load_config(None, ["data.crop=24", "model.stages=2"])
    grader = Grader(build_grader(config).eval(), config)
    patches, maps = data.patches.permute(0, 2, 3, 1).numpy(), data.maps.numpy()
    probabilities = grader.grade(patches, maps)
    np.testing.assert_allclose(probabilities, grader.predict(data, np.arange(3)), atol=1e-6)
    assert grader.grade(patches[:0], maps[:0]).shape == (0, 4)
    for wrong, message in (
        ((patches, maps[:2]), r"maps: expected \(3, 32, 32\) of uint8, found \(2, 32, 32\)"),
        ((patches / 255, maps), "patches: expected .* found .* of float64"),
        ((patches, maps + 4), "maps: expected labels 0-3, found"),
        ((patches[:, :20, :20], maps[:, :20, :20]), "data.crop: expected at most"),
    ):
        with pytest.raises(ValueError, match=message):
            grader.grade(*wrong)


def test_what_a_notebook_imports() -> None:
    assert load_grader is av_grading.grader.load_grader and av_grading.Grader is Grader
    with pytest.raises(AttributeError, match="no attribute 'Graders'"):
        av_grading.Graders  # noqa: B018
    assert {"Grader", "load_grader"} <= set(dir(av_grading))
