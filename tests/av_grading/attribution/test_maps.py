"""Maps that can be worked out by hand, and the same interface for every grader."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from av_grading.attribution.maps import METHODS, Attribution, attribute
from av_grading.attribution.reference import without_vessels
from av_grading.attribution.scored import EXPECTED, Scored, choose_targets
from av_grading.data.patch_set import PatchSet, load_patches
from av_grading.data.transforms import to_inputs
from av_grading.formats.config_file import load_config
from av_grading.formats.manifest import read_manifest
from av_grading.grader import Grader, predict_logits
from av_grading.models.one_stream import OneStream
from av_grading.training.losses import probabilities_of
from tests.av_grading.conftest import ARTERY, VEIN, draw_crossing, make_grader

SIDE = 16


class Halves(nn.Module):
    """Two channels at a quarter of the resolution: red, and blue."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Conv2d(3, 2, 4, stride=4, bias=False)
        with torch.no_grad():
            self.layer1.weight.zero_()
            self.layer1.weight[0, 0] = 1 / 16
            self.layer1.weight[1, 2] = 1 / 16

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layer1(x)
        return found


@pytest.fixture
def by_hand() -> Grader:
    """Grade 3's logit is 2 x mean red - 1 x mean blue; the others' are 0."""
    model = OneStream(Halves(), 2, 4, dropout=0.0)
    last = model.classify[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        last.weight[3] = torch.tensor([2.0, -1.0])
    settings = ["model.kind=one_stream", "model.stages=1", f"data.crop={SIDE}"]
    return Grader(model.eval(), load_config(None, settings))


@pytest.fixture
def red_corner() -> PatchSet:
    """A grey patch whose upper left quarter is red, twice."""
    patch = torch.full((3, SIDE, SIDE), 115, dtype=torch.uint8)
    patch[:, :8, :8] = torch.tensor([255, 115, 115], dtype=torch.uint8)[:, None, None]
    return PatchSet(
        patch[None].repeat(2, 1, 1, 1),
        torch.zeros((2, SIDE, SIDE), dtype=torch.uint8),
        torch.tensor([3, 3]),
        ["a", "b"],
    )


def test_gradcam_is_the_weighted_sum_of_channels(by_hand: Grader, red_corner: PatchSet) -> None:
    aims = torch.tensor([3, 3])
    found = attribute(Scored(by_hand), red_corner, aims, crop=SIDE, method="gradcam")
    # Cells are 4 x 4; the logit's slope to each is its weight / 16.
    inputs, _ = to_inputs(red_corner.patches, red_corner.maps, SIDE)
    red, blue = float(inputs[0, 0, 0, 0]), float(inputs[0, 2, 0, 0])
    assert found.maps["photograph"][0, 0, 0] == pytest.approx((2 * red - blue) / 16, abs=1e-5)
    elsewhere = float(inputs[0, 0, -1, -1])
    assert found.maps["photograph"][0, -1, -1] == pytest.approx(max(0, elsewhere / 16), abs=1e-5)
    assert found.positive("photograph").sum(axis=(1, 2)) == pytest.approx([1, 1], abs=1e-5)


def test_gradcam_of_a_turned_crossing_lies_where_the_pixels_are(by_hand: Grader) -> None:
    # The artery's channel raises the score: the map must be bright along the artery, not across.
    model = OneStream(Halves(), 2, 4, stream="av_map", dropout=0.0, align_vein=True)
    model.classify.load_state_dict(by_hand.model.get_submodule("classify").state_dict())
    settings = ["model.kind=one_stream", "model.stream=av_map", "model.align_vein=true"]
    grader = Grader(model.eval(), load_config(None, [*settings, "model.stages=1"]))
    _, av_map = draw_crossing(90, vein_width=12, artery_width=12, angle=60)
    turned = np.ascontiguousarray(np.rot90(av_map))
    data = PatchSet(
        torch.zeros((2, 3, 90, 90), dtype=torch.uint8),
        torch.from_numpy(np.stack([av_map, turned])),
        torch.tensor([3, 3]),
        ["a", "b"],
    )
    found = attribute(Scored(grader), data, torch.tensor([3, 3]), crop=90, method="gradcam")
    for labels, seen in zip(data.maps.numpy(), found.maps["av_map"], strict=True):
        artery = (labels == ARTERY)[25:65, 25:65]
        vein = (labels == VEIN)[25:65, 25:65]
        middle = seen[25:65, 25:65]
        assert middle[artery].mean() > 5 * middle[vein].mean()


def test_integrated_gradients_of_a_linear_score_add_up(
    by_hand: Grader, red_corner: PatchSet
) -> None:
    scored, three = Scored(by_hand), torch.tensor([3, 3])
    found = attribute(scored, red_corner, three, crop=SIDE, method="integrated_gradients")
    inputs = scored.pick(to_inputs(red_corner.patches, red_corner.maps, SIDE))
    with torch.no_grad():
        rise = scored(*inputs)[:, 3] - scored(*without_vessels(inputs, scored.streams))[:, 3]
    assert found.maps["photograph"].sum(axis=(1, 2)) == pytest.approx(rise.numpy(), abs=1e-4)
    assert found.delta is not None and np.abs(found.delta).max() < 1e-4


def test_occlusion_is_highest_where_the_score_comes_from(
    by_hand: Grader, red_corner: PatchSet
) -> None:
    three = torch.tensor([3, 3])
    found = attribute(Scored(by_hand), red_corner, three, crop=SIDE, method="occlusion")
    row, column = np.unravel_index(found.maps["photograph"][0].argmax(), (SIDE, SIDE))
    assert row < 8 and column < 8


@pytest.mark.parametrize(
    "settings",
    [
        ["model.kind=two_stream"],
        ["model.kind=two_stream", "model.pooling=concat"],
        ["model.kind=two_stream", "model.align_vein=true", "train.width_loss_weight=1.0"],
        ["model.kind=one_stream", "train.loss=corn"],
        ["model.kind=one_stream", "model.stream=av_map", "model.norm=batch", "model.stages=3"],
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_every_grader_and_method(graded: Path, settings: list[str], method: str) -> None:
    data = load_patches(read_manifest(graded)[:5])
    scored = Scored(make_grader(*settings))
    streams = ["photograph", "av_map"] if settings[0].endswith("two_stream") else []
    streams = streams or [scored.streams[0]]
    aims = torch.tensor([0, 1, 2, 3, EXPECTED])
    whole = attribute(scored, data, aims, crop=24, method=method)
    assert list(whole.maps) == streams
    for stream in streams:
        assert whole.maps[stream].shape == (5, 24, 24)
        if method == "gradcam":  # an untrained grader's may be 0: nothing raises its score
            assert whole.maps[stream].min() >= 0
        else:
            assert np.abs(whole.maps[stream]).max() > 0
    assert (whole.delta is not None) == (method == "integrated_gradients")


def test_patches_do_not_depend_on_their_batch(graded: Path) -> None:
    data, scored = load_patches(read_manifest(graded)[:5]), Scored(make_grader())
    aims = torch.tensor([0, 1, 2, 3, EXPECTED])
    for method in ("gradcam", "integrated_gradients"):
        whole = attribute(scored, data, aims, crop=24, method=method)
        parts = attribute(scored, data, aims, crop=24, method=method, batch=2)
        for stream, maps in whole.maps.items():
            assert parts.maps[stream] == pytest.approx(maps, abs=1e-4)


def test_targets() -> None:
    shares = np.array([[0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1]])
    # The grade is the expected one, rounded: 0.6 in the second row.
    assert choose_targets("predicted", shares).tolist() == [2, 1]
    assert choose_targets("expected", shares).tolist() == [EXPECTED, EXPECTED]
    assert choose_targets("3", shares).tolist() == [3, 3]
    with pytest.raises(ValueError, match="expected one of predicted, expected, 0"):
        choose_targets("4", shares)


def test_scores_are_what_the_grader_says(graded: Path) -> None:
    data = load_patches(read_manifest(graded)[:4])
    for settings in (["train.loss=corn"], []):
        grader = make_grader(*settings)
        scored = Scored(grader)
        inputs = scored.pick(to_inputs(data.patches, data.maps, 24))
        logits = predict_logits(grader.model, data, np.arange(4), 24) / grader.temperature
        said = probabilities_of(logits, grader.config.train.loss)
        with torch.no_grad():
            scores = scored(*inputs)
        assert torch.allclose(scores[:, :4].softmax(dim=1), said, atol=1e-4)
        assert torch.allclose(scores[:, 4], said @ torch.arange(4.0), atol=1e-4)
        chosen = scored.confidence(inputs, torch.tensor([0, 1, 2, EXPECTED]))
        assert chosen[:3].tolist() == pytest.approx([float(said[i, i]) for i in range(3)], abs=1e-4)
        assert float(chosen[3]) == pytest.approx(float(scores[3, 4]) / 3, abs=1e-4)


def test_nothing_raises_the_score() -> None:
    found = Attribution({"photograph": -np.ones((1, 4, 4), np.float32)})
    assert found.combined().sum() == 0


def test_wrong_use(graded: Path) -> None:
    data = load_patches(read_manifest(graded)[:1])
    scored = Scored(make_grader("model.kind=one_stream"))
    with pytest.raises(ValueError, match="method: expected one of integrated_gradients"):
        attribute(scored, data, torch.tensor([0]), crop=24, method="lime")
    with pytest.raises(ValueError, match="stream: expected one of"):
        scored.last_stage("av_map")
