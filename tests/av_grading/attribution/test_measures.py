"""What is measured of maps: where they lie, what they are worth, whether they can be trusted."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from av_grading.attribution.copies import CHANGES, Change, changed, mapped_back
from av_grading.attribution.curves import STEPS, Curves, area, measure_curves
from av_grading.attribution.localization import (
    energy_share,
    on_pressed,
    pointing,
    pressed_regions,
    vein_region,
)
from av_grading.attribution.measures import Options, compare, explain
from av_grading.attribution.randomization import shuffled
from av_grading.attribution.scored import Inputs
from av_grading.attribution.similarity import map_similarity
from av_grading.data.patch_set import PatchSet, load_patches
from av_grading.data.splits import grouped_holdout
from av_grading.formats.config_file import load_config
from av_grading.formats.errors import InputFileError
from av_grading.formats.files import png, write_whole
from av_grading.formats.labels import shares_of
from av_grading.formats.manifest import GradedPatch, read_manifest
from av_grading.training.engine import Split, train
from tests.av_grading.conftest import make_grader


def test_region_is_the_vein_near_the_crossing() -> None:
    av_map = np.zeros((1, 41, 41), np.uint8)
    av_map[0, :, 20] = 1
    av_map[0, 20] = 2
    av_map[0, 20, 20] = 3
    region = vein_region(av_map, radius=10, tolerance=0)
    assert region.sum() == 21 and region[0, 20, 20] and not region[0, 18, 20]
    assert not region[0, 20, 9] and region[0, 20, 10]
    wider = vein_region(av_map, radius=10, tolerance=2)
    assert wider[0, 18, 20] and not wider[0, 17, 20]


def test_pressed_pixels_are_those_that_differ(tmp_path: Path) -> None:
    patches, plain = [], []
    for number, changed_side in enumerate((6, 0)):
        one = np.full((32, 32, 3), 100, np.uint8)
        plain.append(_saved(tmp_path / f"plain{number}.png", one, number))
        one[13 : 13 + changed_side, 13 : 13 + changed_side] = 140
        patches.append(_saved(tmp_path / f"pressed{number}.png", one, number))
    regions = pressed_regions(patches, plain[::-1], 24)
    assert regions.shape == (2, 24, 24) and not regions[1].any()
    assert regions[0, 9:15, 9:15].all() and regions[0].sum() <= 100  # 6 px and 2 px around
    maps = np.zeros((2, 24, 24), np.float32)
    maps[:, 10, 10] = 1
    found = on_pressed(maps, regions)
    assert found["pressed_energy"][0] == 1 and np.isnan(found["pressed_energy"][1])
    assert found["pressed_energy_chance"][0] == pytest.approx(regions[0].mean())
    with pytest.raises(InputFileError, match="pressed1.png: expected the same crossing"):
        pressed_regions(patches, plain[:1], 24)


def _saved(path: Path, pixels: NDArray[np.uint8], number: int) -> GradedPatch:
    write_whole(path, png(pixels))
    return GradedPatch(path, path, 1, "eye", "drawn", {"x": str(number), "y": "1"})


def test_energy_and_pointing() -> None:
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 0, 0], maps[0, 1, 1], maps[0, 2, 2] = 3.0, 1.0, -5.0
    maps[1, 1, 1] = 1.0
    region = np.zeros((3, 4, 4), bool)
    region[:, 0, 0] = True
    assert energy_share(maps, region)[:2].tolist() == [0.75, 0.0]
    assert pointing(maps, region)[:2].tolist() == [1.0, 0.0]
    assert np.isnan(energy_share(maps, region)[2]) and np.isnan(pointing(maps, region)[2])


class RedMiddle:
    """A stand-in for a grader: its confidence is how red the middle is, its streams one."""

    streams = ("photograph",)

    def pick(self, pair: Inputs) -> Inputs:
        return (pair[0],)

    def confidence(self, inputs: Inputs, targets: torch.Tensor) -> torch.Tensor:
        return inputs[0][:, 0, 8:24, 8:24].mean(dim=(1, 2))


def test_curves_know_a_good_order_from_a_bad_one() -> None:
    patches = torch.zeros((2, 3, 32, 32), dtype=torch.uint8)
    patches[:, 0, 8:24, 8:24] = 255
    data = PatchSet(patches, torch.zeros((2, 32, 32), dtype=torch.uint8), torch.zeros(2), ["", ""])
    good = np.zeros((2, 32, 32), np.float32)
    good[:, 8:24, 8:24] = 1
    given = {"crop": 32, "seed": 0}
    scored, aims = RedMiddle(), torch.zeros(2, dtype=torch.long)
    right = measure_curves(scored, data, aims, good, **given)  # type: ignore[arg-type]
    wrong = measure_curves(scored, data, aims, -good, **given)  # type: ignore[arg-type]
    assert right.deletion.shape == (2, STEPS + 1)
    assert right.gains()["deletion_gain"].min() > 0.1
    assert right.gains()["insertion_gain"].min() > 0.1
    assert wrong.gains()["deletion_gain"].max() < -0.1
    # Half of the cells cover the middle: then all is gone, and the rest changes nothing.
    assert right.deletion[0, STEPS // 2] == pytest.approx(right.deletion[0, -1], abs=1e-5)
    for curve in (right.insertion, wrong.deletion):
        assert np.isfinite(curve).all()
    # Every order begins with the patch and ends with nothing of it.
    assert right.deletion[:, 0] == pytest.approx(wrong.deletion[:, 0])
    assert right.insertion[:, -1] == pytest.approx(right.random[:, 0], abs=1e-5)


def test_area_under_curves() -> None:
    half, falling = np.full((1, 5), 0.5, np.float32), np.linspace(1, 0, 5, dtype=np.float32)[None]
    assert area(half)[0] == pytest.approx(0.5) and area(falling)[0] == pytest.approx(0.5)
    gains = Curves(falling * 0.5, half, half, half).gains()
    assert gains["deletion_gain"][0] == pytest.approx(0.25) and gains["insertion_gain"][0] == 0


@pytest.fixture
def spot() -> PatchSet:
    """A patch of 48 px with one bright spot right of the middle, on a vein."""
    patches = torch.full((1, 3, 48, 48), 60, dtype=torch.uint8)
    patches[:, :, 22:26, 34:38] = 250
    maps = torch.zeros((1, 48, 48), dtype=torch.uint8)
    maps[:, 22:26, 34:38] = 2
    return PatchSet(patches, maps, torch.tensor([1]), ["a"])


@pytest.mark.parametrize("how", CHANGES, ids=lambda how: how.kind)
def test_copies_are_mapped_back_onto_their_patch(spot: PatchSet, how: Change) -> None:
    copy = changed(spot, how)
    moves = how.kind in ("rotation", "translation")
    assert bool((copy.maps != spot.maps).any()) == moves
    assert how.kind == "saturation" or how.kind == "hue" or (copy.patches != spot.patches).any()
    window = slice(8, 40)  # the middle, as a grader sees it
    brightness = copy.patches[:, 0, window, window].float().numpy()
    back, known = mapped_back(brightness, how, 48)
    original = spot.patches[:, 0, window, window].float().numpy()
    assert map_similarity(back > 150, original > 150, known)[0] > (0.8 if moves else 0.99)
    assert known.mean() > 0.7 and (moves or known.all())


def test_shares_are_moved_and_looked_at_as_labels_are(spot: PatchSet) -> None:
    shares = torch.from_numpy(shares_of(spot.maps[0].numpy()))[None]
    soft = PatchSet(spot.patches, shares, spot.grades, spot.groups)
    assert (soft.labels == spot.labels).all()
    for how in CHANGES:
        apart = changed(soft, how).labels != changed(spot, how).labels
        assert apart.mean() < 0.01, how.kind
        assert changed(soft, how).maps.shape == shares.shape


def test_colour_changes_are_seen_in_colour() -> None:
    patches = torch.tensor([180, 90, 50], dtype=torch.uint8)[None, :, None, None]
    data = PatchSet(
        patches.expand(1, 3, 8, 8), torch.zeros((1, 8, 8), dtype=torch.uint8), torch.zeros(1), [""]
    )
    for how in CHANGES[2:]:
        assert (changed(data, how).patches != data.patches).any(), how.kind
    with pytest.raises(ValueError, match="unknown kind 'blur'"):
        changed(data, Change("blur", 1.0, ""))


def test_shuffling_keeps_the_weights_and_leaves_the_grader() -> None:
    grader = make_grader()
    before = {k: v.clone() for k, v in grader.model.state_dict().items()}
    other, again = shuffled(grader, 1), shuffled(grader, 1)
    for name, old in before.items():
        assert torch.equal(grader.model.state_dict()[name], old)
        new = other.model.state_dict()[name]
        assert torch.equal(new.flatten().sort().values, old.flatten().sort().values)
        assert torch.equal(new, again.model.state_dict()[name])
    assert not torch.equal(
        other.model.get_parameter("photograph.conv1.weight"), before["photograph.conv1.weight"]
    )
    top = shuffled(grader, 1, classifier_only=True).model
    assert torch.equal(
        top.get_parameter("photograph.conv1.weight"), before["photograph.conv1.weight"]
    )
    assert not torch.equal(top.get_parameter("classify.1.weight"), before["classify.1.weight"])


def test_similarity() -> None:
    first = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert map_similarity(first, first**3)[0] == pytest.approx(1)
    assert map_similarity(first, -first)[0] == pytest.approx(-1)
    assert np.isnan(map_similarity(first, np.zeros_like(first))[0])


def test_comparison_is_paired_and_by_group() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=60)
    values[0] = np.nan
    groups = [f"eye{i // 6}" for i in range(60)]
    tables = {"full": {"agreement": values + 0.5}, "baseline": {"agreement": values}}
    metrics, ci95 = compare(tables, groups, 100, 0)
    assert metrics["full_minus_baseline_agreement"] == pytest.approx(0.5)
    assert ci95["full_minus_baseline_agreement"] == pytest.approx([0.5, 0.5])
    low, high = ci95["agreement_full"]
    assert low < metrics["agreement_full"] < high
    assert metrics["agreement_baseline"] == pytest.approx(np.nanmean(values))
    empty = {"full": {"agreement": np.full(60, np.nan)}}
    assert compare(empty, groups, 10, 0) == ({}, {})


def test_a_grader_of_the_vein_looks_at_the_vein(graded: Path, tmp_path: Path) -> None:
    """Where the grade is the vein's darkness, attribution is on the vein, and not by chance."""
    data = load_patches(read_manifest(graded))
    settings = ["data.crop=32", "train.batch=12", "train.device=cpu", "train.warmup=0"]
    settings += ["model.kind=one_stream", "model.stages=2", "train.lr=1e-3"]
    settings += ["augment.brightness=0", "augment.contrast=0", "augment.saturation=0"]
    config = load_config(None, [*settings, "train.epochs=8"])
    split = Split(*grouped_holdout(data.grades.tolist(), data.groups, 0.25, 0))
    grader = train(config, data, split, tmp_path / "run")
    held = split.stop
    groups = [data.groups[i] for i in held]
    unseen = PatchSet(data.patches[held], data.maps[held], data.grades[held], groups)
    found = explain(grader, unseen, Options("expected", "occlusion", radius=16))
    table = {name: float(np.nanmean(values)) for name, values in found.table.items()}
    assert table["vein_energy"] > 1.3 * table["vein_energy_chance"]
    assert table["deletion_gain"] > 0
    assert table["randomised_similarity"] < table["agreement"]
    assert set(found.table) >= {"pointing", "insertion_gain", "agreement_hue", "agreement_rotation"}
