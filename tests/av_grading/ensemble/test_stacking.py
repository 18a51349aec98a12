"""A team is better than its members where they err apart, and never sees a photograph's labels."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from av_grading.command_line import stack, train_ensemble
from av_grading.config import ConfigError
from av_grading.ensemble.members import read_team
from av_grading.ensemble.stacking import stack as stack_rows
from av_grading.ensemble.stacking import stacking_features

COUNT = 120


def make_member(seed: int, noise: float, grades: np.ndarray) -> np.ndarray:
    """Probabilities of a grader that errs by `noise` grades."""
    seen = grades + np.random.default_rng(seed).normal(0, noise, len(grades))
    logits = -1.5 * (seen[:, None] - np.arange(4)) ** 2
    shares = np.exp(logits)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def write_table(path: Path, grades: np.ndarray, probabilities: np.ndarray) -> Path:
    lines = ["patch,group,grade,p0,p1,p2,p3"]
    for number, (grade, row) in enumerate(zip(grades, probabilities, strict=True)):
        shares = ",".join(f"{p:.4f}" for p in row)
        lines.append(f"patches/{number:03d}.png,eye{number // 6},{grade},{shares}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_team_weighs_its_members() -> None:
    grades = np.arange(COUNT) % 4
    groups = [f"eye{i // 6}" for i in range(COUNT)]
    members = [make_member(1, 0.8, grades), make_member(2, 0.8, grades)]
    useless = np.full((COUNT, 4), 0.25)
    found, strengths = stack_rows(
        stacking_features([*members, useless]), grades.tolist(), groups, 4, 0
    )
    assert found.shape == (COUNT, 4) and np.allclose(found.sum(axis=1), 1)
    assert len(strengths) == 4
    right = [(p.argmax(axis=1) == grades).mean() for p in (found, *members)]
    assert right[0] >= max(right[1:]) - 0.02
    with pytest.raises(ValueError, match="expected 120 grades"):
        stack_rows(stacking_features(members), grades[:5].tolist(), groups, 4, 0)


def test_stack_command_with_caliber(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grades = np.arange(COUNT) % 4
    paths = [
        write_table(tmp_path / f"{seed}.csv", grades, make_member(seed, 1.0, grades))
        for seed in (1, 2)
    ]
    table = tmp_path / "caliber.csv"
    lines = ["patch,ratio_first,ratio_second,ratio_error_first,ratio_error_second"]
    for number, grade in enumerate(grades):
        narrow, wide = ((1, 1), (0.72, 1), (0.5, 1), (0.55, 0.6))[grade]
        sides = (narrow, wide) if number % 3 else (wide, narrow)
        text = "," if number % 10 == 0 else f"{sides[0]},{sides[1]}"
        lines.append(f"patches/{number:03d}.png,{text},0.1,0.1")
    table.write_text("\n".join(lines) + "\n")
    output = tmp_path / "team"
    models = [f"a={paths[0]}", f"b={paths[1]}"]
    few = ["--output", str(output), "--draws", "20", "--folds", "4"]
    assert stack.main([*models, *few, "--caliber", str(table)]) == 0
    metrics = json.loads((output / "results.json").read_text())["metrics"]
    assert metrics["team_qwk"] > metrics["networks_qwk"] and metrics["team_qwk"] > 0.9
    assert {"a_qwk", "b_qwk", "caliber_qwk", "team_minus_a_qwk"} <= set(metrics)
    rows = list(csv.DictReader((output / "predictions.csv").open()))
    assert len(rows) == COUNT and rows[5]["patch"] == "patches/005.png"
    assert (output / "scores.png").is_file()

    table.write_text(table.read_text().replace("patches/", "elsewhere/"))
    assert stack.main([*models, *few, "--caliber", str(table)]) == 1
    assert "found none of them" in capsys.readouterr().err
    table.write_text("patch,width\n")
    assert stack.main([*models, *few, "--caliber", str(table)]) == 1
    assert "caliber.csv: expected the columns" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        stack.main([f"team={paths[0]}", *few])
    assert stop.value.code == 2


@pytest.mark.parametrize("name", ["team.yaml", "cpu/team.yaml"])
def test_shipped_teams_are_whole(repo: Path, name: str) -> None:
    members = read_team(repo / "configs" / "grading" / name, ["train.epochs=3"])
    assert read_team(Path(name), ["train.epochs=3"]) == members  # by its name alone
    assert len(members) == 4 and all(m.config.train.epochs == 3 for m in members)
    assert {m.config.train.loss for m in members} == {"ce", "ce_qwk", "corn"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("members: 3", "expected the key members"),
        ("members: [{name: a, config: x.yaml}]", "x.yaml: not a readable file"),
        ("members: [{name: a}]", "members with name and config"),
        ("members: [{name: a/b, config: c.yaml}]", "letters, digits"),
        ("members: [{name: a, config: c.yaml, epochs: 3}]", "unknown key 'epochs'"),
        ("members: [{name: a, config: c.yaml, settings: 3}]", "settings as a list"),
        ("members: [{name: a, config: c.yaml}]", "two or more members"),
        (
            "members: [{name: a, config: c.yaml}, "
            "{name: b, config: c.yaml, settings: [train.seed=1]}]",
            "expected one data.folds and train.seed",
        ),
        ("members: [", "not a readable YAML"),
    ],
)
def test_teams_that_are_not(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.yaml").write_text("train: {loss: ce}\n")
    path = tmp_path / "team.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError, match=message):
        read_team(path, [])


def test_a_team_is_trained_and_unified(graded: Path, tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    (tmp_path / "c.yaml").write_text("train: {loss: ce}\n")
    path.write_text(
        "members:\n"
        "  - {name: plain, config: c.yaml}\n"
        "  - {name: map, config: c.yaml, settings: [model.kind=one_stream, model.stream=av_map]}\n"
    )
    quick = [
        "train.epochs=1",
        "train.batch=16",
        "data.crop=32",
        "data.folds=3",
        "data.val_fraction=0.34",
    ]
    small = [f"data.manifest={graded}", "model.depth=18", "model.stages=3", "model.rank=8"]
    given = ["--config", str(path), "--output", str(tmp_path / "run"), "--draws", "10"]
    assert train_ensemble.main([*given, *quick, *small]) == 0
    metrics = json.loads((tmp_path / "run" / "results.json").read_text())["metrics"]
    assert {"team_qwk", "plain_qwk", "map_qwk"} <= set(metrics)
    assert (tmp_path / "run" / "plain" / "fold2" / "grader.safetensors").is_file()


def test_a_team_needs_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in ([], ["--config", str(tmp_path / "none.yaml")]):
        with pytest.raises(SystemExit) as stop:
            train_ensemble.main([*given, "--output", str(tmp_path / "run")])
        assert stop.value.code == 2
    assert "none.yaml" in capsys.readouterr().err
