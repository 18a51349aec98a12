"""The explaining step: what in the patch raises the grade, by `av_grading.attribution`."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

import cv2
import numpy as np
import torch

from av_grading.grader import Grader
from av_screening.crossing import Crossing
from av_screening.steps.grading import patch_set
from av_screening.steps.patches import Patch

BLUR = 1.0
"""Of integrated gradients, which are grains, in the picture (standard deviation, px of a patch)."""


class Explain(Protocol):
    """Where graders looked: number of each of some graded crossings → an RGB picture (Q, Q, 3) over
    its patch."""

    def __call__(self, crossings: Sequence[Crossing]) -> Mapping[int, Patch]: ...


def explain_by(graders: Sequence[Grader]) -> Explain:
    """Pictures of what raises the expected grade of several graders, the mean of their streams'
    maps.

    Raises:
        ValueError: Captum is not installed.
    """
    if find_spec("captum") is None:
        raise ValueError("--explain needs Captum: pip install 'av-nicking[screen]'")
    from av_grading.attribution.maps import attribute
    from av_grading.attribution.scored import EXPECTED, Scored
    from av_grading.report.draw import overlay, red_free

    scored = [(Scored(grader), grader.config.data.crop) for grader in graders]

    def explain(crossings: Sequence[Crossing]) -> dict[int, Patch]:
        if not crossings:
            return {}
        data = patch_set([crossing.patch for crossing in crossings])
        targets = torch.full((len(crossings),), EXPECTED)
        side = crossings[0].patch.patch.shape[0]
        total = np.zeros((len(crossings), side, side), np.float32)
        for model, crop in scored:
            found = attribute(model, data, targets, crop=crop).combined()
            start = (side - crop) // 2
            part = slice(start, start + crop)
            total[:, part, part] += found / len(scored)
        return {
            crossing.number: overlay(
                red_free(np.ascontiguousarray(crossing.patch.patch)),
                np.asarray(cv2.GaussianBlur(values, (0, 0), BLUR)),
                contour=False,
            )
            for crossing, values in zip(crossings, total, strict=True)
        }

    return explain
