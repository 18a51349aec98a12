"""What is cut of a photograph: crossings as they are, and nicked where veins are wide enough."""

import numpy as np
import pandas as pd
import pytest

from av_detectron.data.phantom import make_phantom
from av_grading.close_ups.from_photograph import CloseUpSource, Options, cut_photograph


@pytest.fixture(scope="module")
def source() -> CloseUpSource:
    """A drawn photograph of 3 px a DRIVE px."""
    phantom = make_phantom(seed=3, fov_diameter=1620)
    labels = phantom.av_map
    return CloseUpSource(
        name="toy/eye.png",
        set_name="toy",
        pixels=phantom.image,
        labels=labels,
        unknown=np.zeros(labels.shape, np.uint8),
        av=np.stack([labels == kind for kind in range(3)]).astype(np.float32),
        drive_px=3.0,
        crossings=np.asarray(phantom.crossings, float),
        others=np.zeros((0, 2)),
    )


def cut(source: CloseUpSource, **options: float) -> pd.DataFrame:
    chosen = Options(draws=2, unclear=1000, protocol="training", **options)  # type: ignore[arg-type]
    return pd.DataFrame([row for row, *_ in cut_photograph(source, chosen)])


def test_veins_are_nicked_from_the_least_width_on(source: CloseUpSource) -> None:
    wide, all_of_them = cut(source), cut(source, least_width=0.5)
    for table, least in ((wide, 2.5), (all_of_them, 0.5)):
        nicked = table[table["kind"] == "nicked"]
        assert (nicked["vein_width_drive_px"] >= least).all()
        # Every crossing is cut once as it is, whether it can be nicked or not.
        once = table[table["kind"].isin(["plain", "unclear"])]
        assert sorted(once["crossing"]) == list(range(len(source.crossings)))
    assert "thin vein" in set(wide["why"]) and "thin vein" not in set(all_of_them["why"])
    plain = [int((t["kind"] == "plain").sum()) for t in (wide, all_of_them)]
    assert 0 < plain[0] < plain[1]
