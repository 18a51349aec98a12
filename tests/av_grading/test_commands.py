"""The command lines, as a user runs them."""

import csv
import json
from pathlib import Path

import pytest

from av_grading import evaluate, predict, train
from av_grading.command_line import compare_few_shot, train_few_shot

QUICK = ["data.crop=24", "train.batch=12", "train.device=cpu", "train.epochs=1"]
QUICK += ["model.kind=one_stream", "data.folds=3", "data.val_fraction=0.34"]


def test_train_predict_and_evaluate(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    settings = [f"data.manifest={graded}", *QUICK]
    assert train.main(["--output", str(output), "--draws", "20", *settings]) == 0
    assert "qwk" in capsys.readouterr().out
    results = json.loads((output / "results.json").read_text())
    assert {"qwk", "accuracy", "kappa", "macro_f1", "auc", "ece"} <= set(results["metrics"])
    assert results["data"]["groups"] == 12
    for name in ("scores.png", "training.png", "config.yaml", "fold2/grader.safetensors"):
        assert (output / name).is_file(), name
    folds = [list(csv.DictReader((output / f"fold{i}/predictions.csv").open())) for i in range(3)]
    assert sorted(r["patch"] for rows in folds for r in rows) == sorted(
        r["patch"] for r in csv.DictReader((output / "predictions.csv").open())
    )

    table = tmp_path / "grades.csv"
    weights = [str(output / f"fold{i}" / "grader.safetensors") for i in range(3)]
    given = ["--manifest", str(graded), "--output", str(table)]
    assert predict.main([*given, "--weights", *weights]) == 0
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 48 and float(rows[0]["spread"]) >= 0
    assert sum(float(rows[0][f"p{g}"]) for g in range(4)) == pytest.approx(1, abs=1e-3)

    found = tmp_path / "compared.json"
    predictions = output / "predictions.csv"
    models = [f"a={predictions}", f"b={predictions}"]
    assert evaluate.main([*models, "--output", str(found), "--draws", "20"]) == 0
    content = json.loads(found.read_text())
    assert content["ci95"]["a_minus_b_qwk"] == [0, 0]
    assert content["metrics"]["a_qwk"] == pytest.approx(results["metrics"]["qwk"], abs=1e-3)
    assert found.with_suffix(".csv").is_file() and found.with_suffix(".png").is_file()


def test_first_fold_alone_is_a_hold_out(graded: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    given = ["--output", str(output), "--draws", "20", "--first-folds", "1"]
    assert train.main([*given, f"data.manifest={graded}", *QUICK]) == 0
    rows = list(csv.DictReader((output / "predictions.csv").open()))
    assert 0 < len(rows) < 48 and not (output / "fold1").exists()


def test_few_patches_over_draws(graded: Path, tmp_path: Path) -> None:
    settings = [f"data.manifest={graded}", *QUICK]
    counts = ["--counts", "6", "6", "6", "6", "--draws", "2"]
    assert train_few_shot.main(["--output", str(tmp_path / "few"), *counts, "--", *settings]) == 0
    draws = tmp_path / "few" / "draws.json"
    output = tmp_path / "x.json"
    assert compare_few_shot.main([f"a={draws}", f"b={draws}", "--output", str(output)]) == 0
    content = json.loads(output.read_text())
    assert content["metrics"]["a_minus_b_qwk"] == 0 and content["seeds"] == [0, 1]
    low, high = content["ci95"]["a_qwk"]
    assert low <= content["metrics"]["a_qwk"] <= high


def test_few_patches_are_few(graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    settings = [f"data.manifest={graded}", f"data.extra={graded}"]
    assert train_few_shot.main(["--output", str(tmp_path / "few"), *settings]) == 1
    assert "data.extra: expected none" in capsys.readouterr().err


def test_nothing_is_trained_on_a_manifest_with_errors(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = graded.read_text().replace(",0,eye0", ",8,eye0").replace(",1,eye3", ",1,")
    graded.write_text(text)
    output = tmp_path / "run"
    assert train.main(["--output", str(output), f"data.manifest={graded}", *QUICK]) == 1
    err = capsys.readouterr().err
    assert "2 problems" in err and "found '8'" in err and "group: expected a value" in err
    assert not output.exists()


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (["train.epoch=1"], 2, "train.epoch: unknown key"),
        ([], 1, "data.manifest: expected a manifest"),
        (["data.manifest=none.csv"], 1, "none.csv"),
    ],
)
def test_wrong_use(
    tmp_path: Path,
    settings: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--output", str(tmp_path / "run"), *settings]
    if code == 2:
        with pytest.raises(SystemExit) as stop:
            train.main(arguments)
        assert stop.value.code == 2
    else:
        assert train.main(arguments) == code
    assert message in capsys.readouterr().err


def test_predictions_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    head = "patch,group,grade,p0,p1,p2,p3\n"
    first.write_text(head + "x,g,0,1,0,0,0\n")
    second.write_text(head + "y,g,0,1,0,0,0\n")
    output = ["--output", str(tmp_path / "x.json")]
    assert evaluate.main([f"a={first}", f"b={second}", *output]) == 1
    assert "expected the same patches" in capsys.readouterr().err
    second.write_text(head + "x,g,zero,1,0,0,0\n")
    assert evaluate.main([f"a={first}", f"b={second}", *output]) == 1
    assert "b.csv: row 2" in capsys.readouterr().err
    assert compare_few_shot.main([f"a={first}", *output]) == 1
    assert "a.csv: expected draws.json" in capsys.readouterr().err
