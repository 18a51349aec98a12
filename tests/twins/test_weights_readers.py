"""Both packages read weights with the same care: what one refuses, the other does, in its words."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from av_detectron.checkpoint.checkpointer import read_checkpoint
from av_detectron.checkpoint.release import read_release
from av_detectron.modeling import low_rank as detectors
from av_grading.models import low_rank as graders
from av_grading.models.encoder import build_encoder, load_encoder
from av_grading.models.weights_file import read_model

TENSOR = {"stem.weight": torch.zeros(2)}


def _write(folder: Path, kind: str) -> Path:
    suffix = ".pth" if kind in ("objects", "no_dict") else ".safetensors"
    path = folder / f"{kind}{suffix}"
    if kind == "text":
        path.write_text("no weights")
    elif kind == "cut_off":
        save_file({"stem.weight": torch.zeros(2000)}, path)
        path.write_bytes(path.read_bytes()[:500])
    elif kind == "objects":
        torch.save({"stem.weight": Path("anything")}, path)
    elif kind == "no_dict":
        torch.save([1, 2], path)
    elif kind == "other_format":
        save_file(TENSOR, path, {"format": "another"})
    elif kind == "no_format":
        save_file(TENSOR, path)
    return path


def _message(read, path: Path) -> str:
    with pytest.raises(Exception) as raised:  # noqa: PT011  each package has an error of its own
        read(path)
    assert type(raised.value).__name__ in ("CheckpointError", "WeightsError")
    return str(raised.value)


@pytest.mark.parametrize("kind", ["missing", "text", "cut_off", "objects", "no_dict"])
def test_checkpoints_that_are_none(tmp_path: Path, kind: str) -> None:
    path = _write(tmp_path, kind)
    encoder = build_encoder(18, stages=1)
    for read in (read_checkpoint, lambda p: load_encoder(encoder, p)):
        assert _message(read, path).startswith(f"{path}: ")


@pytest.mark.parametrize("kind", ["missing", "text", "cut_off", "other_format", "no_format"])
def test_released_weights_of_another_kind(tmp_path: Path, kind: str) -> None:
    path = _write(tmp_path, kind)
    for read in (read_release, lambda p: read_model(p, "two_stream")):
        message = _message(read, path)
        assert message.startswith(f"{path}: ")
        if kind.endswith("format"):
            found = "another" if kind == "other_format" else "no format"
            assert f"found '{found}'" in message


def test_convolutions_of_low_rank_are_the_same_in_both() -> None:
    def network() -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3))

    ours = detectors.lower_ranks(network(), {"0": 2})
    theirs = graders.lower_ranks(network(), {"0": 2})
    theirs.load_state_dict(ours.state_dict())
    image = torch.rand(1, 3, 6, 6)
    assert torch.equal(ours(image), theirs(image))
    full = [module.full_ranks(ours.state_dict()) for module in (detectors, graders)]
    assert all(torch.equal(x, full[1][name]) for name, x in full[0].items())
