"""Networks by name, in one file format, with the answers that they have always given."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from av_grading.close_ups.fine_map import load_close_up
from av_grading.config import Config
from av_grading.formats.config_file import CONFIGS, load_config
from av_grading.grader import Grader, load_grader, save_grader
from av_grading.models.build import build_grader
from av_grading.models.registry import (
    ARCHITECTURES,
    DEFAULT_CLOSE_UP,
    DEFAULT_SIGN_STRIP,
    FINE_GRADER,
    SIMULATED_GRADER,
    TRAININGS,
    create_model,
)
from av_grading.models.sign_strip import load_sign_reader
from av_grading.models.weights_file import WeightsError, load_model, read_model, save_model
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS

SMALL: dict[str, dict[str, object]] = {
    "close_up_unet": {"widths": [8, 16]},
    "reading_head": {"features": 5},
    "sign_strip": {"widths": [8, 8, 8]},
    "reading_strip": {"widths": [8, 8, 8]},
    "one_stream": {"stages": 1, "stream": "av_map"},
    "two_stream": {"stages": 1, "loss": "corn"},
}


def test_the_registry_imports_nothing_large() -> None:
    code = "import sys, av_grading.models.registry; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_network_is_built_by_its_name() -> None:
    assert set(SMALL) == set(ARCHITECTURES)
    for name, settings in SMALL.items():
        assert create_model(name, **settings).state_dict(), name
    with pytest.raises(ValueError, match="expected one of .*sign_strip.*, found 'sign_stripe'"):
        create_model("sign_stripe")
    with pytest.raises(TypeError, match="width"):
        create_model("sign_strip", width=3)


def test_every_training_has_its_module_and_a_config_that_fits() -> None:
    for training in TRAININGS.values():
        module = import_module(training.module)
        assert callable(module.train)
        assert load_config(CONFIGS / training.config, (), module.CONFIG)


@pytest.mark.parametrize("name", SMALL)
def test_weights_come_back_by_name(tmp_path: Path, name: str) -> None:
    path, network = tmp_path / "net.safetensors", create_model(name, **SMALL[name]).half().float()
    save_model(path, name, SMALL[name], network.state_dict(), {"note": "kept"})
    again = load_model(path, name)
    assert not again.training
    for key, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key
    file = read_model(path, "other", name)
    assert (file.architecture, file.settings) == (name, SMALL[name])
    assert file.metadata["note"] == "kept"
    written = path.read_bytes()
    for _ in range(3):
        save_model(path, name, SMALL[name], network.state_dict(), {"note": "kept"})
        assert path.read_bytes() == written


def test_what_is_kept_exact_is() -> None:
    halves = load_close_up().head
    assert halves is not None
    assert not torch.equal(halves.weight, halves.weight.half().float())


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    network = create_model("sign_strip", widths=(8, 8, 8))
    for settings, message in (
        ({"widths": [8, 8]}, "weights of another architecture"),
        ({"wide": [8, 8]}, "weights of another architecture.*wide"),
    ):
        save_model(path, "sign_strip", settings, network.state_dict())
        with pytest.raises(WeightsError, match=f"net.safetensors: {message}"):
            load_model(path, "sign_strip")
    with pytest.raises(WeightsError, match="expected weights of two_stream or one_stream, found"):
        load_grader(path)
    with pytest.raises(ValueError, match="found 'stripe'"):
        save_model(path, "stripe", {}, {})
    tensor = {"a": torch.zeros(1)}
    save_file(tensor, path, {"format": "av_grading", "architecture": "sign_strip"})
    with pytest.raises(WeightsError, match="expected settings as JSON"):
        load_model(path, "sign_strip")
    save_file(tensor, path, {"format": "av_grading.close_up", "widths": "wide"})
    with pytest.raises(WeightsError, match="expected settings as JSON"):
        load_model(path, "close_up_unet")


def test_files_of_0_2_0_are_read(tmp_path: Path) -> None:
    path, widths = tmp_path / "net.safetensors", json.dumps([8, 16])
    network = create_model("close_up_unet", widths=(8, 16))
    save_file(network.state_dict(), path, {"format": "av_grading.close_up", "widths": widths})
    assert load_close_up(path).network.widths == (8, 16)
    save_file(network.state_dict(), path, {"format": "av_grading.narrowing", "widths": widths})
    with pytest.raises(WeightsError, match=r"weights of sign_strip, found 'vein_strip'"):
        load_sign_reader(path)
    config = load_config(None, ["model.stages=1", "model.kind=one_stream", "train.loss=corn"])
    state = build_grader(config).state_dict()
    former = {"format": "av_grading", "config": config.dump(), "temperature": "2.0"}
    save_file(state, path, former)
    grader = load_grader(path)
    assert grader.config == config and grader.temperature == 2.0
    former["config"] = "model: {level: true}"
    save_file(state, path, former)
    with pytest.raises(WeightsError, match=r"net.safetensors: its config: .*model\.align_vein"):
        load_grader(path)


def test_a_grader_s_config_and_settings_agree(tmp_path: Path) -> None:
    config = load_config(None, ["model.stages=1"])
    model, path = build_grader(config), tmp_path / "grader.safetensors"
    save_grader(Grader(model.eval(), config), path)
    assert load_grader(path).config == config
    extra = {"config": Config().dump(), "temperature": "1.0"}
    save_model(path, "two_stream", {"stages": 1}, model.state_dict(), extra)
    with pytest.raises(WeightsError, match="its config is of another architecture"):
        load_grader(path)


HEAD_ANSWERS = [
    [0.502939, 0.097030, 0.063237, 0.020962, 0.007962],
    [0.994066, 0.999950, 0.523669, 0.587596, 0.181305],
]
"""Of the shipped reading head, on random features."""


def test_what_is_shipped_answers_as_before() -> None:
    """Figures of the files as 0.2.0 shipped them, in its own formats; the close-up network,
    its head and the sign strip are of this version."""
    rng = np.random.default_rng(0)
    patches = torch.from_numpy(rng.integers(0, 256, (2, 3, 64, 64), np.uint8))
    coarse = torch.from_numpy(rng.integers(0, 256, (2, 2, 16, 16), np.uint8))
    close_up = load_close_up(DEFAULT_CLOSE_UP)
    look = close_up.look(patches, coarse)
    means = [0.3486599, 0.3060813, 0.2479267, 0.0973321]
    assert look.shares.astype(float).mean((0, 2, 3)) == pytest.approx(means, abs=2e-6)
    assert float(look.pooled.double().sum()) == pytest.approx(285.219764, abs=1e-2)
    assert close_up.head is not None
    # Drawn apart: what follows does not depend on how many there are.
    size = (2, close_up.head.weight.shape[1])
    features = np.random.default_rng(1).normal(size=size).astype(np.float32)
    answers = close_up.head(torch.from_numpy(features)).numpy()
    assert answers == pytest.approx(np.array(HEAD_ANSWERS), abs=1e-5)
    strips = torch.from_numpy(rng.integers(0, 256, (2, CHANNELS, ROWS, COLUMNS), np.uint8))
    with torch.inference_mode():
        logits = load_sign_reader(DEFAULT_SIGN_STRIP).network(strips, torch.tensor([4.0, 6.0]))
    first = np.array([[-0.783224, -0.038242, 0.299004], [-1.316703, -1.099845, -0.167802]])
    assert logits[0, :, 0, :3].numpy() == pytest.approx(first, abs=1e-3)
    photographs = rng.integers(0, 256, (2, 96, 96, 3), np.uint8)
    maps = rng.integers(0, 4, (2, 96, 96)).astype(np.uint8)
    for path, first_row in zip(
        (SIMULATED_GRADER, FINE_GRADER),
        (
            [0.2259372, 0.4179693, 0.3030210, 0.0530725],
            [0.2712168, 0.3208794, 0.2431855, 0.1647182],
        ),
        strict=True,
    ):
        found = load_grader(path).grade(photographs, maps)
        assert found[0] == pytest.approx(first_row, abs=1e-5), path.name
