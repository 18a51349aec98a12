"""The command lines of attribution, as a user runs them."""

import argparse
import csv
import json
from pathlib import Path

import pytest

from av_grading import attribute
from av_grading.attribution.options import chosen_patches, held_out, make_options
from av_grading.command_line import compare_attribution
from av_grading.formats.manifest import read_manifest
from av_grading.grader import save_grader
from tests.av_grading.conftest import make_grader


@pytest.fixture
def few(graded: Path) -> Path:
    """The first eight rows of `graded`."""
    lines = graded.read_text().splitlines()[:9]
    graded.write_text("\n".join(lines) + "\n")
    return graded


def test_page_table_and_pictures(
    few: Path, grader_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caliber = tmp_path / "caliber.csv"
    caliber.write_text("patch,width_ratio\npatches/0.png,0.5\nelsewhere.png,1\n")
    output = tmp_path / "out"
    given = ["--manifest", str(few), "--weights", str(grader_file), "--output", str(output)]
    assert attribute.main([*given, "--caliber", str(caliber), "--draws", "20"]) == 0
    said = capsys.readouterr().out
    assert "8 patches" in said and "1 patches are not in the manifest: elsewhere.png" in said
    html = (output / "report.html").read_text()
    assert html.count('<li class="card"') == 8 and "width ratio" in html
    assert "Integrated gradients shows what raises the score of the expected grade." in html
    assert "two-stream, depth 18, SHA-256" in html and html.count("turned 45°") >= 8
    rows = list(csv.DictReader((output / "attribution.csv").open()))
    assert len(rows) == 8 and rows[0]["patch"] == "patches/0.png"
    assert 0 <= float(rows[0]["vein_energy_av_map"]) <= 1
    assert {"deletion_gain", "agreement_hue", "randomised_similarity"} <= set(rows[0])
    assert (output / "pictures" / "0008_7.png").is_file()


def test_page_of_held_out_patches_alone(few: Path, grader_file: Path, tmp_path: Path) -> None:
    held = tmp_path / "predictions.csv"
    rows = [f"patches/{n}.png,eye0,{n},1,0,0,0" for n in (1, 2)]
    held.write_text("\n".join(["patch,group,grade,p0,p1,p2,p3", *rows]) + "\n")
    output = tmp_path / "out"
    given = ["--manifest", str(few), "--weights", str(grader_file), "--output", str(output)]
    assert attribute.main([*given, "--held-out", str(held), "--draws", "20"]) == 0
    assert (output / "report.html").read_text().count('<li class="card"') == 2
    assert attribute.main([*given, "--every", "3", "--draws", "20"]) == 0
    assert (output / "report.html").read_text().count('<li class="card"') == 3
    with pytest.raises(SystemExit):
        attribute.main([*given, "--every", "0"])


def test_grades_are_not_needed(few: Path, tmp_path: Path) -> None:
    few.write_text(few.read_text().replace(",0,eye", ",,eye").replace(",3,eye", ",,eye"))
    for line in ("1", "2"):
        few.write_text(few.read_text().replace(f",{line},eye", ",,eye"))
    weights = tmp_path / "one.safetensors"
    save_grader(make_grader("model.kind=one_stream", "train.loss=corn"), weights)
    output = tmp_path / "out"
    given = ["--manifest", str(few), "--weights", str(weights), "--output", str(output)]
    more = ["--target", "expected", "--method", "integrated_gradients", "--draws", "20"]
    assert attribute.main([*given, *more]) == 0
    html = (output / "report.html").read_text()
    assert "the expected grade" in html and "Convergence delta" in html
    assert "Attribution, map" not in html and 'class="confusion"' not in html


def test_two_graders_on_held_out_patches(few: Path, grader_file: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.safetensors"
    save_grader(make_grader("model.kind=one_stream"), baseline)
    names = [f"patches/{i}.png" for i in range(6)]
    head = "patch,group,grade,p0,p1,p2,p3\n"
    held = tmp_path / "predictions.csv"
    held.write_text(head + "".join(f"{name},eye0,0,1,0,0,0\n" for name in names))
    output = tmp_path / "attribution.json"
    models = [f"full={grader_file}", f"baseline={baseline}"]
    given = [*models, "--manifest", str(few), "--output", str(output), "--draws", "20"]
    head, *rows = few.read_text().splitlines()
    few.write_text("\n".join([f"{head},x,y", *(f"{r},{i // 4},1" for i, r in enumerate(rows))]))
    more = ["--held-out", str(held), "--plain", str(few)]
    assert compare_attribution.main([*given, *more]) == 0
    content = json.loads(output.read_text())
    metrics = content["metrics"]
    assert content["data"]["patches"] == 6 and content["data"]["groups"] == 2
    assert {"vein_energy_baseline", "vein_energy_full", "deletion_gain"} <= set(metrics)
    assert {"full_minus_baseline_pressed_energy", "pressed_energy_full"} <= set(metrics)
    assert metrics["deletion_gain"] == metrics["deletion_gain_full"]
    assert metrics["randomised_similarity"] == metrics["randomised_similarity_full"]
    difference = metrics["vein_energy_full"] - metrics["vein_energy_baseline"]
    assert metrics["full_minus_baseline_vein_energy"] == pytest.approx(difference, abs=1e-4)
    assert set(content["ci95"]) == set(metrics)
    assert len(list(csv.DictReader((tmp_path / "attribution_baseline.csv").open()))) == 6


def test_nothing_is_held_out(
    few: Path, grader_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = tmp_path / "predictions.csv"
    held.write_text("patch,group,grade,p0,p1,p2,p3\nother.png,a,0,1,0,0,0\n")
    output = tmp_path / "x.json"
    given = [f"full={grader_file}", "--manifest", str(few), "--output", str(output)]
    assert compare_attribution.main([*given, "--held-out", str(held)]) == 1
    assert "expected patches that are in" in capsys.readouterr().err and not output.exists()
    patches = read_manifest(few)
    assert len(held_out(patches, few, [])) == 8


def test_patches_of_some_grades(few: Path) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", type=Path)
    make_options(parser)
    grades = [p.grade for p in read_manifest(few) if p.grade is not None and p.grade >= 2]
    args = parser.parse_args(["--manifest", str(few), "--least-grade", "2"])
    assert [p.grade for p in chosen_patches(args)] == grades


def test_wrong_use(
    few: Path, grader_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    given = ["--manifest", str(few), "--output", str(output)]
    assert attribute.main([*given, "--weights", "none.safetensors"]) == 1
    assert "none.safetensors: expected weights of two_stream" in capsys.readouterr().err
    more = ["--weights", str(grader_file), "--caliber", "none.csv"]
    assert attribute.main([*given, *more]) == 1
    assert "none.csv: expected a CSV of caliber" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        attribute.main([*given, "--weights", str(grader_file), "--target", "5"])
    assert stop.value.code == 2 and not output.exists()
