"""The tables of docs/RESULTS.md and README's headline are those of results/."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCORES = ("accuracy", "kappa", "qwk", "qwk_expected")
NAMINGS = [("", ""), ("fpn_", ""), ("", "_minus_fpn")]


def test_pages_are_up_to_date(repo: Path) -> None:
    command = [sys.executable, str(repo / "tools" / "results_tables.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_results_files_say_where_they_come_from(repo: Path) -> None:
    for path in (repo / "results").glob("*.json"):
        content = json.loads(path.read_text())
        assert {"command", "commit", "seeds", "data", "metrics", "ci95"} <= set(content)
        assert all(isinstance(v, (int, float)) for v in content["metrics"].values())
        assert set(content["ci95"]) <= set(content["metrics"])
        assert all(low <= high for low, high in content["ci95"].values())


@pytest.fixture
def tables(repo: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repo / "tools"))
    return importlib.import_module("tables")


@pytest.fixture
def fill(repo: Path, tables: ModuleType) -> Callable[[str, Path], str]:
    return importlib.import_module("results_tables").fill


def results(metrics: dict[str, float], intervals: bool = True) -> dict[str, Any]:
    return {
        "command": "python x.py",
        "commit": "0123456789abcdef",
        "seeds": [0],
        "metrics": metrics,
        "ci95": {n: [0.2, 0.3] for n in metrics} if intervals else {},
    }


def test_tables_come_from_results(
    tables: ModuleType, fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    names = [f"{p}{k}{s}" for k in tables.detector.DETECTOR_ROWS for p, s in NAMINGS]
    path = tmp_path / "detector_drive.json"
    path.write_text(json.dumps(results({n: 0.25 for n in names})))
    readme = "a\n<!-- table detector_drive -->\nold\n<!-- end detector_drive -->\nb\n"
    filled = fill(readme, tmp_path)
    assert "| box AP50 | .250 (.200 to .300) |" in filled
    assert "old" not in filled and filled.startswith("a\n") and filled.endswith("\nb\n")
    path.write_text(json.dumps(results({k: 0.5 for k in tables.detector.DETECTOR_ROWS})))
    assert "| | SAFPN |\n" in fill(readme, tmp_path)  # no baseline, no columns for it
    with pytest.raises(ValueError, match="needs"):
        fill(readme, tmp_path / "none")


def test_a_figure_in_use_is_taken_up_when_its_file_is_there(
    fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    page = "<!-- table in_use_fundus_avseg -->\n<!-- end in_use_fundus_avseg -->\n"
    assert "Not measured yet." in fill(page, tmp_path)
    metrics = {"qwk": 0.5, "found_share": 0.75, "gradable_share": 0.25}
    (tmp_path / "in_use_fundus_avseg.json").write_text(json.dumps(results(metrics)))
    assert "| QWK of the grades | .500 (.200 to .300) |" in fill(page, tmp_path)


HEADLINE = "<!-- table headline -->\n<!-- end headline -->\n"


def write_files(folder: Path, **metrics: dict[str, float]) -> None:
    for name, values in metrics.items():
        (folder / f"{name}.json").write_text(json.dumps(results(values)))


def test_the_headline_says_which_readings_are_not_measured(
    fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    write_files(
        tmp_path,
        detector_drive={"center_f1_10px": 0.75, "bbox_AP50": 0.5},
        av_drive={"vessel_dice": 0.5, "av_accuracy": 0.5},
        readings_clinic={"qwk": 0.5},
    )
    filled = fill(HEADLINE, tmp_path)
    assert "| crossings found: centre F1 within 10 px |  |  | .750 (.200 to .300) |" in filled
    assert "QWK with the mean of two |  | .500 (.200 to .300) |  |" in filled
    assert "AUC" not in filled  # no photographs have a figure for it
    missing = "grades on Fundus-AVSeg's test photographs; hypertensive against normal eyes."
    assert f"Not measured yet: {missing}" in filled


def test_the_headline_leads_with_readings_and_has_no_simulated_nicking(
    fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    shares = ("qwk", "reading_qwk", "auc_grade2", "clear_graded_share", "read2_called2_share")
    write_files(
        tmp_path,
        readings_fundus_avseg=dict.fromkeys(shares, 0.25),
        readings_clinic=dict.fromkeys(shares, 0.5),
        eyes_clinic={"main_veins_auc_hypertensive_normal_top2": 0.75},
        detector_drive={"center_f1_10px": 0.75, "bbox_AP50": 0.5},
        in_use_fundus_avseg={"qwk": 0.125},
    )
    lines = fill(HEADLINE, tmp_path).splitlines()
    assert lines[1] == "| | Fundus-AVSeg's test | a clinic, left out in turn | DRIVE's test |"
    assert lines[3].startswith("| grades against machine readings: QWK")
    both = ".250 (.200 to .300) | .500 (.200 to .300)"
    assert sum(f"| {both} |  |" in line for line in lines) == len(shares)
    assert any("by their main veins |  | .750 (.200" in line for line in lines)
    assert not any("Not measured" in line or ".125" in line for line in lines)


def test_signs_by_group_come_with_the_best_separation_first(
    fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    metrics = {"n_eyes_hypertensive": 8.0, "n_eyes_normal": 14.0, "n_eyes_brvo": 22.0}
    for name, area in (
        ("gap_mean", 0.5),
        ("concealment_strongest", 0.75),
        ("grade_present", 0.625),
    ):
        metrics |= {f"{name}_auc_hypertensive": area, f"{name}_auc_brvo": 0.25}
        metrics |= {f"{name}_hypertensive": 0.5, f"{name}_normal": 0.125, f"{name}_brvo": 0.375}
    content = results(metrics) | {"data": {"reference": "normal"}}
    (tmp_path / "signs_clinic.json").write_text(json.dumps(content))
    lines = fill("<!-- table signs_clinic -->\n<!-- end signs_clinic -->\n", tmp_path).splitlines()
    assert lines[1].endswith("| AUC, hypertensive against normal | brvo (22) |")
    assert [line.split(" | ")[:2] for line in lines[3:6]] == [
        ["| Concealment", "lowest"],
        ["| Grade", "share that has it"],
        ["| Gap", "mean"],
    ]
    assert lines[3].endswith(".750 (.200 to .300) | .375 |")


def test_unpaired_markers_are_named(fill: Callable[[str, Path], str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="end headline"):
        fill("<!-- table headline -->\n", tmp_path)


def test_map_table(tables: ModuleType) -> None:
    names = [*tables.detector.AV_ROWS, "av_accuracy_agreed"]
    table = tables.av_table(results({n: 0.5 for n in names}, intervals=False))
    assert "| vessel Dice | .500 |  |" in table and "pixels | .500 | .500 |" in table
    single = {f"{n}_1_view": 0.25 for n in tables.detector.AV_ROWS}
    both = {**dict.fromkeys(names, 0.5), **single, "n_views": 4}
    table = tables.av_table(results(both, intervals=False))
    assert "| | mean of 4 views | one view | mean of 4 views, consistent segments |" in table
    assert "pixels | .500 | .250 | .500 |" in table


def test_ablation_table_leaves_empty_what_a_model_does_not_answer(tables: ModuleType) -> None:
    metrics = {"safpn_bbox_AP50": 0.4, "safpn_bbox_AP50_std": 0.02}
    metrics |= {"map_vessel_dice": 0.7, "map_vessel_dice_std": 0.01}
    metrics |= {"safpn_minus_fpn_bbox_AP50": 0.25}
    table = tables.ablation_table(results(metrics)).splitlines()
    assert table[2].startswith("| SAFPN, both tasks | .400 ± .020 |")
    alone = next(line for line in table if line.startswith("| SAFPN, map alone"))
    assert [cell.strip() for cell in alone.split("|")][2:6] == ["", "", "", ""]
    assert "| .700 ± .010 |" in alone
    assert any("less stock FPN, both tasks | .250 (.200 to .300) |" in line for line in table)


def test_grader_table_has_the_models_that_were_measured(tables: ModuleType) -> None:
    names = [f"{m}_{s}" for m in ("full", "baseline", "full_minus_baseline") for s in SCORES]
    table = tables.grader_table(results({n: 0.5 for n in names}))
    assert table.count("| .500 (.200 to .300) | .500 (.200 to .300) |") == 3
    assert "| full less baseline |" in table and "concatenation" not in table


def test_caliber_table_has_the_systems_that_were_scored(tables: ModuleType) -> None:
    columns = ("qwk", "accuracy", "graded_share", "measured_qwk")
    names = [f"{system}_{column}" for system in ("nguyen", "network") for column in columns]
    table = tables.caliber_table(results({n: 0.5 for n in names})).splitlines()
    assert table[2].startswith("| widths and thresholds, in the manner of Nguyen | .500")
    assert table[3].startswith("| the network | .500 (.200 to .300) |")
    assert not any("Roy" in line for line in table)


def test_attribution_table_has_each_grader_and_differences(tables: ModuleType) -> None:
    names = ["vein_energy_full", "vein_energy_baseline", "full_minus_baseline_vein_energy"]
    found = results({**{n: 0.5 for n in names}, "pointing_full": 0.25})
    found["data"] = {"models": {"full": "a", "baseline": "b"}}
    table = tables.attribution_table(found).splitlines()
    assert table[0] == "| | full | baseline | full less baseline |"
    cell = ".500 (.200 to .300)"
    assert table[2] == f"| attribution on the vein at the crossing | {cell} | {cell} | {cell} |"
    pointing = next(line for line in table if line.startswith("| peak on the vein"))
    assert pointing == "| peak on the vein at the crossing | .250 (.200 to .300) |  |  |"


def test_benchmark_table(tables: ModuleType) -> None:
    stages = ("read", "gate", "pass", "patches", "grade", "write")
    names = [f"stage_{stage}_seconds" for stage in stages]
    names += [f"{name}_seconds" for name in ("pipeline", "stock_r50", "separate_stages")]
    names += ["speedup_vs_stock_r50", "speedup_vs_separate_stages"]
    names += ["peak_fraction", "pass_peak_fraction"]
    found = results({n: 0.5 for n in names})
    found["metrics"] |= {"peak_memory_mib": 900.0, "memory_growth_2_to_9": 0.031}
    found["metrics"] |= {"workers": 2, "peak_gflops": 640.4}
    found["data"] = {"memory_photographs": [2, 9], "precision": "bfloat16"}
    table = tables.benchmark_table(found)
    seconds = "seconds a photograph, 2 at once: pipeline, stock, separate"
    assert f"| {seconds} | 0.50, 0.50, 0.50 |" in table
    assert "in bfloat16: all" in table and "| that peak | 640 GFLOP/s |" in table
    assert "growth from 2 to 9 photographs | 900 MiB, +3.1 % |" in table
    assert "| 50 %, 50 % |" in table


def test_what_bfloat16_changes(tables: ModuleType) -> None:
    names = ("found_in_both", "gradable_in_both", "same_grade", "expected_grade_difference")
    found = results({n: 0.5 for n in (*names, "severity_difference", "other_labels", "speedup")})
    found["metrics"] |= {"crossings": 466.0, "gradable": 129.0}
    found["metrics"]["largest_expected_grade_difference"] = 0.236
    found["data"] = {"photographs": ["a", "b"]}
    table = tables.precision_table(found)
    assert "| crossings (466 of 2 photographs): in both | .500" in table
    assert "| largest difference of an expected grade | 0.24 |" in table


def test_a_set_has_three_rows_and_a_star_where_it_was_learned_from(
    fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    metrics = {f"crosspos_hrf_val_bbox_AP50{s}": 0.25 for s in ("", "_before", "_minus_before")}
    data = {"evaluated": {"crosspos_hrf_val": ["a", "b"]}}
    data |= {"trained_on": ["crosspos_hrf_train"], "before_trained_on": ["crosspos_hrf_val"]}
    page = "<!-- table detector_by_set -->\n<!-- end detector_by_set -->\n"
    assert "Not measured yet." in fill(page, tmp_path)
    content = results(metrics) | {"data": data}
    (tmp_path / "detector_by_set.json").write_text(json.dumps(content))
    filled = fill(page, tmp_path)
    assert "| hrf_val (2), before* | .250 (.200 to .300) | " in filled
    assert "| hrf_val (2), now | .250" in filled and "| hrf_val (2), now less before |" in filled


def test_readings_table_has_an_earlier_version_beside(
    tables: ModuleType, fill: Callable[[str, Path], str], tmp_path: Path
) -> None:
    page = "<!-- table readings_clinic -->\n<!-- end readings_clinic -->\n"
    assert "Not measured yet." in fill(page, tmp_path)
    found = results({"qwk": 0.5, "before_qwk": 0.25, "reading_qwk": 0.75, "n_clear": 40.0})
    (tmp_path / "readings_clinic.json").write_text(json.dumps(found))
    filled = fill(page, tmp_path)
    assert "| | now | 0.2.0 |" in filled
    label = "QWK with the mean of both readings, graded crossings"
    assert f"| {label} | .500 (.200 to .300) | .250 (.200 to .300) |" in filled
    assert "40 clear in both readings." in filled and "bent" not in filled
    assert "| | now |\n" in tables.readings_table(results({"qwk": 0.5}))


def test_eyes_table_has_the_groups_and_the_readings_alone(tables: ModuleType) -> None:
    auc = "auc_hypertensive_normal_top2"
    metrics = {f"{p}{auc}": 0.5 for p in ("", "main_veins_", "before_", "reading_")}
    metrics |= {"n_eyes": 9.0, "n_eyes_normal": 4.0, "group_normal_top2": 1.25}
    table = tables.eyes_table(results(metrics, intervals=False))
    assert "| | now | now, main veins | 0.2.0 | the readings alone |" in table
    assert "two highest grades | .500 | .500 | .500 | .500 |" in table
    assert "| two highest grades, normal (4) | 1.250 |  |  |  |" in table
