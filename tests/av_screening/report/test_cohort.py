"""A cohort's figures from tables of today, and from those that say more."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from av_screening.report.__main__ import main
from av_screening.report.cohort import cohort_figures, cohort_table, set_of
from av_screening.run.finished_run import FinishedRun
from tests.av_screening.run_folder import Drawn, write_run

DRAWN = [
    Drawn(f"{s}/eye{p}.png", 0, 60, 80, p % 4) for s in ("north", "<i>$south$") for p in range(4)
]
DRAWN += [Drawn("alone.png", n, 60, 80, None) for n in range(2)]


def add(path: Path, **columns: object) -> None:
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    table.assign(**columns).to_csv(path, index=False)


def test_report_of_todays_columns(tmp_path: Path) -> None:
    run = write_run(tmp_path / "out", DRAWN)
    assert main([str(run)]) == 0
    page = (run / "report" / "report.html").read_text()
    assert "9 photographs screened, 1 not; 10 crossings." in page
    assert "does not say which crossings are gradable" in page
    assert "&lt;i&gt;$south$" in page and "<i>" not in page and "://" not in page
    pictures = {path.stem for path in (run / "report").glob("*.png")}
    assert pictures == {"grades_by_set", "highest_grade", "widths", "failures"}
    columns, rows = cohort_table(FinishedRun.read(run))
    assert columns == ["set", "photographs", "not screened", "crossings", "graded", "measured"]
    assert ["north", 4, 0, 4, 4, 4] in rows and rows[-1] == ["all", 9, 1, 10, 8, 10]


def test_gradable_flagged_and_eyes_show_where_they_are_known(tmp_path: Path) -> None:
    run = write_run(tmp_path / "out", DRAWN)
    gradable = ["1", "0"] * 5
    reasons = ["" if g == "1" else f"thin vein: 1.{n} DRIVE px" for n, g in enumerate(gradable)]
    add(run / "crossings.csv", gradable=gradable, not_gradable_reason=reasons)
    add(run / "crossings.csv", ratio_first="0.5", ratio_second="0.7")
    add(run / "summary.csv", flagged=["1", *["0"] * 8], eye=["OD", "OS", "", *["OD"] * 6])
    found = FinishedRun.read(run)
    figures = {f.name: f for f in cohort_figures(found)}
    assert list(figures) == [
        "grades_by_set",
        "grades_by_eye",
        "highest_grade",
        "gradable",
        "widths",
        "failures",
    ]
    assert "gradable crossings" in figures["grades_by_set"].caption
    labels = [t.get_text() for t in figures["gradable"].figure.axes[0].get_yticklabels()]
    assert sorted(labels) == ["gradable", "thin vein"]
    eyes = [t.get_text() for t in figures["grades_by_eye"].figure.axes[0].get_yticklabels()]
    assert eyes == ["OD (3)", "not known (1)", "all (4)"]
    right = figures["widths"].figure.axes[1]
    medians = [float(v) for line in right.lines for v in line.get_ydata() if len(line.get_ydata())]
    assert 0.6 == pytest.approx(np.median([v for v in medians if v != 1]))
    columns, rows = cohort_table(found)
    assert columns[-2:] == ["gradable", "flagged photographs"] and rows[-1][-2:] == [5, 1]


def test_without_grades_and_crossings(tmp_path: Path) -> None:
    run = write_run(tmp_path / "out", [])
    found = FinishedRun.read(run)
    assert [f.name for f in cohort_figures(found)] == ["failures"]
    assert cohort_table(found)[1] == [["(no folder)", 0, 1, 0, 0, 0]]


def test_sets_are_first_folders() -> None:
    assert set_of(pd.Series(["a/b/c.png", "c.png"])).tolist() == ["a", "(no folder)"]


def test_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "expected the folder of a finished run" in capsys.readouterr().err
