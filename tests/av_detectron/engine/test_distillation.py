"""A detector of low rank learns to answer as the one that it was made of."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.config import load_config
from av_detectron.engine.distillation import (
    WEIGHTS,
    answers_of,
    distances,
    distillation_loss,
    mean_map,
)
from av_detectron.modeling.crossing_rcnn import CrossingRCNN
from av_grading.models.low_rank import ranks_of
from av_grading.training.low_rank import lowered, measure

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]


@pytest.fixture(scope="module")
def detector(repo: Path) -> CrossingRCNN:
    torch.manual_seed(0)
    cfg = load_config(repo / "configs/cpu/safpn_av.yaml", [*TINY, "MODEL.AV_HEAD.DISC", "True"])
    return build_model(cfg).eval()


IMAGE = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(2))


def test_a_detector_answers_as_itself(detector: CrossingRCNN) -> None:
    with torch.no_grad():
        answers, boxes = answers_of(detector, IMAGE)
        found = distances(answers_of(detector, IMAGE, boxes)[0], answers)
    assert found.keys() == WEIGHTS.keys()
    assert all(abs(float(value)) < 1e-4 for value in found.values())


def test_one_of_low_rank_comes_nearer(detector: CrossingRCNN) -> None:
    responses = measure(detector, lambda: answers_of(detector, IMAGE))
    student = lowered(detector, responses, 0.9)
    assert any(name.startswith("backbone.bottom_up.") for name in ranks_of(student.state_dict()))
    with torch.no_grad():
        wanted, boxes = answers_of(detector, IMAGE)
    optimizer = torch.optim.Adam(student.parameters(), 1e-4)
    losses = []
    for _ in range(4):
        loss = distillation_loss(distances(answers_of(student, IMAGE, boxes)[0], wanted))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_the_map_to_learn_is_the_mean_of_views(detector: CrossingRCNN) -> None:
    with torch.no_grad():
        answers, _ = answers_of(detector, IMAGE)
        assert mean_map(detector, IMAGE, answers["map"]) is answers["map"]
        detector.n_views = 2
        mean = mean_map(detector, IMAGE, answers["map"])
        other = answers_of(detector, IMAGE.flip(-1))[0]["map"].flip(-1).softmax(dim=1)
        detector.n_views = 1
    expected = (answers["map"].softmax(dim=1) + other) / 2
    torch.testing.assert_close(mean.softmax(dim=1), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mean.logsumexp(dim=1), answers["map"].logsumexp(dim=1))
