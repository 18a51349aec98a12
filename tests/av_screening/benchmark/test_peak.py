"""Operations and the convolution peak."""

import pytest
import torch
from torch import nn

from av_screening.benchmark.peak import convolution_peak, operations


def test_operations_of_a_convolution() -> None:
    layer = nn.Conv2d(3, 8, 5, padding=2, bias=False)
    found = operations(layer, torch.zeros((1, 3, 16, 20)))
    assert found == pytest.approx(2 * 3 * 8 * 25 * 16 * 20)


def test_peak_is_a_rate() -> None:
    assert convolution_peak(torch.float32, rounds=1) > 0
