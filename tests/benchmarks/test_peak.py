"""Operations and the convolution peak."""

from pathlib import Path

import pytest
import torch
from torch import nn

from av_grading.formats.config_file import load_config
from av_grading.grader import Grader
from av_grading.models.build import build_grader
from benchmarks.peak import convolution_peak, operations


def test_operations_of_a_convolution() -> None:
    layer = nn.Conv2d(3, 8, 5, padding=2, bias=False)
    found = operations(layer, torch.zeros((1, 3, 16, 20)))
    assert found == pytest.approx(2 * 3 * 8 * 25 * 16 * 20)


def test_peak_is_a_rate() -> None:
    assert convolution_peak(torch.float32, rounds=1) > 0


def test_operations_of_a_grader_that_turns_its_patches(repo: Path) -> None:
    config = load_config(repo / "configs/grading/cpu/two_stream.yaml")
    patch = torch.zeros((1, 3, config.data.crop, config.data.crop))
    whole = Grader(build_grader(config).eval(), config)
    found = operations(whole.model, patch, patch)
    assert found > 1e8 and operations(whole.in_bfloat16().model, patch, patch) == found
