"""Vessels narrow in photograph and labels alike, and nothing else changes."""

import cv2
import numpy as np
import pytest

from av_detectron.data.phantom import make_phantom
from av_detectron.data.squeeze_vessels import THINNEST, Squeeze, draw_squeezes, squeeze_vessels

PAPER, INK = 180, 80


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A vein of 11 px from top to bottom, an artery of 7 px across: photograph and labels."""
    labels = np.zeros((160, 120), np.uint8)
    labels[:, 55:66] = 2
    labels[117:124, :] = 1
    labels[117:124, 55:66] = 3
    image = np.full((*labels.shape, 3), PAPER, np.uint8)
    image[labels == 2] = PAPER - INK
    image[(labels == 1) | (labels == 3)] = PAPER - INK // 2
    return image, labels


def pressed(least: float = 0.5) -> Squeeze:
    line = np.stack([np.full(120, 60.0), np.arange(120.0)], axis=1)
    return Squeeze(2, line, 5.5, (60.0, 60.0), 30.0, least)


@pytest.mark.parametrize("least", [0.4, 0.7])
def test_photograph_and_label_narrow_alike(least: float) -> None:
    image, labels = drawn()
    vessels = np.where(labels > 0, 255, 0).astype(np.uint8)
    (photograph, share), squeezed = squeeze_vessels([image, vessels], labels, [pressed(least)])
    label_width = (squeezed == 2).sum(axis=1)[:110]
    ink_width = ((PAPER - photograph[:110, :, 1].astype(float)) / INK).sum(axis=1)
    share_width = (share[:110].astype(float) / 255).sum(axis=1)
    assert np.abs(label_width - ink_width).max() < 1.2
    assert np.abs(share_width - ink_width).max() < 0.5
    assert ink_width[60] == pytest.approx(11 * least, abs=1.0)
    assert (np.diff(ink_width[30:61]) < 0.1).all() and (np.diff(ink_width[60:91]) > -0.1).all()
    for far in (np.s_[:25], np.s_[96:]):
        assert (squeezed[far] == labels[far]).all() and (photograph[far] == image[far]).all()
    assert photograph.dtype == image.dtype and squeezed.dtype == labels.dtype


def test_the_other_kind_stays_where_it_crosses() -> None:
    image, labels = drawn()
    near = Squeeze(2, pressed().line, 5.5, (60.0, 105.0), 14.0, 0.4)
    (photograph,), squeezed = squeeze_vessels([image], labels, [near])
    assert ((squeezed == 1) == (labels == 1)).all() and ((squeezed == 3) == (labels == 3)).all()
    assert (photograph[117:124] == image[117:124]).all()
    assert (squeezed[100] == 2).sum() < 8


def test_no_squeeze_changes_nothing() -> None:
    image, labels = drawn()
    (same,), unchanged = squeeze_vessels([image], labels, [])
    assert same is image and unchanged is labels
    (same,), unchanged = squeeze_vessels([image], labels, [pressed(1.0)])
    assert (unchanged == labels).all() and np.abs(same.astype(int) - image).max() <= 1


def test_vessels_of_a_phantom_narrow_in_photograph_and_label() -> None:
    phantom = make_phantom(seed=3, fov_diameter=540)
    rng = np.random.default_rng(0)
    squeezes = [s for _ in range(3) for s in draw_squeezes(rng, phantom.av_map, 1.0)]
    assert len(squeezes) >= 3 and {s.kind for s in squeezes} == {1, 2}
    strong = [s for s in squeezes if s.least < 0.6 and s.half_width > THINNEST + 0.5]
    assert strong
    for each in strong:
        (photograph,), labels = squeeze_vessels([phantom.image], phantom.av_map, [each])
        x, y = (round(v) for v in each.middle)
        here = np.s_[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5]
        before, after = (m[here] == each.kind for m in (phantom.av_map, labels))
        assert after.sum() < before.sum()
        # What the label gave up is brighter now: background, where the vessel was.
        given_up = before & ~after
        green = photograph[here][..., 1].astype(int) - phantom.image[here][..., 1]
        assert green[given_up].mean() > 3
        assert cv2.connectedComponents((labels == each.kind).astype(np.uint8))[0] <= (
            cv2.connectedComponents((phantom.av_map == each.kind).astype(np.uint8))[0] + 1
        )


def test_nothing_to_squeeze() -> None:
    rng = np.random.default_rng(0)
    assert draw_squeezes(rng, np.zeros((50, 50), np.uint8), 1.0) == []
    thin = np.zeros((50, 50), np.uint8)
    thin[25] = 2
    assert draw_squeezes(rng, thin, 1.0) == []
