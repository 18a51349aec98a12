"""Features of a crossing do not know left from right, and stay within a photograph's folds."""

import numpy as np
import pytest

from av_grading.caliber.features import NAMES, crossing_features, normalise, out_of_fold
from av_grading.caliber.vein_phantom import draw_vein
from av_grading.caliber.width import measure_widths
from av_grading.data.splits import SplitError
from av_grading.formats.labels import VEIN
from av_grading.vessels.centerline import trace


def test_a_mirrored_crossing_has_the_same_features() -> None:
    made = draw_vein(np.random.default_rng(1), 9.0, artery=7.0, ratios=(0.5, 1.0))
    found = []
    for flip in (1, -1):
        photograph, av_map = made.photograph[:, ::flip], made.av_map[:, ::flip]
        x = made.center[0] if flip == 1 else 96 - made.center[0]
        line = trace(av_map, VEIN, (x, made.center[1]), 2.0)
        widths = measure_widths(np.ascontiguousarray(photograph), av_map, line, 2.0)
        found.append(dict(zip(NAMES, crossing_features(widths, 2.0), strict=True)))
    a, b = found
    for name in ("both_narrow_ratio", "both_wide_ratio", "photograph_narrow_least"):
        assert a[name] == pytest.approx(b[name], abs=0.1)
    assert a["both_narrow_ratio"] == pytest.approx(np.log(0.5), abs=0.25)
    assert a["both_wide_ratio"] == pytest.approx(0, abs=0.15)
    assert np.isnan(crossing_features(None, 2.0)).all()


def test_features_are_normalised_within_each_photograph() -> None:
    features = np.array([[1.0, np.nan], [3.0, np.nan], [10.0, 5.0]])
    found = normalise(features, ["a", "a", "b"])
    assert found[:, 2].tolist() == [-1, 1, 0]
    assert np.isnan(found[:2, 3]).all() and found[2, 3] == 0


def test_out_of_fold_predictions() -> None:
    rng = np.random.default_rng(0)
    grades = np.arange(80) % 4
    groups = [f"eye{i // 8}" for i in range(80)]
    features = grades[:, None] + rng.normal(0, 0.3, (80, 3))
    features[::7, 0] = np.nan
    found = out_of_fold(features, grades.tolist(), groups, 4, 0)
    assert found.shape == (80, 4) and np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == grades).mean() > 0.8
    secret = np.array([int(g[3:]) * 37 % 11 for g in groups], float)[
        :, None
    ]  # tells photographs apart
    told = out_of_fold(secret, grades.tolist(), groups, 4, 0)
    assert (told.argmax(axis=1) == grades).mean() < 0.5
    with pytest.raises(SplitError, match="folds"):
        out_of_fold(features, grades.tolist(), ["one"] * 80, 4, 0)
