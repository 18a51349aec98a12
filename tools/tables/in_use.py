"""Tables of what the pipeline gives in use, from photograph to grade, and README's headline."""

import json
from pathlib import Path

from tables.parts import Results, head, known, origin, row

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
    "in_use_fundus_avseg": "Not measured yet.",
    "natural_fundus_avseg": "Not measured yet.",
    "signs": "Not measured yet.",
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
    ("readings", "qwk", "grades against machine readings: QWK with the mean of two"),
    ("readings", "reading_qwk", "the two readings with each other: QWK"),
    ("readings", "auc_grade2", "AUC, read as 2 or more"),
    ("readings", "clear_graded_share", "share of the clear crossings that are graded"),
    ("readings", "read2_called2_share", "share of those read as 2 or more that are called so"),
    ("eyes", "auc_hypertensive_normal_top2", "AUC, eyes: hypertensive against normal"),
    ("detector", "center_f1_10px", "crossings found: centre F1 within 10 px"),
    ("detector", "bbox_AP50", "the same: box AP50"),
    ("av", "vessel_dice", "vessel map: Dice"),
    ("av", "av_accuracy", "artery or vein: accuracy on all labelled vessel pixels"),
)
"""What is measured, by the kind of results file; a file's name ends with its photographs."""
HEADLINE_SETS = {
    "fundus_avseg": "Fundus-AVSeg's test",
    "clinic": "a clinic, left out in turn",
    "drive": "DRIVE's test",
}
"""Columns of the headline: photographs that the networks asked did not learn from."""
HEADLINE_PENDING = {
    "readings_fundus_avseg": "grades on Fundus-AVSeg's test photographs",
    "readings_clinic": "grades of the clinic's eyes",
    "eyes_clinic": "hypertensive against normal eyes",
}
"""Files that may be missing, and what is then said not to be measured."""


def headline_table(folder: Path) -> str:
    """What README opens with: figures that a user's photographs will meet, and none beside.

    Args:
        folder: with the results files; one of `HEADLINE_PENDING` that is not there is said to be
            missing, and a row that no photographs have a figure for is left out.
    """
    names = [f"{kind}_{photographs}" for kind, *_ in HEADLINE for photographs in HEADLINE_SETS]
    found = {
        name: json.loads(path.read_text())
        for name in dict.fromkeys(names)
        if (path := folder / f"{name}.json").is_file()
    }
    lines = head(HEADLINE_SETS.values())
    for kind, metric, label in HEADLINE:
        results = (found.get(f"{kind}_{photographs}") for photographs in HEADLINE_SETS)
        cells = ["" if one is None else known(one, metric) for one in results]
        if any(cells):
            lines.append(row(label, cells))
    missing = [words for name, words in HEADLINE_PENDING.items() if name not in found]
    if missing:
        lines += ["", f"Not measured yet: {'; '.join(missing)}."]
    return "\n".join(lines)
