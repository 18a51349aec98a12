"""`python -m av_grading.caliber`, as a user runs it, and its report."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av_grading.caliber import __main__ as caliber
from av_grading.caliber import report
from av_grading.caliber.measure import COLUMNS
from av_grading.caliber.vein_phantom import draw_vein
from av_grading.formats.files import png, write_whole
from av_grading.formats.manifest import format_manifest

RATIOS = {0: (1.0, 0.95), 1: (0.7, 1.0), 2: (1.0, 0.45), 3: (0.5, 0.6)}
TRUTH = ("x", "y", "ratio_first", "ratio_second", "first_x_px", "first_y_px")


def write_crossings(folder: Path, count: int) -> Path:
    """A manifest of drawn crossings, four grades in turn, four to a photograph."""
    rows: list[dict[str, object]] = []
    for number in range(count):
        grade = number % 4
        made = draw_vein(np.random.default_rng(number), 9.0, artery=7.0, ratios=RATIOS[grade])
        files = {"patch": f"patches/{number}.png", "av_map": f"maps/{number}.png"}
        write_whole(folder / files["patch"], png(made.photograph))
        write_whole(folder / files["av_map"], png(made.av_map))
        first, second = RATIOS[grade]
        truth = dict(zip(TRUTH, (number, 0, first, second, 0, 48), strict=True))
        source = {"group": f"eye{number // 4}", "source": "simulated:drawn"}
        rows.append({**files, "grade": grade, **source, **truth})
    path = folder / "manifest.csv"
    write_whole(path, format_manifest(rows, TRUTH))
    return path


def test_table_and_figures_and_one_bad_patch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_crossings(tmp_path, 4)
    (tmp_path / "patches" / "1.png").write_bytes(b"no image")
    blank = np.zeros((97, 97), np.uint8)
    write_whole(tmp_path / "maps" / "3.png", png(blank))
    output = tmp_path / "out"
    assert caliber.main(["--manifest", str(manifest), "--output", str(output)]) == 1
    printed = capsys.readouterr()
    assert "row 3" in printed.err and "1.png" in printed.err and "Traceback" not in printed.err
    rows = list(csv.DictReader((output / "caliber.csv").open()))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 3
    first, second, third = rows
    assert first["patch"] == "patches/0.png" and not first["not_measurable"]
    assert float(first["own_width_first_drive_px"]) == pytest.approx(9 / (97 / 48), abs=0.5)
    narrow = float(second["ratio_second"]), float(second["ratio_first"])
    assert min(narrow) == pytest.approx(0.45, abs=0.12) == float(second["ratio"])
    assert second["caliber_grade"] == "2" and second["valid_crossing"] == "1"
    assert (
        "no vein in the map" in third["not_measurable"]
        and third["ratio"] == third["severity_index"] == ""
    )
    assert "-1" not in (third["ratio_first"], third["caliber_grade"])
    figures = sorted((output / "figures").iterdir())
    assert len(figures) == 3 and Image.open(figures[0]).size[0] > 900


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--manifest", "none.csv"], 1, "none.csv"),
        (["--manifest", "none.csv", "--moderate", "0.9"], 2, "--moderate < --pressed"),
        (["--manifest", "none.csv", "--side", "0"], 2, "--side"),
    ],
)
def test_wrong_use(
    tmp_path: Path,
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [*arguments, "--output", str(tmp_path / "out")]
    if code == 2:
        with pytest.raises(SystemExit) as stop:
            caliber.main(given)
        assert stop.value.code == 2
    else:
        assert caliber.main(given) == code
    assert message in capsys.readouterr().err


def test_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("av_grading.caliber.phantom_check.WIDTHS", (6.0, 12.0))
    manifest = write_crossings(tmp_path, 24)
    predictions = tmp_path / "predictions.csv"
    lines = ["patch,group,grade,p0,p1,p2,p3"]
    for number in range(24):
        shares = ",".join("1" if g == number % 4 else "0" for g in range(4))
        lines.append(f"patches/{number}.png,eye{number // 4},{number % 4},{shares}")
    predictions.write_text("\n".join(lines) + "\n")
    output = tmp_path / "caliber.json"
    given = ["--manifest", str(manifest), "--output", str(output), "--side", "48.5"]
    few = ["--phantoms", "1", "--draws", "20", "--folds", "3"]
    assert report.main([*given, *few, f"perfect={predictions}"]) == 0
    content = json.loads(output.read_text())
    metrics = content["metrics"]
    assert metrics["phantom_mae_px"] < 0.35 and abs(metrics["phantom_reflex_bias_px"]) < 0.3
    assert metrics["ratio_spearman"] > 0.8 and 0.8 < metrics["measurable_share"] <= 1
    assert metrics["nguyen_qwk"] > 0.6 and metrics["perfect_qwk"] == 1
    low, high = content["ci95"]["roy_qwk"]
    assert low <= metrics["roy_qwk"] <= high
    text = manifest.read_text().replace("first_x_px", "else")
    manifest.write_text(text)
    capsys.readouterr()
    assert report.main([*given, *few]) == 1
    assert "expected first_x_px and first_y_px" in capsys.readouterr().err
