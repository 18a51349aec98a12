"""The phantoms' labels are exact: maps, crossings and photographs agree."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from skimage.morphology import skeletonize

from av_detectron.data.annotations import (
    ARTERY,
    OVERLAP,
    VEIN,
    read_av_map,
    read_crossings_csv,
    read_mask,
    read_photograph,
)
from av_detectron.data.crossing_rule import find_crossings
from av_detectron.data.phantom import Phantom, make_phantom, write_phantoms

SCRIPT = Path(__file__).parents[3] / "datasets" / "make_phantoms.py"
DRIVE_PX = 0.5  # of the phantoms below


@pytest.fixture(scope="module")
def phantoms() -> list[Phantom]:
    return [make_phantom(seed, 270) for seed in range(5)]


@pytest.fixture(scope="module")
def large() -> Phantom:
    return make_phantom(2, 1080)


@pytest.fixture(scope="module")
def main() -> Callable[[list[str]], int]:
    """The command, called in this process; starting another takes seconds."""
    return runpy.run_path(str(SCRIPT))["main"]


def test_same_seed_gives_the_same_phantom(phantoms: list[Phantom]) -> None:
    again = make_phantom(3, 270)
    for name in ("image", "av_map", "fov", "crossings"):
        np.testing.assert_array_equal(getattr(again, name), getattr(phantoms[3], name))


def test_other_seed_gives_another_phantom(phantoms: list[Phantom]) -> None:
    assert (phantoms[0].image != phantoms[1].image).mean() > 0.3
    assert (phantoms[0].av_map != phantoms[1].av_map).mean() > 0.05


def test_size_does_not_change_the_eye(phantoms: list[Phantom], large: Phantom) -> None:
    half = (np.array(phantoms[2].av_map.shape[::-1]) - 1) / 2
    full = (np.array(large.av_map.shape[::-1]) - 1) / 2
    np.testing.assert_allclose((large.crossings - full) / 4, phantoms[2].crossings - half)


def test_shapes_types_and_values(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        height, width = phantom.fov.shape
        assert 270 < width < 300 and 270 < height < 300
        assert phantom.image.shape == (height, width, 3) and phantom.image.dtype == np.uint8
        assert phantom.av_map.shape == (height, width) and phantom.av_map.dtype == np.uint8
        assert set(np.unique(phantom.av_map)) == {0, ARTERY, VEIN, OVERLAP}
        assert phantom.fov.dtype == bool
        assert abs(int(phantom.fov.any(axis=0).sum()) - 270) <= 1
        assert phantom.crossings.dtype == np.float64
        assert phantom.crossings.ndim == 2 and phantom.crossings.shape[1] == 2


def test_outside_of_the_fov_is_black_and_unlabelled(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        assert not phantom.image[~phantom.fov].any()
        assert not phantom.av_map[~phantom.fov].any()
        inner = ndimage.binary_erosion(phantom.fov, iterations=4)
        assert phantom.image[inner].max(axis=1).min() > 20


def test_crossings_lie_on_overlaps(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        assert 5 <= len(phantom.crossings) <= 45
        columns, rows = np.rint(phantom.crossings).astype(int).T
        assert phantom.fov[rows, columns].all()
        overlaps = np.argwhere(phantom.av_map == OVERLAP)[:, ::-1]
        assert cdist(phantom.crossings, overlaps).min(axis=1).max() <= 3 * DRIVE_PX


def test_crossings_agree_with_the_rule_for_maps(phantoms: list[Phantom]) -> None:
    matched = known = found = 0
    for phantom in phantoms:
        by_rule = find_crossings(phantom.av_map, DRIVE_PX)
        distance = cdist(phantom.crossings, by_rule)
        pairs = linear_sum_assignment(np.minimum(distance, 100))
        matched += int((distance[pairs] < 5 * DRIVE_PX).sum())
        known, found = known + len(phantom.crossings), found + len(by_rule)
    assert matched / known >= 0.9
    assert matched / found >= 0.9


def test_thin_vessels_stay_connected(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        for kind in (ARTERY, VEIN):
            mask = (phantom.av_map == kind) | (phantom.av_map == OVERLAP)
            pieces, count = ndimage.label(mask, np.ones((3, 3)))
            sizes = ndimage.sum_labels(mask, pieces, range(1, count + 1))
            assert sizes[sizes >= 30].sum() > 0.97 * mask.sum()


def test_arteries_are_brighter_than_veins(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        artery, vein, rest = (
            phantom.image[(phantom.av_map == kind) & phantom.fov].mean(axis=0)
            for kind in (ARTERY, VEIN, 0)
        )
        assert (artery[:2] > vein[:2] + 4).all()  # red and green
        assert vein[1] < artery[1] < rest[1]


def reflex(phantom: Phantom, kind: int) -> float:
    """Mean brightness of a kind's centrelines above the flanks, 0-255, of wide vessels."""
    mask: NDArray[np.bool_] = phantom.av_map == kind
    depth = ndimage.distance_transform_edt(mask)
    centers = skeletonize(mask) & (depth >= 3)
    to_center, (rows, columns) = ndimage.distance_transform_edt(~centers, return_indices=True)
    share = to_center / np.maximum(depth[rows, columns], 1)
    green = phantom.image[..., 1].astype(float)
    on_center = mask & (share < 0.15)
    on_flank = mask & (share > 0.45) & (share < 0.7)
    assert on_center.sum() > 100 and on_flank.sum() > 100
    return float(green[on_center].mean() - green[on_flank].mean())


@pytest.mark.parametrize("fov_diameter", [540, 1080])
def test_arteries_have_a_central_reflex(fov_diameter: int, large: Phantom) -> None:
    phantom = large if fov_diameter == 1080 else make_phantom(2, 540)
    assert reflex(phantom, ARTERY) > 5
    assert reflex(phantom, ARTERY) > reflex(phantom, VEIN) + 5


def test_files_hold_the_labels(tmp_path: Path) -> None:
    folder = write_phantoms(tmp_path, "train", 2, 7, 135)
    assert folder == tmp_path / "phantom" / "train"
    table = read_crossings_csv(folder / "crossings.csv")
    assert list(table) == ["phantom_0000", "phantom_0001"]
    for name, points in table.items():
        photograph = read_photograph(folder / "images" / f"{name}.png")
        av_map = read_av_map(folder / "av" / f"{name}.png")
        fov = read_mask(folder / "fov" / f"{name}.png")
        assert photograph.shape[:2] == av_map.shape == fov.shape
        assert not photograph[~fov].any() and not av_map[~fov].any()
        overlaps = np.argwhere(av_map == OVERLAP)[:, ::-1]
        assert cdist(points, overlaps).min(axis=1).max() < 2
    assert not list(folder.rglob("*.partial"))


def test_splits_and_seeds_differ_and_runs_do_not(tmp_path: Path) -> None:
    def pixels(root: str, split: str, seed: int) -> bytes:
        folder = write_phantoms(tmp_path / root, split, 1, seed, 100)
        return (folder / "images" / "phantom_0000.png").read_bytes()

    first = pixels("a", "train", 0)
    assert first == pixels("b", "train", 0)
    assert len({first, pixels("a", "val", 0), pixels("a", "test", 0), pixels("c", "val", 1)}) == 4


def test_smaller_set_replaces_a_larger_one(tmp_path: Path) -> None:
    write_phantoms(tmp_path, "val", 2, 0, 100)
    folder = write_phantoms(tmp_path, "val", 1, 0, 100)
    assert sorted(p.name for p in folder.rglob("*.png")) == ["phantom_0000.png"] * 3


def test_command_writes_files(
    tmp_path: Path, run_script: Callable[..., tuple[int, str, str]]
) -> None:
    options = ["--train", "1", "--val", "1", "--test", "0", "--fov-diameter", "100"]
    code, out, err = run_script("datasets/make_phantoms.py", "--output", tmp_path, *options)
    assert code == 0, err
    assert "contact_sheet.png" in out
    root = tmp_path / "phantom"
    for split in ("train", "val"):
        for kind in ("images", "av", "fov"):
            assert (root / split / kind / "phantom_0000.png").is_file()
        assert (root / split / "crossings.csv").read_text().startswith("image,x,y\n")
    assert not (root / "test").exists()
    assert read_photograph(root / "contact_sheet.png").shape == (2 * 108, 2 * 105, 3)


def test_command_reports_a_folder_it_cannot_write(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "file"  # not a read-only folder: root may write there
    target.write_text("")
    assert main(["--output", str(target), "--train", "1"]) == 1
    message = capsys.readouterr().err
    assert str(target) in message and message.count("\n") == 1


@pytest.mark.parametrize(
    "usage",
    [
        [],
        ["--output", "x", "--train", "-1"],
        ["--output", "x", "--fov-diameter", "10"],
        ["--output", "x", "--seed", "one"],
    ],
)
def test_command_refuses_wrong_usage(main: Callable[[list[str]], int], usage: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(usage)
