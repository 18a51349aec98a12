"""The standard pictures that are shipped are those that are drawn."""

import cv2
import numpy as np
import pytest

from av_screening.write.standards import GRADES_SHOWN, SIDE, draw_standard, standard_pictures


@pytest.mark.parametrize("grade", GRADES_SHOWN)
def test_shipped_as_drawn(grade: int) -> None:
    shipped, drawn = (
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).astype(int)
        for content in (standard_pictures()[grade], draw_standard(grade))
    )
    assert shipped.shape == (SIDE, SIDE, 3)
    assert np.abs(shipped - drawn).mean() < 1  # encoders differ by a little
