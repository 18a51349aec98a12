"""What a trained grader says of a patch, and of what a mirror shows of it."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

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
    said = grader.predict(data, rows)
    np.testing.assert_allclose(grader.predict(mirrored, rows), said, atol=1e-5)
    np.testing.assert_allclose(grader.predict(turned, rows), said, atol=1e-5)
    once, twice = (dataclasses.replace(grader, views=views) for views in (1, 2))
    np.testing.assert_allclose(twice.predict(turned, rows), twice.predict(data, rows), atol=1e-5)
    assert np.abs(twice.predict(mirrored, rows) - twice.predict(data, rows)).max() > 1e-4
    assert np.abs(once.predict(turned, rows) - once.predict(data, rows)).max() > 1e-4
