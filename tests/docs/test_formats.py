"""docs/FORMATS.md names the columns and fields that are written, in their order."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from av_detectron.data import disc
from av_grading.caliber import measure
from av_grading.formats.importers import MDTNET_COLUMNS
from av_grading.formats.manifest import COLUMNS, GradedPatch, format_manifest
from av_grading.formats.predictions import write_predictions
from av_grading.gradable import REASONS
from av_grading.signs.__main__ import format_rows
from av_grading.signs.registry import signs
from av_grading.simulation.protocols import PROTOCOLS
from av_grading.simulation.write import TRUTH
from av_screening.evaluation import paired_readings
from av_screening.exchange import corrections
from av_screening.eyes import eye_table
from av_screening.review import answers, reviewed_labels
from av_screening.write import columns, run_tables

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/FORMATS.md").read_text()
PAGES = (ROOT / "av_screening/templates/review_file.js").read_text()


def documented(heading: str) -> list[str]:
    """First cells of the tables below a heading."""
    section = TEXT.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def header(text: str) -> list[str]:
    return next(csv.reader(text.splitlines()))


WRITTEN = {
    "`discs.csv`": disc.COLUMNS,
    "`manifest.csv`": header(format_manifest([])),
    "`manifest.csv` of simulated nicking": header(format_manifest([], TRUTH))[len(COLUMNS) :],
    "`manifest.csv` of the clinical protocol": [c.name for c in PROTOCOLS["clinical"].columns],
    "Review file": answers.COLUMNS,
    "Paired readings": [*paired_readings.COLUMNS, *paired_readings.OPTIONAL],
    "Eyes and persons": eye_table.COLUMNS,
    "`changes.csv`": corrections.CHANGED,
    "`readings.csv`": reviewed_labels.READING_COLUMNS,
    "Caliber table": measure.COLUMNS,
    "`crossings.csv`": header(columns.format_csv(columns.crossings_columns(), [])),
    "`summary.csv`": header(columns.format_csv(columns.summary_columns(), [])),
    "`failures.csv`": header(columns.format_csv(columns.FAILURES, [])),
    "`columns.csv`": header(run_tables._meanings()),
}


@pytest.mark.parametrize("sign", signs(), ids=lambda sign: sign.name)
def test_rows_of_signs_are_those_of_the_registry(sign):
    section = TEXT.split("\n### `crossings.csv`\n")[1].split("\n### ")[0]
    missing = [row for row in format_rows(sign) if row not in section]
    assert not missing, "python -m av_grading.signs prints the rows"


def test_every_reason_is_documented():
    for reason in REASONS.values():
        assert f"| {reason.code} | {reason.meaning} |" in TEXT


@pytest.mark.parametrize("heading", WRITTEN)
def test_columns(heading):
    assert documented(heading) == list(WRITTEN[heading])


def test_review_pages_write_the_columns_that_are_read():
    written = re.search(r"const COLUMNS = \[(.*?)\]", PAGES, re.DOTALL)[1]
    assert re.findall(r'"(\w+)"', written) == answers.COLUMNS


def test_predictions(tmp_path):
    path = tmp_path / "predictions.csv"
    patch = GradedPatch(Path("a.png"), Path("b.png"), 1, "eye", "set")
    write_predictions(path, [patch], np.full((1, 4), 0.25))
    assert documented("`predictions.csv`") == header(path.read_text())


def test_imported_columns():
    assert ",".join(MDTNET_COLUMNS) in TEXT


WEIGHTS = {
    "detector": "av_detectron/weights/crossing_av_r18",
    "grader": "av_grading/weights/nicking_grader_r18",
    "close-up": "av_grading/weights/close_up_map",
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_metadata_of_weights(kind):
    row = re.search(rf"^\| {kind} \|.*$", TEXT, re.MULTILINE)[0].split("|")[3]
    with safe_open(ROOT / f"{WEIGHTS[kind]}.safetensors", "pt") as file:
        assert sorted(re.findall(r"`(\w+)`", row)) == sorted(file.metadata())
