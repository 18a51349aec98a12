"""The table of a detector and an earlier one, set by set."""

from tables.parts import Results, ended, head, known, row

COLUMNS = {
    "bbox_AP50": "box AP50",
    "center_f1_10px": "centre F1, 10 px",
    "vessel_dice": "vessel Dice",
    "av_accuracy": "artery/vein, all",
    "av_accuracy_detected": "artery/vein, detected",
    "disc_center_error_dd": "disc's centre, dd",
    "disc_diameter_error": "disc's diameter",
}
VARIANTS = {"before": "_before", "now": "", "now less before": "_minus_before"}


def by_set_table(results: Results) -> str:
    """Three rows a set; a star where the detector learned from these very photographs."""
    lines = head(COLUMNS.values())
    data = results["data"]
    learned = {"before": data["before_trained_on"], "now": data["trained_on"]}
    for dataset, photographs in data["evaluated"].items():
        for label, suffix in VARIANTS.items():
            star = "*" if dataset in learned.get(label, ()) else ""
            name = f"{dataset.removeprefix('crosspos_')} ({len(photographs)}), {label}{star}"
            cells = (known(results, f"{dataset}_{column}{suffix}") for column in COLUMNS)
            lines.append(row(name, cells))
    note = "\\* learned from these photographs; dd: diameters of the labelled disc."
    return ended(results, [*lines, "", note])
