"""Close-ups are cut where they should be, and have the crossing in their middle."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.close_ups.cut import PIXELS, SCALE, cut_close_up, cut_coarse, to_inputs
from av_grading.close_ups.fine_map import CloseUp, load_close_up, save_close_up
from av_grading.close_ups.grader_maps import grader_map
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.gradable import CHECKS, REASONS, GradableRule, KnownOfCrossing
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.reading_head import ReadingHead
from av_grading.models.weights_file import WeightsError
from av_grading.vessels.center import gaussian_blur, refine_center
from av_grading.vessels.crossing_vessels import FEATURES, crossing_vessels

SMALL = (8, 16)


def phantom_shares(width: float = 20, artery: float = 14) -> tuple[np.ndarray, np.ndarray]:
    """A close-up (P, P, 3) and its labels as sure probabilities (4, P, P)."""
    phantom = draw_vein(np.random.default_rng(1), width, size=PIXELS, artery=artery, blur=1.2)
    return phantom.photograph, np.stack([(phantom.av_map == k) for k in range(4)]).astype("float32")


def test_a_close_up_and_its_coarse_map_show_the_same_place() -> None:
    photograph = np.zeros((400, 500, 3), np.uint8)
    av = np.zeros((3, 400, 500), np.float32)
    photograph[190:211, 240:261] = 255
    av[2, 190:211, 240:261] = 1
    patch = cut_close_up(photograph, (250 + 10, 200), drive_px=2.0)
    coarse = cut_coarse(av, (250 + 10, 200), drive_px=2.0)
    assert patch.shape == (PIXELS, PIXELS, 3) and coarse.shape == (2, PIXELS // 4, PIXELS // 4)
    middle = (PIXELS - 1) / 2
    seen = np.argwhere(patch[..., 0] > 127).mean(axis=0)
    assert seen == pytest.approx([middle, middle - 10 / 2 * SCALE], abs=1)
    rough = (np.argwhere(coarse[1] > 127).mean(axis=0) + 0.5) * SCALE - 0.5
    assert rough == pytest.approx(seen, abs=2.5)


def test_inputs_do_not_depend_on_light_and_say_whether_the_coarse_map_is_known() -> None:
    photograph, shares = phantom_shares()
    patch = torch.from_numpy(photograph.transpose(2, 0, 1).copy())[None]
    coarse = torch.full((1, 2, PIXELS // SCALE, PIXELS // SCALE), 255, dtype=torch.uint8)
    bright = to_inputs(patch, coarse)
    dark = to_inputs((patch.float() * 0.6).round().byte(), coarse)
    assert bright.shape == (1, 6, PIXELS, PIXELS)
    assert (bright[:, :3] - dark[:, :3]).abs().mean() < 0.1
    assert bright[0, 3:].unique().tolist() == [1.0]
    assert to_inputs(patch, None)[0, 3:].unique().tolist() == [0.0]
    assert to_inputs(patch, coarse, torch.zeros(1))[0, 3:].unique().tolist() == [0.0]


@pytest.mark.parametrize("off", [(0, 0), (9, -12), (-14, 8)])
def test_the_centre_is_found_where_the_vessels_cross(off: tuple[int, int]) -> None:
    _, shares = phantom_shares()
    moved = np.roll(shares, off[::-1], axis=(1, 2))
    truth = np.argwhere(moved[OVERLAP] > 0).mean(axis=0)[::-1]
    assert refine_center(moved) == pytest.approx(truth, abs=3)


def test_without_a_crossing_the_centre_stays() -> None:
    shares = np.zeros((4, PIXELS, PIXELS), np.float32)
    shares[0] = 1
    assert refine_center(shares) == ((PIXELS - 1) / 2, (PIXELS - 1) / 2)


def test_vessels_are_measured() -> None:
    photograph, shares = phantom_shares(width=20, artery=14)
    found = crossing_vessels(photograph, shares, ((PIXELS - 1) / 2, (PIXELS - 1) / 2))
    assert not found.why
    assert found.vein_width == pytest.approx(20 / SCALE, abs=0.4)
    assert found.artery_width == pytest.approx(14 / SCALE, abs=0.4)
    assert found.angle > 55 and found.contrast[1] > 0.1
    assert len(found.features()) == len(FEATURES)


def test_a_vein_that_ends_does_not_go_through() -> None:
    photograph, shares = phantom_shares()
    labels = shares.argmax(axis=0)
    middle = PIXELS // 2
    for kind in (VEIN, ARTERY):
        # The half to the right of the crossing is wiped out.
        cut = shares.copy()
        gone = (labels == kind) & (np.arange(PIXELS) > middle)
        gone |= (labels == kind) & (np.arange(PIXELS)[:, None] > middle) & (kind == ARTERY)
        cut[kind][gone], cut[0][gone] = 0, 1
        found = crossing_vessels(photograph, cut, (middle, middle))
        assert found.why and found.angle == 0


def test_each_reason_is_told() -> None:
    assert GradableRule().why_not(KnownOfCrossing(0.9, 0.9, 2.0, 40.0)) is None
    assert GradableRule().why_not(KnownOfCrossing()) is None
    cases = [
        ((0.1, 0.9, 2.0, 40.0), "vein_above", "probability 0.90"),
        ((0.9, 0.2, 2.0, 40.0), "unclear", "probability 0.20"),
        ((0.9, 0.9, 0.3, 40.0), "disc", "0.30 disc diameters"),
        ((0.9, 0.9, 2.0, 6.0), "edge", "6 DRIVE px"),
    ]
    for known, code, text in cases:
        why = GradableRule().why_not(KnownOfCrossing(*known))
        assert why is not None and why.code == code and text in why.text


def test_every_check_has_its_reason_in_the_one_table() -> None:
    assert list(CHECKS) == list(REASONS)
    assert all(reason.meaning and "{" in reason.text for reason in REASONS.values())


def test_graders_get_the_crossing_in_the_middle() -> None:
    _, shares = phantom_shares()
    moved = np.roll(shares, 12, axis=2)
    made = grader_map(moved, ((PIXELS - 1) / 2 + 12, (PIXELS - 1) / 2))
    still = grader_map(shares, ((PIXELS - 1) / 2, (PIXELS - 1) / 2))
    assert made.shape == (3, 96, 96) and made.dtype == np.uint8
    inner = np.s_[:, 16:-16, 16:-16]
    assert np.abs(made[inner].astype(int) - still[inner]).mean() < 2


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = CloseUpNet(SMALL).eval()
    patches = torch.randint(0, 255, (3, 3, 64, 64), dtype=torch.uint8)
    look = CloseUp(network).look(patches)
    size = look.pooled.shape[1] + len(FEATURES)
    head = ReadingHead(
        torch.zeros(5, size), torch.ones(5, size), torch.randn(5, size), torch.ones(5)
    )
    save_close_up(CloseUp(network, head), tmp_path / "net.safetensors")
    again = load_close_up(tmp_path / "net.safetensors")
    assert np.abs(again.look(patches).shares - look.shares).max() < 5e-3
    assert look.shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert again.head is not None and torch.equal(again.head.weight, head.weight)
    photograph, shares = phantom_shares()
    vessels = [crossing_vessels(photograph, shares, (96, 96))] * 3
    answers = again.read(again.look(patches), vessels)
    assert answers.grade.shape == (3, 4) and answers.grade.sum(axis=1) == pytest.approx(1)
    for known in (answers.clear, answers.artery_above):
        assert ((known > 0) & (known < 1)).all()
    assert np.isnan(answers.bent).all()
    with pytest.raises(WeightsError, match="reading head"):
        CloseUp(network).read(look, vessels)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="found no file"):
        load_close_up(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("not weights")
    with pytest.raises(WeightsError, match="damaged"):
        load_close_up(tmp_path / "text.safetensors")
    from av_grading.grader import DEFAULT_GRADER

    with pytest.raises(WeightsError, match="expected weights of close_up_unet, found .two_stream"):
        load_close_up(DEFAULT_GRADER)


def test_in_bfloat16_the_answers_are_nearly_the_same() -> None:
    photograph, _ = phantom_shares()
    patches = torch.from_numpy(photograph.transpose(2, 0, 1).copy())[None]
    exact = load_close_up()
    rounded = exact.in_bfloat16()
    assert next(rounded.network.parameters()).dtype == torch.bfloat16
    assert next(exact.network.parameters()).dtype == torch.float32
    looks = [network.look(patches) for network in (exact, rounded)]
    assert looks[1].shares.dtype == np.float32 and looks[1].pooled.dtype == torch.float32
    labels = [look.shares.argmax(axis=1) for look in looks]
    vessel = labels[0] > 0
    assert vessel.any() and (labels[0] != labels[1])[vessel].mean() < 0.02
    assert np.abs(looks[0].middles - looks[1].middles).max() < 0.5
    scale = float(looks[0].pooled.abs().max())
    assert float((looks[0].pooled - looks[1].pooled).abs().max()) < 0.03 * scale


@pytest.mark.parametrize("sigma", [3.0, 4.0])
def test_blurring_is_that_of_scipy(sigma: float) -> None:
    image = np.random.default_rng(0).random((96, 80), np.float32)
    assert gaussian_blur(image, sigma) == pytest.approx(gaussian_filter(image, sigma), abs=1e-5)
