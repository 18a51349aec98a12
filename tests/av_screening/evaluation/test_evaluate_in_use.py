"""The evaluation in use, as it is run."""

import json
from pathlib import Path

import pandas as pd
import pytest

from av_screening.evaluation import photograph_runs
from av_screening.evaluation.evaluate_in_use import main


def arguments(folder: Path, out: Path, detector: Path, graders: tuple[Path, Path]) -> list[str]:
    given = ["--photographs", folder, "--output", out, "--work", out / "work", "--name", "toy"]
    given += ["--weights", detector, "--graders", *graders, "--precision", "float32"]
    given += ["--squeezes", 1, "--severe", 1, "--draws", 3]
    return [str(value) for value in given]


def test_results_files_and_going_on(
    phantom_folder: Path,
    detector: Path,
    graders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = arguments(phantom_folder, tmp_path, detector, graders)
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "1/1 test/phantom_0000.png" in out and "order_auc" in out
    in_use = json.loads((tmp_path / "in_use_toy.json").read_text())
    table = pd.read_csv(tmp_path / "in_use_toy.csv")
    assert in_use["data"]["squeezed"] == len(table) == in_use["data"]["crossings"] > 0
    assert in_use["metrics"]["found_share"] == pytest.approx(table["found"].mean(), abs=1e-4)
    assert in_use["data"]["settings"]["detector"]["name"] == detector.name
    natural = json.loads((tmp_path / "natural_toy.json").read_text())
    eyes = pd.read_csv(tmp_path / "natural_toy_eyes.csv")
    assert natural["metrics"]["eyes_flagged_share"] == eyes["flagged"][0]
    assert len(pd.read_csv(tmp_path / "natural_toy.csv")) > 0
    assert "order_auc" not in natural["metrics"]

    calls = []
    measure = photograph_runs.measure_photograph
    monkeypatch.setattr(
        photograph_runs, "measure_photograph", lambda *a: calls.append(a) or measure(*a)
    )
    first = (tmp_path / "in_use_toy.csv").read_bytes()
    assert main(command) == 0 and not calls  # kept
    assert (tmp_path / "in_use_toy.csv").read_bytes() == first
    (tmp_path / "work" / "test_phantom_0000.json").write_text("{cut off")
    assert main(command) == 0 and len(calls) == 1
    assert (tmp_path / "in_use_toy.csv").read_bytes() == first
    assert main([*command, "--seed", "1", "--only", "in_use"]) == 0 and len(calls) == 2


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ([], 2, "names of prepared sets"),
        (["drive", "--draws", "0"], 2, "--draws: expected at least 1"),
        (["nowhere", "--root", "."], 1, "crosspos_nowhere_val.json: not found"),
        (["--photographs", "no_such_folder"], 1, "expected a folder of images"),
    ],
)
def test_wrong_use(
    given: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*given, "--output", str(tmp_path)]
    if code == 2:
        with pytest.raises(SystemExit) as stopped:
            main(command)
        assert stopped.value.code == 2
    else:
        assert main(command) == 1
    assert message in capsys.readouterr().err


def test_readings_that_are_none(
    phantom_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "readings.csv"
    command = ["--photographs", str(phantom_folder), "--output", str(tmp_path)]
    command += ["--readings", str(table)]
    table.write_text("set,image,x_px,y_px,above\n")
    assert main(command) == 1
    assert "readings.csv: expected the columns says_gradable" in capsys.readouterr().err
    table.write_text("set,image,x_px,y_px,above,says_gradable\na,b,1,2,artery,3\na,b,1,2,both,3\n")
    assert main(command) == 1
    assert "row 3: above: expected artery, vein, unclear, found both" in capsys.readouterr().err
