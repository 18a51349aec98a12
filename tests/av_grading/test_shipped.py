"""The grader that is shipped."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from av_grading.data.patch_set import PatchSet
from av_grading.decision import expected_grade
from av_grading.formats.patches import PIXELS, cut_map, cut_patch
from av_grading.grader import DEFAULT_GRADER, load_grader
from av_grading.simulation.effects.squeeze import Squeeze, squeeze
from av_grading.simulation.vein import measure_vein
from av_grading.vessels.centerline import trace
from tests.av_grading.conftest import VEIN, draw_crossing

DRIVE_PX, MIDDLE = 4.0, 120


def pressed(amount: Squeeze) -> tuple[np.ndarray, np.ndarray]:
    photograph, av_map = draw_crossing(241, vein_width=25, artery_width=17, angle=70)
    line = trace(av_map, VEIN, (MIDDLE, MIDDLE), DRIVE_PX)
    found = squeeze(photograph, av_map, measure_vein(av_map, line, DRIVE_PX), amount, DRIVE_PX)
    place = ((MIDDLE, MIDDLE), DRIVE_PX, 48.0, PIXELS)
    return cut_patch(found[0], *place), cut_map(found[1], *place)


def test_is_small_and_of_half_precision() -> None:
    assert DEFAULT_GRADER.stat().st_size < 40e6
    with safe_open(DEFAULT_GRADER, framework="pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}


@pytest.mark.parametrize("turns", [0, 1])
def test_pressed_veins_have_higher_grades(turns: int) -> None:
    amounts = [Squeeze(), Squeeze(0.7, 1.0), Squeeze(0.45, 1.0), Squeeze(0.5, 0.5)]
    patches, maps = zip(*(pressed(amount) for amount in amounts), strict=True)
    data = PatchSet(
        torch.from_numpy(np.rot90(np.stack(patches), turns, (1, 2)).copy()).permute(0, 3, 1, 2),
        torch.from_numpy(np.rot90(np.stack(maps), turns, (1, 2)).copy()),
        torch.arange(4),
        ["drawn"] * 4,
    )
    found = expected_grade(load_grader(DEFAULT_GRADER).predict(data, np.arange(4)))
    assert found[0] < 0.7 and found[3] > 2.0
    assert found[0] < found[1] and found[0] < found[2] < found[3]
