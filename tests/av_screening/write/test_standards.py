"""The standard pictures that are shipped are those that are drawn."""

import cv2
import numpy as np
import pytest

from av_screening.write.standards import (
    GRADES_SHOWN,
    SIDE,
    SIGNS_SHOWN,
    draw_standard,
    sign_pictures,
    standard_pictures,
)


@pytest.mark.parametrize("shown", [*GRADES_SHOWN, *SIGNS_SHOWN])
def test_shipped_as_drawn(shown: int | str) -> None:
    pictures = {**standard_pictures(), **sign_pictures()}
    shipped, drawn = (
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).astype(int)
        for content in (pictures[shown], draw_standard(shown))
    )
    assert shipped.shape == (SIDE, SIDE, 3)
    assert np.abs(shipped - drawn).mean() < 1  # encoders differ by a little
