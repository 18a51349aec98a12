"""Simulated nicking, as a user runs it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av_detectron.data.coco import LabelOptions
from av_detectron.data.crosspos import json_path, load_crosspos
from av_detectron.data.prepare import prepare_set
from av_grading.formats.manifest import read_manifest
from av_grading.simulation.grades import GradeRule
from av_grading.simulation.protocols import PROTOCOLS
from av_grading.simulation.write import Options, Source, simulate_set, truth_columns

Simulate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def simulate(run_script: Callable[..., tuple[int, str, str]]) -> Simulate:
    """`simulate(data folder, *arguments)` → exit code, stdout, stderr."""

    def run(root: Path, *arguments: str) -> tuple[int, str, str]:
        return run_script("datasets/simulate_nicking.py", *arguments, DETECTRON2_DATASETS=root)

    return run


@pytest.fixture(scope="module")
def les_av(av_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real photographs, prepared."""
    root = tmp_path_factory.mktemp("les_av")
    for kind in ("images", "av", "fov"):
        target = root / "les_av" / "train" / kind
        target.mkdir(parents=True)
        for path in sorted((av_data / "les_av" / "train" / kind).iterdir())[:2]:
            shutil.copy(path, target)
    prepare_set("les_av", {"train": root / "les_av" / "train"}, root, LabelOptions(), 0.5, 0)
    return root


def test_real_crossings_are_squeezed(les_av: Path, tmp_path: Path, simulate: Simulate) -> None:
    code, out, err = simulate(les_av, "les_av", "--output", str(tmp_path))
    assert code == 0, err
    patches = read_manifest(tmp_path / "manifest.csv")
    plain = read_manifest(tmp_path / "unlabelled.csv")
    assert len(patches) == 4 * len(plain) >= 20 and f"{len(patches)} patches" in out
    assert sorted({p.grade for p in patches}) == [0, 1, 2, 3]
    assert len({p.group for p in patches}) == 2 and all(p.grade is None for p in plain)
    rule = GradeRule()
    for patch in patches:
        ratios = float(patch.more["ratio_first"]), float(patch.more["ratio_second"])
        assert rule.grade(*ratios) == patch.grade
    width, height = Image.open(tmp_path / "grades.png").size
    assert width > 100 and height > 4 * 100  # four rows of patches
    vein = {3: [], 0: []}
    for patch in (p for p in patches if p.grade in vein):
        vein[patch.grade].append((np.asarray(Image.open(patch.av_map)) == 2).mean())
    assert np.mean(vein[3]) < np.mean(vein[0])  # pressed veins cover less


def test_the_clinical_protocol_writes_what_is_seen(
    av_data: Path, tmp_path: Path, simulate: Simulate
) -> None:
    # It takes crossings with a wide artery above alone: these photographs have some.
    folder = tmp_path / "fundus_avseg" / "train"
    for kind in ("images", "av"):
        (folder / kind).mkdir(parents=True)
        for path in sorted((av_data / "fundus_avseg" / "train" / kind).iterdir())[:6]:
            shutil.copy(path, folder / kind)
    prepare_set("fundus_avseg", {"train": folder}, tmp_path, LabelOptions(), 0.5, 0)
    given = ("fundus_avseg", "--protocol", "clinical", "--output", str(tmp_path))
    code, _, err = simulate(tmp_path, *given)
    assert code == 0, err
    patches = read_manifest(tmp_path / "manifest.csv")
    assert patches and set(truth_columns(PROTOCOLS["clinical"])) <= set(patches[0].more)
    rule = GradeRule()
    for patch in patches:
        seen = float(patch.more["visible_first"]), float(patch.more["visible_second"])
        assert rule.grade(*seen) == patch.grade


def test_plain_photographs_are_not_squeezed(les_av: Path, tmp_path: Path) -> None:
    records = load_crosspos(json_path(les_av, "crosspos_les_av_train"), les_av)
    records += load_crosspos(json_path(les_av, "crosspos_les_av_val"), les_av)
    first, second = (
        Source(
            "les_av",
            Path(r["file_name"]),
            Path(r["av_file_name"]),
            r["fov"].drive_px,
            [tuple(a["center"]) for a in r["annotations"]],
        )
        for r in records
    )
    simulate_set([first], tmp_path, Options(draws=1), [second])
    patches = read_manifest(tmp_path / "manifest.csv")
    plain = read_manifest(tmp_path / "unlabelled.csv")
    graded = {p.group for p in patches}
    assert graded == {f"les_av_{first.photograph.stem}"}
    assert {p.group for p in plain} == graded | {f"les_av_{second.photograph.stem}"}
    assert len(patches) == len([p for p in plain if p.group in graded])


def test_same_seed_same_patches(les_av: Path, tmp_path: Path, simulate: Simulate) -> None:
    for name in ("a", "b"):
        more = ["--draws", "6", "--output", str(tmp_path / name)]
        assert simulate(les_av, "les_av", *more)[0] == 0
    patches = read_manifest(tmp_path / "a/manifest.csv")
    assert len(patches) == 6 * len(read_manifest(tmp_path / "a/unlabelled.csv"))
    assert len({p.patch for p in patches}) == len(patches)
    assert (tmp_path / "a/manifest.csv").read_text() == (tmp_path / "b/manifest.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 1, "crosspos_nowhere_train.json: not found"),
        (["--pressed", "0.5"], 2, "moderate < pressed"),
        (["--draws", "0"], 2, "--draws: expected at least 1"),
    ],
)
def test_wrong_use(
    tmp_path: Path, simulate: Simulate, arguments: list[str], code: int, message: str
) -> None:
    found, _, err = simulate(tmp_path, *arguments, "--output", str(tmp_path / "out"))
    assert found == code and message in err and "Traceback" not in err
