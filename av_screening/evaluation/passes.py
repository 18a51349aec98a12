"""Passes of the unchanged pipeline over a photograph, squeezed and as it is, and the rows of them.

Rows hold the columns of crossings.csv as the pipeline writes them, beside what is known to be true;
no label reaches the pipeline.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_detectron.evaluation.center_matching import TOLERANCE, match_centers
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.patches import PIXELS, SIDE
from av_grading.simulation.protocols import PROTOCOLS, Protocol
from av_screening.evaluation.kept_patches import keep_patch
from av_screening.evaluation.labelled_photographs import LabelledPhotograph
from av_screening.evaluation.squeezing import (
    RULE,
    ClearCrossing,
    SqueezedCrossing,
    clear_crossings,
    draw_rounds,
    squeeze_photograph,
    squeezed_to,
)
from av_screening.evaluation.voted_readings import positions
from av_screening.photograph import Screened
from av_screening.steps.grading import grade_crossings
from av_screening.steps.patches import CrossingPatch
from av_screening.steps.pipeline import Pipeline
from av_screening.write.rows import crossing_rows, summary_row

Row = dict[str, Any]
SEVERE = 3
NICKED = 2
"""Least grade that an eye is flagged for where the pipeline has no flag of its own."""
_FILES = ("photograph", "id", "patch", "av_map")
"""Columns of crossings.csv that say where things lie on disk."""


@dataclass(frozen=True)
class Plan:
    """What is measured on each photograph.

    Attributes:
        draws: squeezes of every clear crossing.
        severe: eyes of each photograph with one gradable crossing squeezed to grade 3.
        seed: of everything that is drawn, with the photograph's name.
        in_use: whether nicking is squeezed into all clear crossings.
        natural: whether the photograph is measured as it is.
        patches: folder for patches of the squeezed crossings that got a grade; empty: none.
        protocol: of the simulation.
    """

    draws: int = 4
    severe: int = 3
    seed: int = 0
    in_use: bool = True
    natural: bool = True
    patches: str = ""
    protocol: str = "in_use_0_2_0"


@dataclass
class PhotographRows:
    """What comes of a photograph.

    Attributes:
        in_use: a row for every squeezed crossing.
        natural: a row for every crossing that was detected in the photograph as it is.
        eyes: a row for the photograph as it is and for each with one severe crossing.
        left_out: how many labelled crossings could not be squeezed, by reason.
    """

    in_use: list[Row] = field(default_factory=list)
    natural: list[Row] = field(default_factory=list)
    eyes: list[Row] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def measure_photograph(
    photograph: LabelledPhotograph,
    pipeline: Pipeline,
    plan: Plan,
    readings: pd.DataFrame | None = None,
) -> PhotographRows:
    """Screen a photograph in every way that `plan` asks for.

    Args:
        photograph: with its labels.
        pipeline: as a user runs it.
        plan: what to do.
        readings: of this photograph's crossings, see `readings.read_readings`.

    Raises:
        InputFileError: the photograph or its labels cannot be read.
        RejectedPhotograph: the pipeline does not take it.
        OSError: patches cannot be written.
    """
    pixels, labels = photograph.read()
    protocol = PROTOCOLS[plan.protocol].with_rule(RULE)
    clear, reasons = clear_crossings(
        pixels, labels, photograph.centers, photograph.drive_px, protocol
    )
    rows = PhotographRows(left_out=dict(Counter(reasons)))
    if plan.in_use:
        rng = np.random.default_rng([plan.seed, 0, *photograph.name.encode()])
        for number, squeezed in enumerate(draw_rounds(clear, plan.draws, rng, protocol)):
            truth = {"photograph": photograph.name, "set": photograph.set_name, "round": number}
            screened = pipeline(squeeze_photograph(pixels, squeezed))
            found = _in_use(screened, squeezed, pipeline)
            if plan.patches:
                stem = f"{photograph.set_name}_{photograph.image.stem}_{number}"
                _keep(Path(plan.patches), stem, found, screened)
            rows.in_use += [{**truth, **row} for row in found]
    if plan.natural:
        rng = np.random.default_rng([plan.seed, 1, *photograph.name.encode()])
        severe = (plan.severe, protocol)
        _natural(rows, photograph, pixels, clear, pipeline, severe, rng, readings)
    return rows


def pipeline_rows(screened: Screened) -> list[Row]:
    """Rows of crossings.csv; `gradable` is 1 where the pipeline does not answer it."""
    kept = [
        {k: v for k, v in row.items() if k not in _FILES}
        for row in crossing_rows(screened, "", "", "")
    ]
    return [{"gradable": 1, **row} for row in kept]


def is_flagged(screened: Screened, rows: Sequence[Row]) -> bool:
    """Whether an eye is flagged: summary.csv's `flagged`, or where the pipeline does not answer it,
    a gradable crossing of grade `NICKED` or more."""
    summary = summary_row(screened, "", "", "", "")
    if "flagged" in summary:
        return bool(int(str(summary["flagged"] or 0)))
    return any(int(r["gradable"]) and int(r.get("grade") or 0) >= NICKED for r in rows)


def match(rows: Sequence[Row], known: NDArray[np.float64], drive_px: float) -> dict[int, int]:
    """One-to-one matches within `TOLERANCE` DRIVE px: number of a known position → of a row.

    Args:
        rows: detected crossings, with x_px, y_px and score.
        known: positions, (N, 2), x and y (px).
        drive_px: length of one DRIVE px in px.
    """
    if not rows:
        return {}
    detected = np.array([(float(r["x_px"]), float(r["y_px"])) for r in rows]) / drive_px
    scores = np.array([float(r["score"]) for r in rows])
    taken = match_centers(detected, scores, known / drive_px, TOLERANCE).astype(int).tolist()
    return {known_row: row for row, known_row in enumerate(taken) if known_row >= 0}


def _keep(folder: Path, stem: str, rows: Sequence[Row], screened: Screened) -> None:
    """Write the patches of those that got a grade; their rows say where."""
    for row in rows:
        if row.get("grade") is not None:
            number = int(row["crossing"])
            row |= keep_patch(folder, f"{stem}_{number}", screened.crossings[number].patch)


def _in_use(
    screened: Screened, squeezed: Sequence[SqueezedCrossing], pipeline: Pipeline
) -> list[Row]:
    """Truth of the squeezed crossings of one pass, and what the pipeline says of them."""
    drive_px = squeezed[0].crossing.window.drive_px
    detected = pipeline_rows(screened)
    found = match(detected, np.array([s.crossing.center for s in squeezed]), drive_px)
    labelled = grade_crossings([_labelled_patch(s) for s in squeezed], pipeline.graders)
    rows = []
    for number, chosen in enumerate(squeezed):
        first, second = chosen.ratios
        x, y = chosen.crossing.center
        row: Row = {
            "labelled_crossing": chosen.crossing.number,
            "true_x_px": round(x, 1),
            "true_y_px": round(y, 1),
            "true_grade": chosen.grade,
            "true_ratio_first": round(first, 4),
            "true_ratio_second": round(second, 4),
            **_more_truth(chosen),
            "true_vein_width_drive_px": round(chosen.crossing.vein_width, 3),
            "drive_px": round(drive_px, 4),
            "found": int(number in found),
        }
        if labelled is not None:
            row["grade_labelled_map"] = int(labelled[1].grade[number])
        if number in found:
            row |= detected[found[number]]
        rows.append(row)
    return rows


def _more_truth(chosen: SqueezedCrossing) -> Row:
    """What else the protocol knows."""
    known = {f"true_{name}": round(value, 4) for name, value in chosen.truth.items()}
    return {k: v for k, v in known.items() if k not in ("true_ratio_first", "true_ratio_second")}


def _labelled_patch(chosen: SqueezedCrossing) -> CrossingPatch:
    """The crossing cut around its labelled centre, with its labelled map squeezed as well."""
    window = chosen.crossing.window
    patch, av_map = chosen.drawn.apply(window).patch(SIDE, PIXELS)
    return CrossingPatch(patch, av_map, PIXELS / SIDE, PIXELS / (SIDE * window.drive_px))


def _natural(
    rows: PhotographRows,
    photograph: LabelledPhotograph,
    pixels: NDArray[np.uint8],
    clear: Sequence[ClearCrossing],
    pipeline: Pipeline,
    severe: tuple[int, Protocol],
    rng: np.random.Generator,
    readings: pd.DataFrame | None,
) -> None:
    """Add the rows of the photograph as it is and with one severe crossing at a time."""
    screened = pipeline(pixels)
    detected = pipeline_rows(screened)
    names: Row = {"photograph": photograph.name, "set": photograph.set_name}
    rows.natural = [{**names, **row} for row in detected]
    if readings is not None and len(readings):
        for reading, number in match(detected, positions(readings), photograph.drive_px).items():
            read = readings.iloc[reading]
            rows.natural[number]["read_above"] = str(read["above"])
            rows.natural[number]["read_gradable_votes"] = int(read["says_gradable"])
    gradable = sum(int(row["gradable"]) for row in detected)
    eye = {**names, "gradable_crossings": gradable}
    rows.eyes.append({**eye, "severe_crossing": "", "flagged": int(is_flagged(screened, detected))})
    known = np.array([c.center for c in clear]).reshape(-1, 2)
    found = match(detected, known, photograph.drive_px)
    chosen = [i for i, number in found.items() if int(detected[number]["gradable"])]
    count, protocol = severe
    for i in rng.permutation(sorted(chosen))[:count].tolist():
        try:
            squeezed = squeezed_to(clear[i], SEVERE, rng, protocol)
        except NotMeasurable:
            continue
        screened = pipeline(squeeze_photograph(pixels, [squeezed]))
        flagged = is_flagged(screened, pipeline_rows(screened))
        rows.eyes.append(
            {**eye, "severe_crossing": clear[i].number, "flagged": int(flagged)},
        )
