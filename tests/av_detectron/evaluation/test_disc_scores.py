"""Scores of the optic disc, by hand, and crops without it."""

import pytest
import torch

from av_detectron.data.disc import OpticDisc
from av_detectron.evaluation.disc_scores import (
    DiscEvaluator,
    DiscPair,
    crop_without_disc,
    disc_metrics,
)

DISC = OpticDisc(200.0, 100.0, 80.0)


def test_errors_by_hand() -> None:
    pairs = [
        DiscPair(DISC, OpticDisc(204.0, 100.0, 80.0, 0.9), in_crop=False),  # 0.05 dd off
        DiscPair(DISC, OpticDisc(200.0, 124.0, 100.0, 0.9), in_crop=True),  # 0.3 dd, 1/4 too large
        DiscPair(DISC, OpticDisc(200.0, 112.0, 76.0, 0.9)),  # 0.15 dd, 1/20 too small
        DiscPair(DISC, None, in_crop=False),
    ]
    assert disc_metrics(pairs) == pytest.approx(
        {
            "disc_found": 3 / 4,
            "disc_center_within_0.1dd": 1 / 4,
            "disc_center_error_dd": 0.15,
            "disc_diameter_error": 0.05,
            "disc_false_in_crop": 1 / 3,
        }
    )


def test_what_cannot_be_measured_is_left_out() -> None:
    assert disc_metrics([]) == {}
    assert disc_metrics([DiscPair(DISC, None)]) == {
        "disc_found": 0.0,
        "disc_center_within_0.1dd": 0.0,
    }


@pytest.mark.parametrize("x", [300.0, 900.0])
def test_the_largest_part_without_the_disc_is_cut(x: float) -> None:
    # A photograph of 1200 x 1000 px at half its size, with marks where the disc is.
    disc = OpticDisc(x, 500.0, 160.0)
    image = torch.zeros(3, 500, 600)
    image[:, 210:291, round(x / 2) - 40 : round(x / 2) + 41] = 1
    record = {"image": image, "height": 1000, "width": 1200, "disc": disc, "drive_px": 0.9}
    crop = crop_without_disc(record)
    assert crop is not None and crop["disc"] is None and crop["drive_px"] == 0.9
    height, width = crop["image"].shape[1:]
    assert (crop["height"], crop["width"]) == (height, width) == (500, pytest.approx(368, abs=3))
    assert crop["image"].sum() == 0
    assert record["image"].shape == (3, 500, 600) and record["disc"] == disc


def test_no_crop_of_what_the_disc_fills_or_where_it_is_not_known() -> None:
    record = {"image": torch.zeros(3, 100, 100), "height": 100, "width": 100}
    assert crop_without_disc({**record, "disc": OpticDisc(50.0, 50.0, 60.0)}) is None
    assert crop_without_disc({**record, "disc": None}) is None


def test_evaluator_scores_photographs_whose_disc_is_labelled() -> None:
    evaluator = DiscEvaluator([{"image_id": 1, "disc": DISC}, {"image_id": 2, "disc": None}])
    evaluator.reset()
    evaluator.process([{"image_id": i} for i in (1, 2)], [{"disc": DISC}, {"disc": None}])
    metrics = evaluator.evaluate()["disc"]
    assert metrics["center_error_dd"] == 0 and metrics["found"] == 1
    assert metrics["center_within_0.1dd"] == 1 and "false_in_crop" not in metrics
