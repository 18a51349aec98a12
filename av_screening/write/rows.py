"""What tables and COCO JSON say of a screened photograph."""

import dataclasses
from typing import Any

import numpy as np

from av_detectron.data.coco import CATEGORY
from av_grading.signs.registry import signs
from av_grading.signs.sign import ANSWERS, format_value, text_in
from av_screening.crossing import Crossing
from av_screening.eyes.laterality import guess_eye
from av_screening.photograph import Screened
from av_screening.write.columns import in_disc_diameters
from av_screening.write.notice import NOTICE

Row = dict[str, object]


def crossing_rows(screened: Screened, photograph: str, identity: str, folder: str) -> list[Row]:
    """Rows of crossings.csv, in the detector's order.

    Args:
        screened: the photograph.
        photograph: its path, as text.
        identity: that the user asked for.
        folder: of its outputs, below the output folder; empty where none are written.
    """
    return [_row(screened, c, photograph, identity, folder) for c in screened.crossings]


def _row(
    screened: Screened, crossing: Crossing, photograph: str, identity: str, folder: str
) -> Row:
    x, y = crossing.center
    row: Row = {
        "photograph": photograph,
        "id": identity,
        "crossing": crossing.number,
        "x_px": f"{x:.1f}",
        "y_px": f"{y:.1f}",
        "score": f"{crossing.score:.3f}",
        "scale": f"{crossing.patch.scale:.4f}",
    }
    if folder:
        row["patch"] = f"{folder}/patches/{crossing.number}.png"
        row["av_map"] = f"{folder}/av_maps/{crossing.number}.png"
    if screened.second_look:
        row |= _gradability(crossing)
    decision = crossing.decision
    if decision is not None:
        row |= {f"p{grade}": f"{share:.3f}" for grade, share in enumerate(decision.probabilities)}
        row["grade"] = decision.grade
        row["expected_grade"] = f"{decision.expected:.3f}"
        row["doubt"] = f"{decision.doubt:.3f}"
        if decision.spread is not None:
            row["spread"] = f"{decision.spread:.3f}"
    for sign in signs():
        if measured := crossing.signs.get(sign.name):
            row |= sign.cells(measured)
    return row | _lengths(screened, crossing)


def _lengths(screened: Screened, crossing: Crossing) -> Row:
    """Size of a crossing's box, where it lies as seen from the optic disc, and its lengths in disc
    diameters; these are left out where there is no disc."""
    x0, y0, x1, y1 = crossing.box
    row: Row = {"box_width_px": f"{x1 - x0:.1f}", "box_height_px": f"{y1 - y0:.1f}"}
    disc = screened.found.disc
    if disc is None:
        return row
    x, y = crossing.center
    row["disc_distance_dd"] = f"{disc.distance(x, y):.3f}"
    row["disc_zone"] = disc.zone(x, y)
    row["disc_quadrant"] = disc.quadrant(x, y)
    row["box_width_dd"] = f"{(x1 - x0) / disc.diameter:.4f}"
    row["box_height_dd"] = f"{(y1 - y0) / disc.diameter:.4f}"
    for sign in signs():
        for column in sign.columns:
            length = crossing.value(sign.name, column.name)
            if column.in_disc_diameters and length is not None:
                length_dd = length * screened.found.fov.drive_px / disc.diameter
                row[in_disc_diameters(column)] = f"{length_dd:.4f}"
    return row


def _answer(crossing: Crossing) -> str:
    if not crossing.gradable:
        return "cannot_grade"
    return "" if crossing.decision is None else crossing.decision.answer


def _gradability(crossing: Crossing) -> Row:
    reason, vessels = crossing.reason, crossing.close_look.vessels
    row: Row = {
        "gradable": int(crossing.gradable),
        "not_gradable_reason": "" if reason is None else reason.text,
        "not_gradable_code": "" if reason is None else reason.code,
        "nicking_answer": _answer(crossing),
    }
    if crossing.clear is not None:
        row["gradable_probability"] = f"{crossing.clear:.3f}"
        row["above_artery_probability"] = f"{crossing.close_look.artery_above:.3f}"
    if vessels is None:
        return row
    if vessels.angle:
        row["angle_degrees"] = f"{vessels.angle:.0f}"
    for name in ("vein_width", "artery_width"):
        if width := getattr(vessels, name):
            row[f"{name}_drive_px"] = f"{width:.2f}"
    return row


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
        "graded": len(screened.graded),
        "folder": folder,
    }
    disc = screened.found.disc
    if disc is not None:
        row["disc_x_px"], row["disc_y_px"] = f"{disc.x:.1f}", f"{disc.y:.1f}"
        row["disc_diameter_px"] = f"{disc.diameter:.1f}"
        row["disc_score"] = f"{disc.score:.3f}"
    row |= _eye(screened, eye)
    crossings = screened.crossings
    decisions = [c.decision for c in crossings if c.decision is not None]
    if decisions:
        row["highest_grade"] = max(decision.grade for decision in decisions)
        row["mean_expected_grade"] = f"{np.mean([d.expected for d in decisions]):.3f}"
        row["nicked"] = sum(decision.grade > 0 for decision in decisions)
    if crossings and screened.second_look and screened.graders:
        row["gradable"] = sum(crossing.gradable for crossing in crossings)
        row["severity"] = f"{screened.severity():.3f}"
        row["flagged"] = int(screened.flagged)
    if crossings and "caliber" in screened.measured:
        row["measurable"] = sum(bool(c.value("caliber", "measurable")) for c in crossings)
    return row | _signs(screened)


def _signs(screened: Screened) -> Row:
    """How many crossings have each sign, and the strongest; without what was not measured."""
    row: Row = {}
    for sign in signs():
        measured = [
            c.signs[sign.name].values
            for c in screened.crossings
            if c.gradable and sign.name in c.signs
        ]
        for finding in sign.findings:
            strengths = [finding.strength(values) for values in measured]
            known = [strength for strength in strengths if strength is not None]
            answers = [text_in(values, finding.answer) for values in measured if finding.answer]
            if any(answers):
                row[finding.present] = answers.count(ANSWERS[-1])
            if known:
                strongest = min(known) if finding.least else max(known)
                row[finding.strongest] = format_value(strongest, finding.decimals)
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
    for crossing in screened.crossings:
        x0, y0, x1, y1 = (round(v, 2) for v in crossing.box)
        x, y = (round(v, 2) for v in crossing.center)
        annotation: dict[str, Any] = {
            "id": crossing.number + 1,
            "image_id": 1,
            "category_id": CATEGORY["id"],
            "iscrowd": 0,
            "bbox": [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)],
            "area": round((x1 - x0) * (y1 - y0), 2),
            "segmentation": crossing.mask,
            "center": [x, y],
            "score": round(crossing.score, 4),
        }
        if screened.second_look:
            annotation["gradable"] = crossing.gradable
        if crossing.grade is not None:
            annotation["grade"] = crossing.grade
        annotations.append(annotation)
    return {
        "info": {"description": f"CrossPos, detected. {NOTICE}"},
        "licenses": [],
        "images": [image],
        "annotations": annotations,
        "categories": [CATEGORY],
    }
