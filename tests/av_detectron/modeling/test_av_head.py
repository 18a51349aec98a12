"""The artery/vein head, its losses, and the detector that it guides."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage

from av_detectron.config import load_config
from av_detectron.data.disc import OpticDisc, draw_disc
from av_detectron.modeling.av_head import AVHead, batch_labels, photograph_discs
from av_detectron.modeling.av_loss import (
    ARTERY_KIND,
    IGNORED,
    UNCERTAIN,
    VEIN_KIND,
    av_loss,
    disc_loss,
    kinds_alone,
)

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]


@pytest.fixture(scope="module", params=["cpu/safpn_av.yaml", "cpu/fpn_av.yaml"])
def model(request: pytest.FixtureRequest, repo: Path) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(load_config(repo / "configs" / request.param, TINY))


def logits_of(labels: torch.Tensor, certainty: float = 20.0) -> torch.Tensor:
    return certainty * torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2).float()


def test_right_map_costs_nothing_and_wrong_map_much() -> None:
    labels = torch.tensor([[[0, 1, 2, 0], [0, 1, 2, 0]]])
    right = av_loss(logits_of(labels), labels)
    assert max(right.values()) < 1e-4
    swapped = av_loss(logits_of(torch.tensor([[[0, 2, 1, 0], [0, 2, 1, 0]]])), labels)
    assert swapped["loss_av_ce"] == pytest.approx(10.0, abs=0.01)  # half of the pixels, 20 each
    assert swapped["loss_av_kind"] == pytest.approx(20.0, abs=0.01)  # every vessel pixel
    # vessel Dice 1; artery and vein find nothing of their 2 pixels: 1 / (2 + 2 + 1) each
    assert swapped["loss_av_dice"] == pytest.approx(1 - (1 + 0.2 + 0.2) / 3, abs=1e-3)


def test_broad_labels_teach_the_kind_alone() -> None:
    labels = torch.zeros(1, 9, 9, dtype=torch.long)
    labels[0, 4, :4], labels[0, 4, 4], labels[0, 4, 5:] = 1, UNCERTAIN, 2
    kinds = kinds_alone(labels[0], reach=2)[None]
    assert (kinds[0, 4, :4] == ARTERY_KIND).all() and (kinds[0, 4, 5:] == VEIN_KIND).all()
    assert kinds[0, 4, 4] == IGNORED and (kinds[0, 2:4] == IGNORED).all()
    assert (kinds[0, :2] == 0).all() and (kinds[0, 7:] == 0).all()
    # All background: the vessels are not missed, only their kind is not told.
    nothing = av_loss(logits_of(torch.zeros_like(labels)), kinds)
    assert nothing["loss_av_ce"] < 1e-4 and nothing["loss_av_dice"] < 1e-4
    assert nothing["loss_av_kind"] == pytest.approx(0.693, abs=1e-3)
    swapped = av_loss(logits_of(torch.where(labels == 1, 2, 1)), kinds)
    assert swapped["loss_av_kind"] == pytest.approx(20.0, abs=0.01)


def test_disc_loss_counts_what_is_known() -> None:
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    labels[0, 2:6, 2:6], labels[1] = 1, IGNORED
    right = 20.0 * (2 * (labels == 1).float() - 1)
    right[1] = 5.0  # not known: whatever is said there costs nothing
    assert disc_loss(right, labels)["loss_disc"] < 1e-4
    assert disc_loss(-right, labels)["loss_disc"] > 5
    assert disc_loss(right[1:], labels[1:])["loss_disc"] == pytest.approx(0.0)


def test_disc_comes_back_in_px_of_the_photograph() -> None:
    logits = torch.full((1, 1, 40, 40), -9.0)
    logits[0, 0, 10:30, 5:25] = 9.0  # 80 x 80 px of the image, at stride 4
    record = {"width": 320, "height": 300, "drive_px": 1.0}  # a photograph twice as large
    (disc,) = photograph_discs(logits, [record], [(150, 160)], 4)
    assert disc is not None
    # The first px of the cells' middle, 14.5 and 19.5, in a photograph twice as large.
    assert (disc.x, disc.y) == pytest.approx((116.5, 156.5), abs=0.01)
    assert disc.diameter == pytest.approx(2 * 80 * 2 / 3.14159**0.5, rel=0.01)
    assert photograph_discs(logits - 18, [record], [(150, 160)], 4) == [None]
    assert photograph_discs(None, [record], [(150, 160)], 4) == [None]


def test_disc_lies_where_its_training_label_does() -> None:
    labelled = OpticDisc(97.0, 66.0, 60.0)
    record = {"disc": torch.from_numpy(draw_disc(labelled, (160, 160))).long()}
    labels = batch_labels([record], torch.zeros(1, 1, 40, 40), "disc", 4)
    (disc,) = photograph_discs(18.0 * labels[:, None] - 9.0, [{}], [(160, 160)], 4)
    assert disc is not None
    assert (disc.x, disc.y) == pytest.approx((labelled.x, labelled.y), abs=0.3)
    assert disc.diameter == pytest.approx(labelled.diameter, rel=0.02)


def test_uncertain_vessel_may_be_either_but_not_background() -> None:
    labels = torch.tensor([[[0, UNCERTAIN, 0, 0]]])
    for kind in (1, 2):
        loss = av_loss(logits_of(torch.tensor([[[0, kind, 0, 0]]])), labels)
        assert loss["loss_av_ce"] < 1e-4 and loss["loss_av_dice"] < 1e-3
        assert loss["loss_av_kind"] == 0
    missed = av_loss(logits_of(torch.zeros(1, 1, 4, dtype=torch.long)), labels)
    assert missed["loss_av_ce"] < 1e-4 and missed["loss_av_dice"] > 0.1


def test_outside_is_not_scored() -> None:
    labels = torch.tensor([[[0, 1, IGNORED, IGNORED]]])
    one = av_loss(logits_of(torch.tensor([[[0, 1, 2, 1]]])), labels)
    assert one["loss_av_ce"] < 1e-4 and one["loss_av_dice"] < 1e-3
    nothing = av_loss(logits_of(torch.zeros(1, 2, 2, dtype=torch.long)), torch.full((1, 2, 2), 255))
    assert torch.isfinite(torch.stack(list(nothing.values()))).all()


@pytest.mark.parametrize("stride", [4, 8])
def test_head_answers_at_the_images_resolution(stride: int) -> None:
    head = AVHead(channels=24, stride=stride, width=16)
    image, level = torch.randn(2, 3, 64, 96), torch.randn(2, 24, 64 // stride, 96 // stride)
    assert head(image, level).shape == (2, 3, 64, 96)


def example() -> dict:
    instances = Instances((128, 128))
    instances.gt_boxes = Boxes(torch.tensor([[40.0, 40, 70, 70]]))
    instances.gt_classes = torch.zeros(1, dtype=torch.int64)
    instances.gt_masks = BitMasks(torch.ones(1, 128, 128, dtype=torch.bool))
    labels = torch.zeros(128, 128, dtype=torch.int64)
    labels[50:60] = 1
    return {"image": torch.rand(3, 128, 128) * 255, "instances": instances, "av": labels}


def test_training_gives_all_losses_and_teaches_every_part(model: torch.nn.Module) -> None:
    model.train()
    with EventStorage():
        losses = model([example()])
    assert {"loss_av_ce", "loss_av_dice", "loss_cls", "loss_mask", "loss_rpn_cls"} <= set(losses)
    sum(losses.values()).backward()
    # a stock FPN has levels that no head reads
    used = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    for part in ("av_head.skip", "av_head.predict", "guide", "backbone.bottom_up.stem"):
        assert any(name.startswith(part) for name in used), part
    model.zero_grad()


def test_where_crossings_are_not_known_the_map_alone_is_taught(
    model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.train()
    crops = [example(), {**example(), "crossings_known": False}]
    found = []
    with EventStorage():
        for batch in (crops, crops[:1], crops[1:]):
            torch.manual_seed(0)  # samples of proposals are drawn
            found.append(model(batch))
    both, known, unknown = found
    assert set(unknown) == {name for name in both if name.startswith("loss_av")}
    monkeypatch.setattr("detectron2.utils.comm.get_world_size", lambda: 2)
    with EventStorage():
        sum(model(crops[1:]).values()).backward()
    parts = (model.guide, model.proposal_generator, model.roi_heads)
    assert all(p.grad is not None for part in parts for p in part.parameters())
    model.zero_grad()
    # The stock FPN's and GroupNorm's sums over a batch differ in their last digits.
    torch.testing.assert_close(both["loss_rpn_cls"], known["loss_rpn_cls"], rtol=1e-2, atol=1e-3)


@torch.no_grad()
def test_outputs_are_in_the_photographs_pixels(model: torch.nn.Module) -> None:
    model.eval()
    (output,) = model([{"image": torch.rand(3, 100, 120) * 255, "height": 50, "width": 60}])
    assert output["instances"].image_size == (50, 60)
    assert output["av"].shape == (3, 50, 60)
    torch.testing.assert_close(output["av"].sum(0), torch.ones(50, 60))


@torch.no_grad()
def test_the_map_guides_the_detector(model: torch.nn.Module) -> None:
    model.eval()
    image = torch.randn(1, 3, 128, 128)
    features, av = model.extract_features(image)
    plain = model.backbone(image)["p2"]
    torch.testing.assert_close(model.av_head(image, plain), av.logits)
    torch.testing.assert_close(av.logits.softmax(1), av.probabilities)
    assert not torch.allclose(features["p2"], plain)


@torch.no_grad()
def test_rescoring_changes_scores_and_keeps_their_order(model: torch.nn.Module) -> None:
    model.eval()
    labels = torch.zeros(1, 96, 96, dtype=torch.int64)
    labels[0, 46:51], labels[0, :, 46:51] = 1, 2  # a cross
    found = Instances((96, 96))
    found.pred_boxes = Boxes(torch.tensor([[10.0, 10, 30, 30], [38, 38, 58, 58]]))
    found.scores = torch.tensor([0.6, 0.5])
    model.rescoring_weight = 3.0
    rescored = model.rescore(found, logits_of(labels)[0].softmax(0), 1.0)
    model.rescoring_weight = 0.0
    assert rescored.pred_boxes.tensor[0].tolist() == [38, 38, 58, 58]  # where the cross is
    assert rescored.scores[0] > 0.7 and rescored.scores[1] < 0.4
