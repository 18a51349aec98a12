"""Tables of what the pipeline gives in use, from photograph to grade, and README's headline."""

import json
from pathlib import Path

from tables.parts import Results, head, known, number, origin, row

IN_USE_ROWS = {
    "qwk": "QWK of the grades",
    "qwk_3to5": "QWK, veins of 3 to 5 DRIVE px",
    "qwk_5up": "QWK, veins of 5 DRIVE px and more",
    "qwk_labelled_map": "QWK of the same crossings on labelled maps",
    "auc_grade2": "AUC, grade 2 or more",
    "gradable_share": "share of the drawn crossings that are found and gradable",
    "found_share": "share of the drawn crossings that are found",
    "measured_share": "share whose widths are measured",
    "ratio_spearman": "rank correlation of measured and true width ratio",
}
NATURAL_ROWS = {
    "grade1_share": "share of gradable crossings of grade 1 or more",
    "grade2_share": "share of gradable crossings of grade 2 or more",
    "eyes_flagged_share": "share of eyes flagged",
    "eye_sensitivity_severe": "share of severe eyes flagged",
    "order_auc": "AUC, which vessel is above",
    "order_accuracy": "accuracy, which vessel is above",
    "gradable_auc": "AUC, gradable or not, against machine readings",
}
PENDING = {
    "in_use_fundus_avseg": "**Not measured yet.** That grades hold on maps that the detector has "
    "made has not been shown: take them as an order in which to look, not as counts.",
    "natural_fundus_avseg": "Not measured yet.",
    "readings_fundus_avseg": "Not measured yet.",
    "readings_clinic": "Not measured yet.",
    "eyes_clinic": "Not measured yet.",
    "detector_fundus_avseg": "Not measured yet.",
    "av_fundus_avseg": "Not measured yet.",
    "detector_by_set": "Not measured yet.",
    "pass_over_before": "Not measured yet.",
}
"""What is said in place of a table whose results file is not there yet."""


EARLIER = "0.1.0"
"""The version that figures in use stand beside, by the file of that name in `results/0.1.0/`."""


def facts_of(labels: dict[str, str], results: Results) -> str:
    """A row for each figure that was measured, beside the same of `EARLIER` where that is known."""
    rows = [(label, name) for name, label in labels.items() if name in results["metrics"]]
    columns = {"now": results}
    if "earlier" in results:
        columns[EARLIER] = results["earlier"]
    if "alone" in results:
        columns["the photograph alone, on the gradable ones"] = photograph_alone(results["alone"])
    lines = head(columns if len(columns) > 1 else [""])
    lines += [row(label, [known(c, name) for c in columns.values()]) for label, name in rows]
    return "\n".join([*lines, "", *(f"{origin(c)}  " for c in columns.values())]).rstrip()


def photograph_alone(results: Results) -> Results:
    """Figures of the one-stream grader of photographs under the names of figures in use."""
    name = "photograph_alone_qwk_expected"
    metrics, ci95 = ({"qwk": results[of][name]} for of in ("metrics", "ci95"))
    return {**results, "metrics": metrics, "ci95": ci95}


def in_use_table(results: Results) -> str:
    """Nicking drawn into whole photographs, found, mapped and graded as a user's is."""
    return facts_of(IN_USE_ROWS, results)


def natural_table(results: Results) -> str:
    """The same photographs as they are."""
    return facts_of(NATURAL_ROWS, results)


HEADLINE = (
    ("detector_drive", "center_f1_10px", "crossings found: centre F1 within 10 px, DRIVE's test"),
    ("detector_drive", "bbox_AP50", "the same: box AP50"),
    ("av_drive", "vessel_dice", "vessel map: Dice, DRIVE's test"),
    ("av_drive", "av_accuracy", "artery or vein: accuracy on all labelled vessel pixels"),
    ("in_use_fundus_avseg", "qwk", "grades in use: QWK on nicking drawn into whole photographs"),
    ("in_use_fundus_avseg", "found_share", "the same: share of the crossings that are found"),
    ("in_use_fundus_avseg", "gradable_share", "the same: share that are found and gradable"),
)


def headline_table(folder: Path) -> str:
    """What README opens with: figures that a user's photographs will meet, and none beside.

    Args:
        folder: with the results files; a figure in use that is not there is said to be missing.
    """
    lines = head([""])
    missing = []
    for name, metric, label in HEADLINE:
        path = folder / f"{name}.json"
        if name in PENDING and not path.is_file():
            missing.append(name)
            continue
        lines.append(row(label, [number(json.loads(path.read_text()), metric)]))
    return "\n".join(lines + [f"\nGrades in use: {PENDING[n]}" for n in dict.fromkeys(missing)])
