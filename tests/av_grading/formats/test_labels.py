"""Labels of maps of shares."""

import numpy as np

from av_grading.formats.labels import first_largest, likeliest, shares_of


def test_first_largest_is_what_argmax_gives_ties_included() -> None:
    shares = np.random.default_rng(0).integers(0, 4, (4, 30, 20)).astype(np.float32)
    assert (first_largest(shares) == shares.argmax(axis=0)).all()


def test_labels_come_back_from_their_shares() -> None:
    labels = np.random.default_rng(0).integers(0, 4, (2, 30, 20)).astype(np.uint8)
    shares = np.stack([shares_of(one) for one in labels])
    assert (likeliest(shares) == labels).all() and likeliest(shares).dtype == np.uint8
