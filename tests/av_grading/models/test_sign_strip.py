"""What is left to see of a vein, from straightened veins."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from av_grading.close_ups.cut import PIXELS, SCALE
from av_grading.close_ups.fine_map import CloseUp
from av_grading.close_ups.from_photograph import (
    CloseUpSource,
    Options,
    cut_photograph,
    write_photograph,
)
from av_grading.close_ups.strips import Strips, cut_strips
from av_grading.close_ups.strips import truth_of as row_truth
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.labels import VEIN
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.registry import DEFAULT_SIGN_STRIP
from av_grading.models.sign_strip import (
    MIDDLES,
    SignStrip,
    StripSigns,
    load_sign_reader,
    save_sign_reader,
)
from av_grading.models.weights_file import WeightsError
from av_grading.signs.strip_signs import READ
from av_grading.simulation.effects.squeeze import Squeeze, squeeze
from av_grading.simulation.vein import measure_vein
from av_grading.training.sign_strip import augment, truth_of
from av_grading.vessels.centerline import VesselLine, trace
from av_grading.vessels.crossing_vessels import crossing_vessels
from av_grading.vessels.straighten import (
    ALONG,
    CHANNELS,
    COLUMNS,
    ROWS,
    straighten,
    straighten_both,
)
from tests.av_grading.conftest import draw_crossing

MIDDLE = (PIXELS - 1) / 2


def close_up(amount: Squeeze, turns: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A drawn crossing, (P, P, 3), and its labels as sure probabilities, (4, P, P)."""
    photograph, av_map = draw_crossing(PIXELS + 1, vein_width=22, artery_width=15, angle=75)
    line = trace(av_map, VEIN, (MIDDLE, MIDDLE), SCALE)
    vein = measure_vein(av_map, line, SCALE)
    photograph, av_map = squeeze(photograph, av_map, vein, amount, SCALE)
    photograph, av_map = photograph[:PIXELS, :PIXELS], av_map[:PIXELS, :PIXELS]
    shares = np.stack([av_map == k for k in range(4)]).astype(np.float32)
    return np.rot90(photograph, turns).copy(), np.rot90(shares, turns, (1, 2)).copy()


def strip_of(amount: Squeeze, turns: int = 0) -> np.ndarray:
    patch, shares = close_up(amount, turns)
    vessels = crossing_vessels(patch, shares, (MIDDLE, MIDDLE))
    assert vessels.vein is not None
    return straighten(patch, shares, vessels.vein, vessels.vein_width)


def test_a_straightened_vein_lies_along_the_middle_rows() -> None:
    strip = strip_of(Squeeze())
    assert strip.shape == (CHANNELS, ROWS, COLUMNS) and strip.dtype == np.uint8
    vein = (strip[4] > 127) | (strip[5] > 127)
    assert vein[ROWS // 2 - 4 : ROWS // 2 + 4].mean() > 0.97
    assert vein.sum(axis=0) == pytest.approx(ROWS / 4, abs=2.5)  # a strip is four widths wide
    assert (strip[5] > 127)[:, COLUMNS // 2 - 3 : COLUMNS // 2 + 3].any()


def test_a_narrowing_is_where_it_was_drawn() -> None:
    strip = strip_of(Squeeze(1.0, 0.4, length=9))
    sides = (strip[4] > 127).sum(axis=0)
    away = slice(COLUMNS // 2 + 7, COLUMNS // 2 + 11), slice(COLUMNS // 2 - 11, COLUMNS // 2 - 7)
    narrow, free = sorted(sides[part].mean() for part in away)
    assert narrow < 0.8 * free


def test_a_line_the_other_way_round_gives_the_mirror_image() -> None:
    patch, shares = close_up(Squeeze(0.5, 1.0))
    line = crossing_vessels(patch, shares, (MIDDLE, MIDDLE)).vein
    assert line is not None
    back = VesselLine(line.second, line.first)
    first, second = (straighten(patch, shares, way, 5.5) for way in (line, back))
    # Turned about, right and left change places, and above and below.
    assert np.abs(first.astype(int) - second[:, ::-1, ::-1]).mean() < 3


def test_a_short_line_goes_on_straight() -> None:
    patch, shares = close_up(Squeeze())
    line = crossing_vessels(patch, shares, (MIDDLE, MIDDLE)).vein
    assert line is not None
    short = VesselLine(line.first[:20], line.second[:20])
    strips = [straighten(patch, shares, way, 5.5)[4].astype(int) for way in (line, short)]
    inner = slice(round(COLUMNS / 2 - 14 / ALONG), round(COLUMNS / 2 + 14 / ALONG))
    assert np.abs(strips[0] - strips[1])[:, inner].mean() < 12


def test_truths_are_probabilities_whose_grades_are_the_definition_s() -> None:
    rng = np.random.default_rng(0)
    visible = rng.uniform(0.1, 1.1, (300, 2))
    for limit in (0.6, 0.85):  # nearer than the truth's own blur any grade would do
        visible = visible[(np.abs(visible - limit) > 0.12).all(axis=1)]
    values = np.full((len(visible), 2, len(READ)), np.nan)
    values[..., :2] = visible[..., None]
    truth = truth_of(torch.from_numpy(values).float())
    assert truth[:, :, :2].sum(dim=-1) == pytest.approx(1, abs=1e-5)
    assert not truth[:, :, 2].any()  # not known
    found = StripSigns(truth.double().numpy())
    assert found.means[..., 0] == pytest.approx(visible, abs=0.03)
    assert (found.deviations[..., :2] < 0.06).all()
    assert found.probabilities().sum(axis=1) == pytest.approx(1, abs=1e-5)
    grades = [Thresholds().grade(*pair) for pair in visible]
    assert found.probabilities().argmax(axis=1).tolist() == grades and set(grades) == {0, 1, 2, 3}


def test_rows_say_what_their_simulation_draws() -> None:
    drawn = {"visible_first": 0.4, "contrast_first": 0.8, "width_first": 0.5}
    first, second = row_truth(pd.Series(drawn))
    assert first.tolist() == pytest.approx([0.4, 0.8, 0.5])
    squeezed = pd.Series({"ratio_first": 0.6, "ratio_second": 0.9, "faded_first": 0.3})
    first, second = row_truth(squeezed)
    assert np.isnan(first[:2]).all() and first[2] == pytest.approx(0.6)
    assert second.tolist() == pytest.approx([0.9, 1, 0.9])


def test_both_sides_are_read_alike() -> None:
    torch.manual_seed(0)
    network = SignStrip((8, 8, 8)).eval()
    strips = torch.randint(0, 256, (3, CHANNELS, ROWS, COLUMNS), dtype=torch.uint8)
    widths = torch.tensor([3.0, 5.0, 7.0])
    found, mirrored = network(strips, widths), network(strips.flip(3), widths)
    assert found.shape == (3, 2, len(READ), len(MIDDLES))
    assert torch.allclose(found[:, 0], mirrored[:, 1], atol=1e-5)


def test_augmentation_hides_pixels_or_map_but_never_both() -> None:
    seen = augment(torch.ones(400, CHANNELS, ROWS, COLUMNS), np.random.default_rng(0))
    pixels, shares = seen[:, :3].abs().amax((1, 2, 3)), seen[:, 3:].abs().amax((1, 2, 3))
    assert 0.15 < float((shares == 0).float().mean()) < 0.35
    assert 0.04 < float((pixels == 0).float().mean()) < 0.16
    assert not ((shares == 0) & (pixels == 0)).any()


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    network = SignStrip((8, 8, 8)).half().float().eval()
    save_sign_reader(network, tmp_path / "signs.safetensors")
    again = load_sign_reader(tmp_path / "signs.safetensors").network
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    (tmp_path / "text.safetensors").write_text("no weights")
    for path in (tmp_path / "none.safetensors", tmp_path / "text.safetensors"):
        with pytest.raises(WeightsError, match=path.name):
            load_sign_reader(path)


def test_a_crossing_whose_vein_ends_is_refused() -> None:
    patch, shares = close_up(Squeeze())
    shares[2:, :, : PIXELS // 2] = 0
    shares[0] = 1 - shares[1:].sum(axis=0)
    vessels = crossing_vessels(patch, shares, (MIDDLE, MIDDLE))
    assert vessels.vein is None
    assert load_sign_reader(DEFAULT_SIGN_STRIP).read([], []).means.shape == (0, 2, len(READ))


@pytest.mark.parametrize("turns", [0, 1])
def test_what_is_shipped_reads_a_drawn_narrowing(turns: int) -> None:
    assert DEFAULT_SIGN_STRIP.stat().st_size < 5e6
    amounts = [Squeeze(), Squeeze(0.7, 1.0, 9), Squeeze(0.45, 1.0, 9), Squeeze(0.5, 0.5, 9)]
    views = [close_up(amount, turns) for amount in amounts]
    vessels = [crossing_vessels(p, s, (MIDDLE, MIDDLE)) for p, s in views]
    strips = [straighten_both(*view, v)[0][0] for view, v in zip(views, vessels, strict=True)]
    found = load_sign_reader(DEFAULT_SIGN_STRIP).read(strips, [v.vein_width for v in vessels])
    walls = found.means[..., READ.index("wall_width")]
    smaller, larger = walls.min(axis=1), walls.max(axis=1)
    assert smaller[0] > smaller[1] > smaller[2] and smaller[0] > 0.8 and smaller[2] < 0.65
    assert larger[2] > 0.8 and larger[3] < 0.7
    expected = found.probabilities() @ np.arange(4)
    assert (np.diff(expected) > 0).all() and expected[0] < 1.4 and expected[3] > 2.2


def write_close_ups(folder: Path, name: str) -> None:
    photograph, av_map = draw_crossing(361, vein_width=22, artery_width=15, angle=75)
    source = CloseUpSource(
        name=f"drawn/{name}.png",
        set_name="drawn",
        pixels=photograph,
        labels=av_map,
        unknown=np.zeros_like(av_map),
        av=np.stack([av_map == k for k in range(3)]).astype(np.float32),
        drive_px=float(SCALE),
        crossings=np.array([[180.0, 180.0]]),
        others=np.zeros((0, 2)),
    )
    write_photograph(source, list(cut_photograph(source, Options())), folder)


def test_strips_know_which_side_is_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_close_ups(tmp_path / "close_ups", "eye")

    def look(self: CloseUp, patches: torch.Tensor, coarse: torch.Tensor) -> object:
        from av_grading.close_ups.fine_map import Look
        from av_grading.close_ups.load import load_close_ups
        from av_grading.vessels.center import refine_center

        data = load_close_ups(tmp_path / "close_ups")
        start = (data.labels.shape[-1] - PIXELS) // 2
        inner = data.labels[:, :3, start : start + PIXELS, start : start + PIXELS].numpy() / 255
        shares = np.concatenate([1 - inner.sum(axis=1, keepdims=True), inner], axis=1)
        middles = np.array([refine_center(s) for s in shares.astype(np.float32)])
        return Look(shares.astype(np.float32), middles, torch.zeros(len(shares), 1))

    monkeypatch.setattr(CloseUp, "look", look)
    kept = tmp_path / "strips.safetensors"
    found = cut_strips(CloseUp(CloseUpNet((8, 16))), tmp_path / "close_ups", kept)
    assert isinstance(found, Strips) and len(found) == 5
    vein = (found.strips[:, 4] > 127).sum(dim=1).float()
    beside = torch.stack(
        [
            vein[:, COLUMNS // 2 - 11 : COLUMNS // 2 - 7],
            vein[:, COLUMNS // 2 + 7 : COLUMNS // 2 + 11],
        ],
        dim=1,
    ).mean(dim=2)
    ratios = found.truth[..., READ.index("wall_width")]
    uneven = (ratios[:, 0] - ratios[:, 1]).abs() > 0.25
    assert uneven.any()
    seen = (beside[:, 0] > beside[:, 1])[uneven]
    assert (seen == (ratios[:, 0] > ratios[:, 1])[uneven]).all()
    again = cut_strips(CloseUp(CloseUpNet((8, 16))), tmp_path / "close_ups", kept)
    assert torch.equal(again.strips, found.strips)
    assert torch.allclose(again.truth, found.truth, equal_nan=True)
