"""Signs by group of eyes against scikit-learn, and what the report says of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from av_screening.errors import FileProblems
from av_screening.report.__main__ import main
from av_screening.report.sign_groups import compare_groups, read_groups
from av_screening.run.finished_run import FinishedRun
from tests.av_screening.run_folder import crossings_of, write_run

DRAWN = crossings_of(12, 4)
GROUPS = {f"eye{p}.png": ("ill", "normal", "other")[p % 3] for p in range(12)}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Twelve eyes; a third is ill and has deflected veins. A crossing of each is not gradable."""
    folder = write_run(tmp_path / "out", DRAWN)
    table = pd.read_csv(folder / "crossings.csv", dtype="str", keep_default_na=False)
    rng = np.random.default_rng(0)
    ill = table["photograph"].map(GROUPS) == "ill"
    turned = 20 + 15 * ill + rng.normal(0, 8, len(table))
    left = np.clip(0.9 - 0.2 * ill + rng.normal(0, 0.1, len(table)), 0, 1)
    table = table.assign(
        gradable=(table["crossing"] != "3").astype(int),
        deflection_degrees=turned.round(2),
        deflection_answer=np.where(turned >= 32, "present", "absent"),
        contrast_first=left.round(3),
        contrast_second=1.0,
    )
    table.to_csv(folder / "crossings.csv", index=False)
    return folder


@pytest.fixture
def eyes(tmp_path: Path) -> Path:
    path = tmp_path / "eyes.csv"
    rows = [f"photographs/{name},{group}" for name, group in GROUPS.items()]
    path.write_text("\n".join(["image,kind", *rows, "stranger.png,ill"]) + "\n")
    return path


def test_means_and_areas_are_of_gradable_crossings_by_eye(run: Path) -> None:
    crossings = FinishedRun.read(run).crossings
    figures = {f.name: f for f in compare_groups(crossings, GROUPS, "normal", draws=20)}
    used = crossings[crossings["gradable"] == 1].groupby("photograph")
    highest, lowest = used["deflection_degrees"].max(), used["contrast_first"].min()
    group = highest.index.map(GROUPS)
    found = figures["deflection_strongest"]
    assert found.means["ill"] == pytest.approx(highest[group == "ill"].mean())
    two = np.isin(group, ["ill", "normal"])
    truth = (group == "ill")[two]
    assert found.areas["ill"] == pytest.approx(roc_auc_score(truth, highest[two]))
    # Of what is left to see less is stronger.
    expected = roc_auc_score(truth, -lowest[two])
    assert figures["concealment_strongest"].areas["ill"] == pytest.approx(expected)
    assert "normal" not in found.areas
    present = (used["deflection_answer"].apply(lambda a: (a == "present").mean()))[group == "ill"]
    assert figures["deflection_present"].means["ill"] == pytest.approx(present.mean())
    low, high = found.ci95["deflection_strongest_auc_ill"]
    assert low <= found.areas["ill"] <= high
    assert found.counts == {"ill": 4, "other": 4, "normal": 4}
    assert {"grade_mean", "grade_strongest"} <= set(figures)
    assert not any(name.startswith(("banking", "reflex")) for name in figures)  # not measured


def test_report_and_results_by_group(run: Path, eyes: Path, tmp_path: Path) -> None:
    results = tmp_path / "signs_clinic.json"
    given = [str(run), "--eyes", str(eyes), "--group", "kind", "--results", str(results)]
    assert main([*given, "--draws", "10"]) == 0
    content = json.loads(results.read_text())
    metrics, ci95 = content["metrics"], content["ci95"]
    assert metrics["n_eyes_ill"] == 4 and metrics["deflection_n_ill"] == 4
    assert 0.5 < metrics["deflection_mean_auc_ill"] <= 1
    assert set(ci95) <= set(metrics) and "deflection_mean_normal" in ci95
    assert content["data"]["reference"] == "normal" and len(content["data"]["photographs"]) == 12
    page = (run / "report" / "report.html").read_text()
    assert "Signs by group of eyes" in page and "AUC, ill against normal" in page
    assert "ill against normal, by AUC: " in page and "partly chance" in page
    with pytest.raises(SystemExit):
        main([str(run), "--results", str(results)])


def test_several_runs_are_one_cohort(tmp_path: Path, eyes: Path) -> None:
    for number in (0, 1):
        part = [c for c in DRAWN if int(c.photograph[3:-4]) % 2 == number]
        write_run(tmp_path / "folds" / f"fold{number}", part)
    found = FinishedRun.read_all(tmp_path / "folds")
    assert len(found.summary) == 12 and len(found.crossings) == 48
    write_run(tmp_path / "folds" / "fold2", DRAWN[:4])
    with pytest.raises(FileProblems, match="eye0.png: expected a photograph in one run"):
        FinishedRun.read_all(tmp_path / "folds")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "photograph,kind\na/eye.png,ill\neye.png,ill\n",
            "row 3: photograph: eye.png is a/eye.png or",
        ),
        (
            "photograph,kind\na/eye.png,ill\na/eye.png,ill\n",
            "row 3: photograph: expected a/eye.png once",
        ),
        ("photograph,sex\na/eye.png,ill\n", "expected the columns photograph .or image. and kind"),
        ("photograph,kind\nno.png,ill\n", "expected photographs of the run with a group"),
    ],
)
def test_a_wrong_table_of_groups_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "eyes.csv").write_text(text)
    with pytest.raises(FileProblems, match=message):
        read_groups(tmp_path / "eyes.csv", "kind", ["a/eye.png", "b/eye.png"])


def test_a_reference_that_no_eye_is_of_is_named(run: Path) -> None:
    with pytest.raises(ValueError, match="expected one of ill, normal, other, found 'healthy'"):
        compare_groups(FinishedRun.read(run).crossings, GROUPS, "healthy", draws=1)
