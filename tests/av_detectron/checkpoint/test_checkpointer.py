"""Checkpoints: read safely, refused when they do not fit, written whole."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from av_detectron.checkpoint.checkpointer import (
    CheckpointError,
    CrossPosCheckpointer,
    read_checkpoint,
)


class Model(nn.Module):
    """Names as in a detector: a bottom-up backbone with a gate, and a head."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        block = nn.ModuleDict({"conv1": nn.Conv2d(3, width, 1), "se": nn.Conv2d(width, width, 1)})
        bottom_up = nn.ModuleDict({"res2": nn.ModuleList([block])})
        self.backbone = nn.ModuleDict({"bottom_up": bottom_up})
        self.head = nn.Linear(2, 2)


def state_without(model: nn.Module, part: str) -> dict[str, torch.Tensor]:
    return {k: v for k, v in model.state_dict().items() if part not in k}


def test_round_trip_in_three_formats(tmp_path: Path) -> None:
    weights = {k: v.clone() for k, v in Model().state_dict().items()}
    torch.save({"model": weights}, tmp_path / "a.pth")
    save_file(weights, tmp_path / "b.safetensors")
    arrays = {k: v.numpy() for k, v in weights.items()}
    (tmp_path / "c.pkl").write_bytes(pickle.dumps({"model": arrays, "__author__": "me"}))
    for name in ("a.pth", "b.safetensors", "c.pkl"):
        model = Model()
        CrossPosCheckpointer(model).load(str(tmp_path / name))
        torch.testing.assert_close(model.state_dict(), weights)


def test_pickles_of_other_objects_are_refused(tmp_path: Path) -> None:
    for suffix in ("pth", "pkl"):
        path = tmp_path / f"evil.{suffix}"
        content = {"model": {}, "path": Path("x")}
        if suffix == "pth":
            torch.save(content, path)
        else:
            path.write_bytes(pickle.dumps(content))
        with pytest.raises(CheckpointError, match=rf"evil\.{suffix}: not a checkpoint of tensors"):
            read_checkpoint(path)


@pytest.mark.parametrize("name", ["notes.pth", "notes.pkl", "notes.safetensors"])
def test_text_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth"):
        CrossPosCheckpointer(Model()).load(str(tmp_path / "none.pth"))


def test_gates_may_be_new_and_other_backbone_weights_may_not(tmp_path: Path) -> None:
    torch.save({"model": state_without(Model(), ".se.")}, tmp_path / "plain.pth")
    CrossPosCheckpointer(Model()).load(str(tmp_path / "plain.pth"))
    torch.save({"model": state_without(Model(), "conv1")}, tmp_path / "short.pth")
    with pytest.raises(CheckpointError, match=r"short\.pth: the backbone has another depth"):
        CrossPosCheckpointer(Model()).load(str(tmp_path / "short.pth"))


def test_another_width_is_refused_with_the_shapes(tmp_path: Path) -> None:
    torch.save({"model": Model(8).state_dict()}, tmp_path / "wide.pth")
    with pytest.raises(CheckpointError, match=r"wide\.pth: .*found \(8, 3, 1, 1\), expected \(4"):
        CrossPosCheckpointer(Model()).load(str(tmp_path / "wide.pth"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"model": {"av_head.predict.bias": torch.zeros(1)}},
            r"renamed to av_head\.predictor\.bias",
        ),
        ({"model": {}, "average": {}}, "average was renamed to ema"),
    ],
)
def test_checkpoints_of_earlier_versions_are_refused_by_the_new_names(
    tmp_path: Path, content: dict, message: str
) -> None:
    torch.save(content, tmp_path / "old.pth")
    with pytest.raises(CheckpointError, match=rf"old\.pth: .*{message}"):
        CrossPosCheckpointer(Model()).load(str(tmp_path / "old.pth"))


def test_saving_is_whole_and_weights_alone_do_not_become_the_last(tmp_path: Path) -> None:
    checkpointer = CrossPosCheckpointer(Model(), str(tmp_path))
    checkpointer.save("model_0000009", iteration=9)
    average = Model()
    checkpointer.save_weights("model_best", average)
    assert checkpointer.get_checkpoint_file() == str(tmp_path / "model_0000009.pth")
    assert read_checkpoint(tmp_path / "model_0000009.pth")["iteration"] == 9
    best = read_checkpoint(tmp_path / "model_best.pth")
    assert set(best) == {"model"}
    assert all(torch.equal(v, average.state_dict()[k]) for k, v in best["model"].items())
    assert not list(tmp_path.glob("*.tmp"))
