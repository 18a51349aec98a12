"""The trainer goes on as if it had never stopped, and not with other settings."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import nn

from av_grading.config import ConfigError
from av_grading.formats.config_file import load_config
from av_grading.training import trainer as module
from av_grading.training.trainer import (
    LAST,
    ResumeError,
    Trainer,
    TrainerSettings,
    find_device,
    follow,
    learning_rate,
)


@dataclass(frozen=True)
class Settings:
    train: TrainerSettings = field(default_factory=TrainerSettings)


BASE = TrainerSettings(steps=7, batch=4, warmup=2, validate_every=3, lr=0.05, device="cpu")


class Stopped(Exception):
    pass


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))


def run(
    folder: Path,
    settings: TrainerSettings = BASE,
    *,
    resume: bool = False,
    stop: int | None = None,
    loss: Callable[[int], float] | None = None,
) -> Trainer[nn.Module]:
    """Train on numbers drawn for each step; stop before a step as Ctrl-C would."""
    trainer = Trainer(network, Settings(settings), settings, folder)

    def losses_of(net: nn.Module, step: int) -> dict[str, torch.Tensor]:
        if step == stop:
            raise Stopped
        inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        found = (net(inputs) - inputs.sum(dim=1, keepdim=True)).square().mean()
        if loss is not None:
            found = found * 0 + loss(step)
        return {"loss": found, "step": torch.tensor(float(step))}

    def save(net: nn.Module) -> None:
        assert not net.training
        torch.save(net.state_dict(), folder / "weights.pt")

    trainer.fit(losses_of, lambda net: {"bias": float(net[3].bias)}, save, resume=resume)
    return trainer


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "weights.pt", weights_only=True)


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(Stopped):
        run(tmp_path / "cut", stop=5)
    assert json.loads((tmp_path / "cut/history.json").read_text())[-1]["step"] == 3
    again = run(tmp_path / "cut", resume=True)
    assert again.history == whole.history and again.step == whole.step == 7
    for name, tensor in weights_of(tmp_path / "whole").items():
        assert torch.equal(tensor, weights_of(tmp_path / "cut")[name]), name
    (tmp_path / "cut/weights.pt").unlink()
    assert run(tmp_path / "cut", resume=True).history == whole.history  # nothing left to do
    assert (tmp_path / "cut/weights.pt").is_file()
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == [
        "config.yaml",
        "history.json",
        LAST,
        "weights.pt",
    ]


def test_products_are_in_bfloat16_and_weights_in_float32_if_asked(tmp_path: Path) -> None:
    half = dataclasses.replace(BASE, precision="bfloat16")
    trainer, other = run(tmp_path / "half", half), run(tmp_path / "whole")
    own, theirs = (t.average.state_dict()["3.weight"] for t in (trainer, other))
    assert own.dtype == torch.float32
    assert not own.equal(theirs)
    assert torch.allclose(own, theirs, atol=0.05)


def test_without_resume_it_starts_over(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert first.history == second.history and len(second.history) == 3


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    run(tmp_path)
    other = dataclasses.replace(BASE, lr=0.1, seed=3)
    with pytest.raises(ResumeError) as refusal:
        run(tmp_path, other, resume=True)
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / LAST}: ")
    assert "train.lr: found 0.05, expected 0.1; train.seed: found 0, expected 3" in message
    assert "steps" not in message
    run(tmp_path, dataclasses.replace(BASE, device="auto"), resume=True)
    (tmp_path / LAST).write_text("no checkpoint")
    with pytest.raises(ResumeError, match="not a checkpoint"):
        run(tmp_path, resume=True)
    torch.save({"step": 3}, tmp_path / LAST)
    with pytest.raises(ResumeError, match="with its settings"):
        run(tmp_path, resume=True)


def test_mean_losses_are_of_the_steps_since_the_last_report(tmp_path: Path) -> None:
    history = run(tmp_path).history
    assert [row["step"] for row in history] == [3, 6, 7]
    assert [row["training_step"] for row in history] == [1, 4, 6]  # steps 0-2, 3-5 and 6 alone
    assert json.loads((tmp_path / "history.json").read_text()) == history


def test_a_loss_that_is_no_number_stops_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="step 3: expected a finite loss, found nan"):
        run(tmp_path, loss=lambda step: float("nan") if step == 2 else 1.0)


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    settings = TrainerSettings(steps=100, warmup=10)
    rates = [learning_rate(step, settings) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates.index(max(rates)) == 9
    assert rates[100] == pytest.approx(0) and rates[50] == pytest.approx(0.5)


def test_an_average_follows_and_copies_what_is_counted() -> None:
    average, net = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    with torch.no_grad():
        net.weight.fill_(3.0)
        assert net.num_batches_tracked is not None
        net.num_batches_tracked.fill_(5)
    follow(average, net, 0.9, 0)  # a tenth is kept of the first step
    assert average.weight.item() == pytest.approx(0.1 * 1 + 0.9 * 3)
    follow(average, net, 0.9, 10**6)
    assert average.weight.item() == pytest.approx(0.9 * 2.8 + 0.1 * 3)
    assert int(average.num_batches_tracked) == 5


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="override: train.steps: expected at least 1, found 0"):
        load_config(None, ["train.steps=0"], Settings())
    with pytest.raises(ConfigError, match="train.device: expected one of .*, found 'tpu'"):
        load_config(None, ["train.device=tpu"], Settings())
    with pytest.raises(ConfigError, match="train.precision: expected one of .*, found 'half'"):
        load_config(None, ["train.precision=half"], Settings())
    with pytest.raises(ConfigError, match=r"train\.loss: unknown key"):
        load_config(None, ["train.loss=ce"], Settings())
    assert find_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        assert find_device("auto").type == "cpu"
        with pytest.raises(ConfigError, match="expected a GPU"):
            find_device("cuda")


def test_figures_are_lines_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("step 7  training_loss ")
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True)
    run(tmp_path)
    out, err = capsys.readouterr()
    assert out.count("step 7  training_loss ") == 1 and "7/7" in err
