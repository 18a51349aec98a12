"""How networks that learned from readings are brought together, on drawn answers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from av_grading.command_line.fit_decision import LEAST_CLEAR, MOST_UNCLEAR, main, mean_of
from av_grading.models.reading_outputs import OUTPUTS

COUNT = 400


def readings(rng: np.random.Generator) -> pd.DataFrame:
    """Paired readings: a fifth not clear, an eighth of the clear ones vein-above."""
    clear = np.where(rng.random(COUNT) < 0.2, "n", "y")
    grade = rng.choice(4, COUNT, p=[0.6, 0.2, 0.12, 0.08]).astype(float)
    above = np.where(rng.random(COUNT) < 0.125, "vein", "artery").astype(object)
    grade[clear == "n"], above[clear == "n"] = np.nan, ""
    columns: dict[str, object] = {"group": [f"photograph {i // 8}" for i in range(COUNT)]}
    columns["set"] = "drawn"
    for number in (1, 2):
        columns |= {f"clear_{number}": clear, f"above_{number}": above, f"grade_{number}": grade}
        columns |= {f"sideA_{number}": grade, f"sideB_{number}": grade, f"bent_{number}": ""}
    return pd.DataFrame(columns)


def answers(table: pd.DataFrame, error: float, rng: np.random.Generator) -> pd.DataFrame:
    """What a network says whose expected grade is off by so much."""
    grade = np.clip(table["grade_1"].fillna(1) + rng.normal(0, error, COUNT), 0, 3).to_numpy()
    low = np.minimum(grade.astype(int), 2)
    said = np.zeros((COUNT, OUTPUTS))
    for first in (0, 7, 11):
        said[np.arange(COUNT), first + low] = 1 - (grade - low)
        said[np.arange(COUNT), first + low + 1] = grade - low
    clear = (table["clear_1"] == "y") * 2.0 - 1 + rng.normal(0, error, COUNT)
    above = (table["above_1"] != "vein") * 2.0 - 1 + rng.normal(0, error, COUNT)
    said[:, 4], said[:, 6] = 1 / (1 + np.exp(-3 * clear)), 1 / (1 + np.exp(-3 * above))
    found = table.assign(**{f"o{i}": said[:, i] for i in range(OUTPUTS)})
    return found.reset_index()


@pytest.fixture
def members(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions of a network that sees well, in two folds, and of one that hardly does."""
    rng = np.random.default_rng(0)
    table = readings(rng)
    good, poor = answers(table, 0.3, rng), answers(table, 1.2, rng)
    for name, part in (("good_0", good[::2]), ("good_1", good[1::2]), ("poor", poor[:-40])):
        part.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path, tmp_path / "decision.json"


def test_the_better_network_counts_and_the_limits_hold(members: tuple[Path, Path]) -> None:
    folder, output = members
    good = [str(folder / f"good_{i}.csv") for i in (0, 1)]
    arguments = ["--member", "good", *good, "--member", "poor", str(folder / "poor.csv")]
    assert main([*arguments, "--output", str(output)]) == 0
    found = json.loads(output.read_text())
    metrics = found["metrics"]
    assert metrics["weight_good"] > 0.6 > metrics["weight_poor"]
    assert metrics["spearman_good"] > metrics["spearman_poor"] + 0.2
    assert metrics["not_clear_graded_share"] <= MOST_UNCLEAR
    assert metrics["read0_called2_share"] <= 0.03
    assert metrics["read0_called1_share"] <= 0.20
    assert metrics["clear_auc"] > 0.9
    assert metrics["above_kappa"] > 0.6
    assert len(found["data"]["photographs"]) == COUNT // 8


def test_the_gate_refuses_veins_above_that_would_be_graded_for_nicked_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = readings(rng)
    vein = table["above_1"] == "vein"
    said = answers(table.assign(grade_1=table["grade_1"].mask(vein, 2.0)), 0.3, rng)
    for column in ("grade_1", "grade_2"):
        said[column] = table[column].mask(vein, 0.0)
    path, output = tmp_path / "strip.csv", tmp_path / "decision.json"
    said.to_csv(path, index=False)
    assert main(["--member", "strip", str(path), "--output", str(output)]) == 0
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["vein_above_graded_share"] < 0.2
    assert metrics["clear_graded_share"] >= LEAST_CLEAR
    assert metrics["auc_grade2_all"] > 0.9


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--member", "strip", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_a_member_without_files_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--member", "strip"])
    assert stopped.value.code == 2


def test_a_mean_is_of_those_that_say_something() -> None:
    said = np.array([[1.0, np.nan, 0.0], [0.0, 0.5, np.nan], [np.nan, 0.5, np.nan]])
    assert mean_of(said, [3, 1, 1]).tolist() == [0.75, 0.5, 0.0]
    # Where only what has no weight says something, that stands.
    assert mean_of(said, [0, 1, 0]).tolist() == [0.0, 0.5, 0.0]
