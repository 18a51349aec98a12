"""Working scale, crops and what the model is given."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from av_detectron import get_av_config
from av_detectron.data.augmentation import Crop, Tint, draw_crop, draw_tint
from av_detectron.data.coco import LabelOptions
from av_detectron.data.crosspos import check_labels, json_path, load_crosspos, with_unmarked
from av_detectron.data.errors import InputFileError
from av_detectron.data.mapper import (
    CrossPosTestMapper,
    CrossPosTrainMapper,
    make_instances,
)
from av_detectron.data.photograph import (
    PhotographCache,
    load_working,
    resize_labels,
    scale_points,
)
from av_detectron.data.prepare import prepare_set


@pytest.fixture
def records(cross_set: Path, tmp_path: Path) -> list[dict]:
    prepare_set("toy", {"train": cross_set}, tmp_path, LabelOptions(), 0.0, 0)
    return load_crosspos(json_path(tmp_path, "crosspos_toy_train"), tmp_path)


def test_working_scale(records: list[dict]) -> None:
    photograph = load_working(records[0], 198)  # the FOV is 99 px wide
    assert photograph.image.shape == (200, 240, 3)
    np.testing.assert_allclose(photograph.centers, [[100.5, 80.5]])
    assert photograph.drive_px == pytest.approx(198 / 540)
    assert photograph.vessels is not None
    assert photograph.vessels[80:82, 40:200].min() > 127


@pytest.mark.parametrize(("diameter", "width"), [(100, 120), (97.5, 120), (100.5, 120), (96, 116)])
def test_nearly_the_working_scale_is_left_as_it_is(
    records: list[dict], diameter: float, width: int
) -> None:
    photograph = load_working(records[0], diameter)  # the FOV is 99 px wide
    assert photograph.image.shape[1] == width
    as_it_is = width == 120
    assert np.array_equal(photograph.av, load_working(records[0], 99).av) is as_it_is
    assert photograph.scale == pytest.approx((width / 120, photograph.image.shape[0] / 100))


def test_unmarked_crossings_are_taught_like_the_others(records: list[dict]) -> None:
    assert with_unmarked({**records[0], "unmarked_crossings": None}) == {
        **records[0],
        "unmarked_crossings": None,
    }
    found = with_unmarked({**records[0], "unmarked_crossings": [[80.0, 40.0]]})
    assert len(found["annotations"]) == len(records[0]["annotations"]) + 1
    photograph = load_working(found, 198)
    np.testing.assert_allclose(photograph.centers[-1], [160.5, 80.5])
    crossing, added = found["annotations"][0], found["annotations"][-1]
    assert added["bbox"][2:] == pytest.approx(crossing["bbox"][2:], abs=0.01)
    assert added["bbox"][0] + added["bbox"][2] / 2 - 0.5 == pytest.approx(80.0)


def test_labels_that_a_model_needs_are_missed_by_name(records: list[dict]) -> None:
    check_labels(records, maps=True, masks=True)
    bare = {**records[0], "av_file_name": None, "vessels_file_name": None}
    check_labels([bare], maps=False, masks=False)
    with pytest.raises(InputFileError, match=r"a\.png: expected an artery/vein map in av/"):
        check_labels([records[1], bare], maps=True, masks=True)
    with pytest.raises(InputFileError, match=r"a\.png: expected a vessel map.*MASK_ON False"):
        check_labels([records[1], bare], maps=False, masks=True)


def test_scaled_points_keep_pixel_centres() -> None:
    np.testing.assert_allclose(scale_points(np.array([[0.0, 9]]), (2, 0.5)), [[0.5, 4.25]])


def test_size_that_changed_since_preparation(records: list[dict]) -> None:
    records[0]["width"] = 121
    with pytest.raises(InputFileError, match="a.png: expected the photograph's size 121 x 100"):
        load_working(records[0], 198)


def test_cache_forgets_the_oldest(records: list[dict]) -> None:
    cache = PhotographCache(198, max_bytes=250_000)  # one photograph takes 240,000
    first = cache.load(records[0])
    assert cache.load(records[0]) is first
    cache.load(records[1])
    assert cache.load(records[0]) is not first


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("angle", [0.0, 90.0, 33.0])
def test_crop_moves_points_and_pixels_alike(flip: bool, angle: float) -> None:
    image = np.zeros((101, 121), np.uint8)
    image[39:42, 69:72] = 255
    crop = Crop(center=(60.0, 50.0), size=80, angle=angle, zoom=1.3, flip=flip)
    ys, xs = np.nonzero(crop.image(image) > 127)
    moved = crop.points(np.array([[70.0, 40.0]]))[0]
    np.testing.assert_allclose([xs.mean(), ys.mean()], moved, atol=0.4)


def test_identity_crop_and_tint_change_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(Crop((31.5, 31.5), 64).image(image), image)
    np.testing.assert_array_equal(Tint().image(image), image)


def test_tint_acts_about_mid_grey() -> None:
    image = np.full((4, 4, 3), (108, 128, 148), np.uint8)
    assert (Tint(contrast=1.5).image(image)[0, 0] == (98, 128, 158)).all()
    assert (Tint(saturation=0.0).image(image) == 128).all()
    assert (Tint(gains=(1, 2, 2)).image(image)[0, 0] == (108, 128, 168)).all()
    assert (Tint(offsets=(5, 0, 200)).image(image)[0, 0] == (113, 128, 255)).all()


def test_drawn_tints_differ_and_keep_to_their_strength() -> None:
    rng = np.random.default_rng(0)
    tints = [draw_tint(rng, 0.2) for _ in range(50)]
    assert all(0.8 <= t.contrast <= 1.2 and 0.8 <= t.saturation <= 1.2 for t in tints)
    assert all(abs(g - 1) <= 0.1 for t in tints for g in t.gains)
    assert np.std([t.offsets for t in tints]) > 3
    assert draw_tint(rng, 0.0) == Tint()


def test_crossing_crops_hold_a_crossing(records: list[dict]) -> None:
    photograph = load_working(records[0], 540)
    rng = np.random.default_rng(0)
    for _ in range(20):
        crop = draw_crop(rng, photograph, size=128, crossing_share=1.0, rotation=180, zoom=1.2)
        found = crop.points(photograph.centers)
        assert ((found >= -20) & (found < 148)).all()


def test_instances_are_labelled_as_the_dataset_is() -> None:
    vessels = np.zeros((100, 100), np.uint8)
    vessels[48:53] = 255
    centers = np.array([[50.0, 50.0], [120.0, 50.0]])
    instances = make_instances(centers, vessels, 2.0, (100, 100), LabelOptions())
    assert len(instances) == 1  # the other crossing lies outside
    assert instances.gt_boxes.tensor.tolist() == [[30.5, 30.5, 70.5, 70.5]]
    assert instances.gt_masks.tensor.sum() == 5 * 40
    assert instances.gt_classes.tolist() == [0]
    empty = make_instances(np.zeros((0, 2)), vessels, 2.0, (100, 100), LabelOptions())
    assert len(empty) == 0 and empty.gt_masks.tensor.shape == (0, 100, 100)


def test_labels_are_resized_without_breaking_vessels() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[:, 20:22] = 1
    labels[20:22, :] = 2
    labels[20:22, 20:22] = 3
    np.testing.assert_array_equal(resize_labels(labels, 20, 20), labels[::2, ::2])
    large = resize_labels(labels, 80, 80)
    assert set(np.unique(large)) == {0, 1, 2, 3}
    assert large[10, 41] == 1 and large[41, 10] == 2 and large[41, 41] == 3


def test_cut_labels_are_never_mixed() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30] = 2
    cut = Crop(center=(20.0, 20.0), size=64, angle=30.0).labels(labels, outside=255)
    assert set(np.unique(cut)) == {0, 2, 255}
    assert cut[32, 32] == 2 and cut[0, 0] == 255


def test_train_mapper(records: list[dict]) -> None:
    cfg = get_av_config()
    cfg.merge_from_list(["INPUT.CROSSPOS.FOV_DIAMETER", 540, "INPUT.CROSSPOS.CROP_SIZE", 128])
    mapped = CrossPosTrainMapper(cfg)(records[0])
    assert mapped["image"].shape == (3, 128, 128) and mapped["image"].dtype == torch.float32
    assert 0 <= mapped["image"].min() and 64 < mapped["image"].max() <= 255
    assert mapped["instances"].image_size == (128, 128)
    assert mapped["av"].shape == (128, 128) and mapped["av"].dtype == torch.int64


@pytest.mark.parametrize(("order", "red"), [("RGB", 0), ("BGR", 2)])
def test_test_mapper_and_channel_order(records: list[dict], order: str, red: int) -> None:
    cfg = get_av_config()
    cfg.merge_from_list(["INPUT.CROSSPOS.FOV_DIAMETER", 198, "INPUT.FORMAT", order])
    mapped = CrossPosTestMapper(cfg)(records[0])
    assert mapped["image"].shape == (3, 200, 240)
    assert (mapped["height"], mapped["width"]) == (100, 120)
    assert mapped["image"][red].max() == 180
    json.dumps(mapped["image_id"])


def test_squeezed_crops_differ_in_photograph_and_labels(records: list[dict]) -> None:
    cfg = get_av_config()
    cfg.merge_from_list(["INPUT.CROSSPOS.CROP_SIZE", "192", "INPUT.CROSSPOS.FOV_DIAMETER", "600"])

    def mapped(share: float, seed: int) -> dict:
        cfg.INPUT.CROSSPOS.SQUEEZE = share
        np.random.seed(seed)
        return CrossPosTrainMapper(cfg)(records[0])

    moved = 0
    for seed in range(5):
        plain, squeezed = mapped(0.0, seed), mapped(1.0, seed)
        changed = float((plain["av"] != squeezed["av"]).float().mean())
        assert changed < 0.1 and squeezed["av"].shape == plain["av"].shape
        boxes = (x["instances"].gt_boxes.tensor for x in (plain, squeezed))
        assert torch.equal(*boxes)
        if changed > 0:  # a crop may have no stretch that is long enough
            moved += 1
            assert not torch.equal(plain["image"], squeezed["image"])
    assert moved >= 2
