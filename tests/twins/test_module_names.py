"""One module name, one meaning: a name that stands in two packages has a test that binds both.

Of those in `TWINS`: the test, which shows that they do the same or refuse in the same words.
"""

import copy
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from av_detectron import Prediction
from av_detectron.config import RENAMED_KEYS
from av_detectron.config import load_config as load_detector_config
from av_detectron.data import errors as detector_errors
from av_detectron.data.fov import FieldOfView
from av_detectron.engine import trainer as detector_trainer
from av_detectron.formats import files as detector_files
from av_detectron.formats import results as detector_results
from av_grading.config import RENAMED
from av_grading.formats import errors as grader_errors
from av_grading.formats import files as grader_files
from av_grading.formats import results as grader_results
from av_grading.formats.config_file import load_config as load_grading_config
from av_grading.formats.patches import PIXELS, SIDE, cut_patch
from av_grading.training import trainer as grader_trainer
from av_screening.errors import FileProblems
from av_screening.steps.patches import cut_crossings

PACKAGES = ("av_detectron", "av_grading", "av_screening")
ENTRY_POINTS = "command_line"
"""Folders of thin modules that are named after what a user types."""
TWINS = {
    "config": "test_module_names.py::test_renamed_keys_are_refused_with_their_new_names",
    "errors": "test_module_names.py::test_refusals_name_the_file",
    "files": "test_module_names.py::test_files_are_written_whole",
    "low_rank": "test_weights_readers.py::test_convolutions_of_low_rank_are_the_same_in_both",
    "patches": "test_module_names.py::test_patches_are_cut_alike",
    "photograph": "test_map_readers.py::test_photographs",
    "results": "test_module_names.py::test_results_have_the_same_keys",
    "trainer": "test_module_names.py::test_trainers_average_weights_alike",
}


def homes(repo: Path) -> dict[str, set[str]]:
    """Module name → packages that have one of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in (repo / package).rglob("*.py"):
            if not path.stem.startswith("__") and ENTRY_POINTS not in path.parts:
                found[path.stem].add(package)
    return found


def test_a_name_in_two_packages_is_bound_by_a_test(repo: Path) -> None:
    shared = {name for name, packages in homes(repo).items() if len(packages) > 1}
    assert shared - set(TWINS) == set(), "rename them, or bind them by a test"
    assert set(TWINS) - shared == set(), "no longer in two packages"
    for test in TWINS.values():
        file, name = test.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text(), test


def test_renamed_keys_are_refused_with_their_new_names(repo: Path) -> None:
    assert RENAMED_KEYS and RENAMED
    for former, name in RENAMED_KEYS.items():
        with pytest.raises((KeyError, ValueError), match=name):
            load_detector_config(repo / "configs/cpu/safpn_av.yaml", [former, "1"])
    for former, name in RENAMED.items():
        with pytest.raises(ValueError, match=name):
            load_grading_config(None, [f"{former}=1"])


def test_refusals_name_the_file() -> None:
    refusals = [e.InputFileError("a.png", "expected b") for e in (detector_errors, grader_errors)]
    refusals.append(FileProblems(Path("a.png"), ["expected b"]))
    for refusal in refusals:
        assert isinstance(refusal, ValueError)
        assert str(refusal).startswith("a.png: ") and str(refusal).endswith("expected b")


@pytest.mark.parametrize("content", ["vein ½\n", b"\x00\xff", ""])
def test_files_are_written_whole(tmp_path: Path, content: str | bytes) -> None:
    written = []
    for number, package in enumerate((detector_files, grader_files)):
        path = tmp_path / str(number) / "new" / "file"
        package.write_whole(path, content)
        assert list(path.parent.iterdir()) == [path]
        written.append(path.read_bytes())
        path.unlink()
        path.mkdir()
        with pytest.raises(OSError) as failure:
            package.write_whole(path, content)
        assert failure.value.filename == str(path) and list(path.parent.iterdir()) == [path]
    assert written[0] == written[1]


def test_results_have_the_same_keys(tmp_path: Path) -> None:
    texts = []
    for number, package in enumerate((detector_results, grader_results)):
        path = tmp_path / f"{number}.json"
        given = {"seeds": range(2), "data": {"photographs": 3}, "ci95": {"qwk": [0.1234567, 0.5]}}
        package.write_results(path, metrics={"qwk": 1 / 3}, note="kept", **given)
        lines = path.read_text().splitlines()
        texts.append([line for line in lines if not line.strip().startswith('"command": ')])
        assert len(lines) == len(texts[-1]) + 1
    assert texts[0] == texts[1]


def test_trainers_average_weights_alike() -> None:
    """What either trainer keeps is the same average of the same steps."""
    network = torch.nn.BatchNorm1d(4)
    detector_s = detector_trainer.ModelEMA(network, 0.9)
    grader_s = copy.deepcopy(network)
    for step in range(30):
        with torch.no_grad():
            network.weight.add_(torch.rand(4))
        network(torch.rand(5, 4))  # moves what is counted
        detector_s.update(network, step)
        grader_trainer.follow(grader_s, network, 0.9, step)
    for name, tensor in grader_s.state_dict().items():
        assert torch.equal(tensor, detector_s.state_dict()[name]), name


def test_patches_are_cut_alike() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (160, 170, 3), np.uint8)
    centers = np.array([[80.3, 75.6], [3.0, 158.0]])  # the second reaches over the edge
    boxes = np.concatenate([centers - 20, centers + 20], axis=1).astype(np.float32)
    av = np.full((3, 80, 85), 1 / 3, np.float32)
    scores = np.ones(2, np.float32)
    fov = FieldOfView(270, 80, 85)
    prediction = Prediction(fov, boxes, scores, [{}, {}], pixels.shape[:2], av)
    centers = prediction.centers.astype(float)
    for crossing, center in zip(cut_crossings(pixels, prediction), centers, strict=True):
        patch = cut_patch(pixels, tuple(center), fov.drive_px, SIDE, PIXELS)
        # Windows of the photograph round to other 32nds of a px.
        assert np.abs(crossing.patch.astype(int) - patch.astype(int)).max() <= 8
