"""What tables and COCO JSON say of a screened photograph."""

import dataclasses
from typing import Any

import numpy as np

from av_detectron.data.coco import CATEGORY
from av_screening.eyes.laterality import guess_eye
from av_screening.steps.pipeline import Screened
from av_screening.write.columns import DISC_WIDTHS, READ_RATIOS
from av_screening.write.notice import NOTICE
from av_screening.write.pictures import grade_of

Row = dict[str, object]


def crossing_rows(screened: Screened, photograph: str, identity: str, folder: str) -> list[Row]:
    """Rows of crossings.csv, in the detector's order.

    Args:
        screened: the photograph.
        photograph: its path, as text.
        identity: that the user asked for.
        folder: of its outputs, below the output folder; empty where none are written.
    """
    rows: list[Row] = []
    for number, (x, y) in enumerate(screened.found.centers):
        row: Row = {
            "photograph": photograph,
            "id": identity,
            "crossing": number,
            "x_px": f"{x:.1f}",
            "y_px": f"{y:.1f}",
            "score": f"{screened.found.scores[number]:.3f}",
            "scale": f"{screened.crossings[number].scale:.4f}",
        }
        if folder:
            row["patch"] = f"{folder}/patches/{number}.png"
            row["av_map"] = f"{folder}/av_maps/{number}.png"
        if screened.looks:
            row |= _gradability(screened, number)
        if screened.grades and screened.grades.graded[number]:
            shares = screened.grades.probabilities[number]
            row |= {f"p{grade}": f"{share:.3f}" for grade, share in enumerate(shares)}
            row["grade"] = grade_of(screened, number)
            row["expected_grade"] = f"{screened.grades.expected[number]:.3f}"
            row["doubt"] = f"{screened.grades.doubt[number]:.3f}"
            if screened.grades.spread is not None:
                row["spread"] = f"{screened.grades.spread[number]:.3f}"
        if screened.narrowings is not None and screened.gradable(number):
            found = screened.narrowings
            values = (*found.ratios[number], *found.deviations[number])
            row |= {k: f"{v:.3f}" for k, v in zip(READ_RATIOS, values, strict=True)}
        if screened.caliber:
            row |= {k: _rounded(v) for k, v in screened.caliber[number].items()}
        rows.append(row | _lengths(screened, number))
    return rows


def _lengths(screened: Screened, number: int) -> Row:
    """Size of a crossing's box, where it lies as seen from the optic disc, and its lengths in disc
    diameters; these are left out where there is no disc."""
    x0, y0, x1, y1 = (float(v) for v in screened.found.boxes[number])
    row: Row = {"box_width_px": f"{x1 - x0:.1f}", "box_height_px": f"{y1 - y0:.1f}"}
    disc = screened.found.disc
    if disc is None:
        return row
    x, y = (float(v) for v in screened.found.centers[number])
    row["disc_distance_dd"] = f"{disc.distance(x, y):.3f}"
    row["disc_zone"] = disc.zone(x, y)
    row["disc_quadrant"] = disc.quadrant(x, y)
    row["box_width_dd"] = f"{(x1 - x0) / disc.diameter:.4f}"
    row["box_height_dd"] = f"{(y1 - y0) / disc.diameter:.4f}"
    caliber = screened.caliber[number] if screened.caliber else {}
    for name in DISC_WIDTHS:
        width = caliber.get(name.replace("_dd", "_drive_px"))
        if isinstance(width, float) and width == width:
            row[name] = f"{width * screened.found.fov.drive_px / disc.diameter:.4f}"
    return row


def _gradability(screened: Screened, number: int) -> Row:
    look = screened.looks[number]
    vessels = look.vessels
    row: Row = {
        "gradable": int(not look.why_not),
        "not_gradable_reason": look.why_not,
        "above_artery_probability": f"{look.artery_above:.3f}",
        "gradable_probability": f"{look.probability:.3f}",
    }
    if vessels.angle:
        row["angle_degrees"] = f"{vessels.angle:.0f}"
    for name in ("vein_width", "artery_width"):
        if width := getattr(vessels, name):
            row[f"{name}_drive_px"] = f"{width:.2f}"
    return row


def _rounded(value: object) -> object:
    """Numbers of the caliber step with three digits; what is not known stays empty."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return "" if value is None else value


def summary_row(
    screened: Screened, photograph: str, identity: str, sha256: str, folder: str, eye: str = ""
) -> Row:
    """Row of summary.csv; arguments as `crossing_rows`, and the eye by the DICOM header."""
    row: Row = {
        "photograph": photograph,
        "id": identity,
        "sha256": sha256,
        "fov_diameter_px": f"{screened.found.fov.diameter:.0f}",
        "crossings": len(screened.crossings),
        "graded": int(screened.grades.graded.sum()) if screened.grades else 0,
        "folder": folder,
    }
    disc = screened.found.disc
    if disc is not None:
        row["disc_x_px"], row["disc_y_px"] = f"{disc.x:.1f}", f"{disc.y:.1f}"
        row["disc_diameter_px"] = f"{disc.diameter:.1f}"
        row["disc_score"] = f"{disc.score:.3f}"
    row |= _eye(screened, eye)
    if screened.grades and screened.grades.graded.any():
        graded = screened.grades.graded
        grades = screened.grades.rounded[graded]
        row["highest_grade"] = int(grades.max())
        row["mean_expected_grade"] = f"{screened.grades.expected[graded].mean():.3f}"
        row["nicked"] = int((grades > 0).sum())
    if screened.looks and screened.grades:
        row["gradable"] = sum(not look.why_not for look in screened.looks)
        row["severity"] = f"{screened.severity():.3f}"
        row["flagged"] = int(screened.severity() > screened.flag_above)
    if screened.caliber:
        row["measurable"] = sum(bool(c.get("measurable")) for c in screened.caliber)
    return row


def _eye(screened: Screened, given: str) -> Row:
    """Columns of the eye: as given, else guessed where there is a disc."""
    if given:
        return {"eye": given, "eye_source": "dicom"}
    found = screened.found
    if found.disc is None:
        return {}
    # At the scale of the map: a vessel map of the whole photograph would be large.
    scale = found.working_av.shape[2] / found.shape[1]
    disc, fov = found.disc, found.fov
    guess = guess_eye(
        (disc.x * scale, disc.y * scale, disc.diameter * scale),
        (fov.x * scale, fov.y * scale, fov.diameter * scale),
        np.asarray(found.working_av[0] < 0.5),
    )
    if not guess.sure_eye:
        return {"eye_score": f"{guess.score:.3f}"}
    return {"eye": guess.eye, "eye_source": "guess", "eye_score": f"{guess.score:.3f}"}


def coco_record(screened: Screened, photograph: str) -> dict[str, Any]:
    """COCO JSON of one photograph: boxes (XYWH, px), masks (RLE), scores, and the grade where
    there is one."""
    height, width = screened.found.shape
    fov, disc = screened.found.fov, screened.found.disc
    image: dict[str, Any] = {"id": 1, "file_name": photograph, "height": height, "width": width}
    image["fov"] = dataclasses.asdict(fov)
    if disc is not None:
        image["disc"] = {"x": disc.x, "y": disc.y, "diameter": disc.diameter}
    annotations = []
    for number, box in enumerate(screened.found.boxes.astype(float)):
        x0, y0, x1, y1 = (round(float(v), 2) for v in box)
        x, y = (round(float(v), 2) for v in screened.found.centers[number])
        annotation: dict[str, Any] = {
            "id": number + 1,
            "image_id": 1,
            "category_id": CATEGORY["id"],
            "iscrowd": 0,
            "bbox": [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)],
            "area": round((x1 - x0) * (y1 - y0), 2),
            "segmentation": screened.found.masks[number],
            "center": [x, y],
            "score": round(float(screened.found.scores[number]), 4),
        }
        if screened.looks:
            annotation["gradable"] = screened.gradable(number)
        if (grade := grade_of(screened, number)) is not None:
            annotation["grade"] = grade
        annotations.append(annotation)
    return {
        "info": {"description": f"CrossPos, detected. {NOTICE}"},
        "licenses": [],
        "images": [image],
        "annotations": annotations,
        "categories": [CATEGORY],
    }
