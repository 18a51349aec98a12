"""Each network is trained by its name, goes on where it stopped, and refuses other settings."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from av_grading.close_ups.cut import PIXELS, SCALE
from av_grading.close_ups.fine_map import CloseUp, load_close_up, save_close_up
from av_grading.command_line.train import main
from av_grading.formats.grade_definition import Thresholds
from av_grading.grader import load_grader
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.low_rank import lower_ranks, ranks_of
from av_grading.models.reading_head import ReadingHead
from av_grading.models.registry import ARCHITECTURES, TRAININGS
from av_grading.models.sign_strip import load_sign_reader
from av_grading.signs.strip_signs import READ
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS
from tests.av_grading.conftest import draw_crossing

FAST = ["train.batch=4", "train.validate_every=2", "train.warmup=1", "train.device=cpu"]


def write_close_ups(folder: Path, kinds: list[str], seed: int = 0) -> Path:
    """Close-ups of drawn crossings as datasets/cut_close_ups.py writes them, a photograph each."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number, kind in enumerate(kinds):
        width, angle = 16 + 2 * (number % 4), 60 + 10 * (number % 5)
        photograph, av_map = draw_crossing(
            PIXELS + 1, vein_width=width, artery_width=12, angle=angle
        )
        photograph, av_map = photograph[:PIXELS, :PIXELS], av_map[:PIXELS, :PIXELS]
        above = "artery" if number % 2 else "vein"
        noise = rng.integers(0, 40, photograph.shape)
        if above == "vein":  # something to be told
            photograph = photograph // 2
        tensors = {
            "patches": torch.from_numpy(
                np.clip(photograph + noise, 0, 255).astype(np.uint8).transpose(2, 0, 1).copy()
            )[None],
            "labels": torch.from_numpy(
                np.stack([(av_map == k) * 255 for k in (1, 2, 3, 4)]).astype(np.uint8)
            )[None],
            "coarse": torch.zeros(1, 2, PIXELS // SCALE, PIXELS // SCALE, dtype=torch.uint8),
        }
        row = {
            "set": "drawn",
            "group": f"drawn/{number}.png",
            "kind": kind,
            "crossing": 0,
            "x_px": 10,
            "off_x_px": 0.0,
            "off_y_px": 0.0,
            "read_above": above,
            "read_gradable_votes": number % 4,
        }
        save_file(tensors, folder / f"{number}.safetensors")
        pd.DataFrame([row]).to_csv(folder / f"{number}.csv", index=False)
    return folder


def write_strips(path: Path, count: int) -> None:
    """Strips as `cut_strips` keeps them, without a network that finds veins."""
    rng = np.random.default_rng(count)
    ratios = rng.uniform(0.4, 1, (count, 2))
    strips = rng.integers(0, 256, (count, CHANNELS, ROWS, COLUMNS), np.uint8)
    table = pd.DataFrame(
        {
            "kind": "nicked",
            "grade": [Thresholds().grade(*pair) for pair in ratios.tolist()],
            "seen_width_drive_px": 5.5,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    truth = np.full((count, 2, len(READ)), np.nan, np.float32)
    truth[..., 0] = truth[..., 2] = ratios
    tensors = {"strips": torch.from_numpy(strips), "truth": torch.from_numpy(truth)}
    save_file(tensors, path)
    table.to_csv(path.with_suffix(".csv"), index=False)


@pytest.fixture
def close_up(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_close_up(CloseUp(CloseUpNet((8, 16)).eval()), tmp_path / "close_up.safetensors")
    return tmp_path / "close_up.safetensors"


def same(first: Path, second: Path) -> bool:
    both = load_file(first), load_file(second)
    return all(torch.equal(x, both[1][name]) for name, x in both[0].items())


def test_close_up_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_close_ups(tmp_path / "close_ups", ["plain", "nicked", "plain"])
    given = ["close_up_map", f"data.train={data}", f"data.val={data}", "data.held=2", *FAST]
    given += ["model.widths=[8, 16]", "augment.crop=64", "train.steps=3", "--output"]
    assert main([*given, str(tmp_path / "whole")]) == 0
    assert load_close_up(tmp_path / "whole/close_up_map.safetensors").network.widths == (8, 16)
    history = json.loads((tmp_path / "whole/history.json").read_text())
    assert [row["step"] for row in history] == [2, 3]
    assert {"training_loss", "artery_dice", "vein_dice"} <= set(history[0])
    said = yaml.safe_load((tmp_path / "whole/config.yaml").read_text())
    assert said["train"]["lr"] == 0.002 and said["model"]["widths"] == [8, 16]
    config = ["--config", str(tmp_path / "whole/config.yaml")]
    assert main(["close_up_map", *config, "--output", str(tmp_path / "again")]) == 0
    weights = [tmp_path / run / "close_up_map.safetensors" for run in ("whole", "again")]
    assert same(*weights)
    capsys.readouterr()
    more = ["--resume", "train.lr=0.01"]
    assert main([*given, str(tmp_path / "whole"), *more]) == 1
    assert "train.lr: found 0.002, expected 0.01" in capsys.readouterr().err


class OtherNet(CloseUpNet):
    """Another network that gives fine maps."""


def test_another_close_up_network_is_a_file_and_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = replace(ARCHITECTURES["close_up_unet"], name="other", target=f"{__name__}:OtherNet")
    monkeypatch.setitem(sys.modules, __name__, SimpleNamespace(OtherNet=OtherNet))
    monkeypatch.setitem(ARCHITECTURES, "other", row)
    data = write_close_ups(tmp_path / "close_ups", ["plain", "nicked"])
    given = ["close_up_map", f"data.train={data}", f"data.val={data}", "data.held=1", *FAST]
    given += ["model.widths=[8, 16]", "augment.crop=64", "train.steps=1", "--output"]
    given += [str(tmp_path / "out")]
    assert main([*given, "model.architecture=other"]) == 0
    found = load_close_up(tmp_path / "out/close_up_map.safetensors")
    assert isinstance(found.network, OtherNet) and found.architecture == "other"
    save_close_up(found, tmp_path / "again.safetensors")
    assert isinstance(load_close_up(tmp_path / "again.safetensors").network, OtherNet)
    with pytest.raises(SystemExit):
        main([*given, "model.architecture=unet"])
    assert "architecture: expected one of close_up_unet, other, found 'unet'" in (
        capsys.readouterr().err
    )


def test_sign_strip(tmp_path: Path, close_up: Path) -> None:
    for run in ("whole", "cut"):
        for name in ("train", "val"):
            write_strips(tmp_path / run / f"{name}.safetensors", 12)
    given = ["sign_strip", f"data.weights={close_up}", f"data.train={tmp_path}", *FAST]
    given += [f"data.val={tmp_path}", "model.widths=[8, 8]", "train.steps=4", "--output"]
    assert main([*given, str(tmp_path / "whole")]) == 1  # the narrowing network has other widths
    given = ["sign_strip", "model.init_from=random", *given[1:]]
    assert main([*given, str(tmp_path / "whole")]) == 0
    path = tmp_path / "whole/sign_strip.safetensors"
    assert load_sign_reader(path).network.widths == (8, 8)
    written = path.read_bytes()
    assert main([*given, str(tmp_path / "whole"), "--resume"]) == 0
    assert path.read_bytes() == written


def test_grader(tmp_path: Path, graded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("av_grading.training.train_folds.DRAWS", 20)
    given = ["grader", "--output", str(tmp_path / "out"), f"data.manifest={graded}"]
    given += ["data.crop=24", "data.folds=2", "model.stages=1", "model.kind=one_stream"]
    given += ["model.align_vein=false", "train.epochs=1", "train.batch=12", "train.device=cpu"]
    assert main(given) == 0
    assert load_grader(tmp_path / "out/fold1/grader.safetensors").config.train.epochs == 1


@pytest.mark.parametrize("name", TRAININGS)
def test_wrong_settings_are_wrong_usage(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    section = "data" if name == "reading_head" else "train"
    for setting, message in (
        (f"{section}.stepps=3", f"{section}.stepps: unknown key"),
        ("tain.steps=3", "unknown section 'tain'"),
        ("data.train", "expected section.key=value"),
    ):
        with pytest.raises(SystemExit) as end:
            main([name, "--output", str(tmp_path / "out"), setting])
        assert end.value.code == 2 and message in capsys.readouterr().err
    assert main([name, "--output", str(tmp_path / "out")]) == 1  # no data is named
    assert "data." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_close_up_ranks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "close_up.safetensors"
    head = ReadingHead.untrained(5 * 32 + 64 + 11)
    save_close_up(CloseUp(CloseUpNet((32, 64)).eval(), head), weights)
    data = write_close_ups(tmp_path / "close_ups", ["plain", "nicked", "plain"])
    given = ["close_up_ranks", f"data.train={data}", f"data.val={data}", *FAST, "ranks.keep=0.9"]
    given += [f"model.weights={weights}", "augment.crop=64", "train.steps=30", "train.lr=0.001"]
    given += ["train.validate_every=15", "--output"]
    assert main([*given, str(tmp_path / "out")]) == 0
    path = tmp_path / "out/close_up_map.safetensors"
    found = load_close_up(path)
    assert found.network.widths == (32, 64) and found.head is not None
    assert ranks_of(found.network.state_dict())
    first, last = json.loads((tmp_path / "out/history.json").read_text())
    assert last["fine"] < first["fine"]
    assert path.stat().st_size < 0.9 * weights.stat().st_size
    again = [*given[:-1], f"model.weights={path}", "--output", str(tmp_path / "again")]
    capsys.readouterr()
    assert main(again) == 1
    assert f"{path}: expected plain convolutions, found some of low rank" in capsys.readouterr().err


def test_close_up_squares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "close_up.safetensors"
    whole = CloseUpNet((32, 64, 96)).eval()
    # The shipped one is of low rank: it is multiplied out.
    lower_ranks(whole, {"down.1.0": 8}).to(memory_format=torch.channels_last)
    save_close_up(CloseUp(whole), weights)
    data = write_close_ups(tmp_path / "close_ups", ["plain", "nicked", "plain"])
    given = ["close_up_squares", f"data.train={data}", f"data.val={data}", *FAST]
    given += [f"model.weights={weights}", "augment.crop=64", "train.steps=40", "train.lr=0.002"]
    given += ["train.validate_every=20", "--output", str(tmp_path / "out")]
    assert main(given) == 0
    found = load_close_up(tmp_path / "out/close_up_map.safetensors").network
    assert (found.widths, found.square) == ((64, 96), 4)
    first, last = json.loads((tmp_path / "out/history.json").read_text())
    assert last["divergence"] < first["divergence"]
    inputs = torch.zeros(1, 6, 64, 64)
    assert found(inputs).shape == whole(inputs).shape
    # The coarsest features lie at the same places.
    assert found.extract(inputs)[1].shape == whole.extract(inputs)[1].shape
    # A network of one level has none to leave out.
    save_close_up(CloseUp(CloseUpNet((32,)).eval()), weights)
    capsys.readouterr()
    assert main([*given[:-1], str(tmp_path / "again")]) == 1
    assert "expected two levels at least" in capsys.readouterr().err
