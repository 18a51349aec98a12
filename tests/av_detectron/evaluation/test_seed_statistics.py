"""Statistics over seeds, against numbers worked out by hand."""

import pytest

from av_detectron.evaluation.seed_statistics import (
    by_set,
    read_metrics,
    split_metrics,
    summarise,
)


def test_logged_metrics_become_shares_and_means_over_sets() -> None:
    logged = {"drive/bbox/AP50": 60.0, "hrf/bbox/AP50": 30.0, "hrf/av/vessel_dice": 0.7, "lr": 1.0}
    assert read_metrics(logged) == pytest.approx({"bbox_AP50": 0.45, "vessel_dice": 0.7})


def test_mean_spread_and_paired_difference() -> None:
    runs = {
        "ours": [{"bbox_AP50": v} for v in (0.6, 0.7, 0.8)],
        "theirs": [{"bbox_AP50": v} for v in (0.5, 0.6, 0.7)],
    }
    metrics, ci95 = summarise(runs, "ours")
    assert metrics["ours_bbox_AP50"] == pytest.approx(0.7)
    assert metrics["ours_bbox_AP50_std"] == pytest.approx(0.1)
    # t(2 degrees of freedom, .975) = 4.303: 4.303 * 0.1 / sqrt(3) = 0.248
    assert ci95["ours_bbox_AP50"] == pytest.approx([0.452, 0.948], abs=1e-3)
    # the seeds share their luck: the difference has no spread
    assert metrics["ours_minus_theirs_bbox_AP50"] == pytest.approx(0.1)
    assert ci95["ours_minus_theirs_bbox_AP50"] == pytest.approx([0.1, 0.1])


def test_variants_without_a_metric_and_single_seeds() -> None:
    runs = {"both": [{"bbox_AP50": 0.6, "av_accuracy": 0.9}], "map": [{"av_accuracy": 0.8}]}
    metrics, ci95 = summarise(runs, "both")
    assert metrics["both_minus_map_av_accuracy"] == pytest.approx(0.1)
    assert not any("map_bbox" in name or name.endswith("_std") for name in metrics)
    assert ci95 == {}


def test_seen_sets_and_those_left_out() -> None:
    logged = {
        "crosspos_drive_val/bbox/AP50": 60.0,
        "crosspos_hrf_val/bbox/AP50": 30.0,
        "crosspos_hrf_val/av/vessel_dice": 0.7,
        "crosspos_gave_val/bbox/AP50": 50.0,
        "lr": 1.0,
    }
    assert split_metrics(logged, ["hrf"]) == pytest.approx(
        {"seen_bbox_AP50": 0.55, "left_out_bbox_AP50": 0.3, "left_out_vessel_dice": 0.7}
    )
    assert by_set(logged)["hrf"] == pytest.approx({"bbox_AP50": 0.3, "vessel_dice": 0.7})
    assert set(by_set(logged)) == {"drive", "hrf", "gave"}
    with pytest.raises(ValueError, match="avrdb was left out.*only: drive, gave, hrf"):
        split_metrics(logged, ["drive", "avrdb"])
    del logged["crosspos_hrf_val/av/vessel_dice"]
    runs = {v: [split_metrics(logged, ["hrf"]), split_metrics(logged, ["drive"])] for v in "ab"}
    metrics, ci95 = summarise(runs, "a")
    assert metrics["a_minus_b_left_out_bbox_AP50"] == 0
    assert metrics["a_left_out_bbox_AP50"] == pytest.approx(0.45)
    assert "a_left_out_bbox_AP50" in ci95
