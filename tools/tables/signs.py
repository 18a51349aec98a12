"""Table of how well the signs are measured."""

from tables.parts import Results, ended, head, known, row

SIGNS = {
    "visible_width": "visible width beside the artery",
    "narrowing": "narrowing",
    "concealment": "concealment",
    "gap": "gap",
    "taper": "taper",
    "banking": "banking",
    "deflection": "deflection",
    "turns": "the same, turns added up",
    "shift_aside": "shift aside",
    "artery_width": "artery's width over the vein's",
    "reflex": "light reflex of the artery",
}
COLUMNS = {
    "spearman_alone": "drawn alone: rank correlation",
    "spearman": "alone and together",
    "measured_share": "measured",
    "false_share": "said to be present, not there",
    "present_share": "present and there",
    "icc_half": "ICC, half the resolution",
    "icc_jpeg": "ICC, JPEG 95 and 75",
}
FIGURES = {
    "deflection_error": "deflection: median error, degrees",
    "reflex_error": "light reflex: median error, share of its width",
    "found_share": "crossings with signs drawn on them that are found",
    "visible_width_side_auc": "AUC, worse side read as 2 or more against 0, by the visible width",
    "bent_auc": "AUC, bent or not, by the turns",
    "courses_bent_auc": "the same, by the angle between the courses",
    "above_kappa": "kappa, which vessel is above: the lower one of both sets",
}
SETS = ("validation", "clinic", "fundus_avseg_test")


def signs_table(results: Results) -> str:
    """A row for each sign; below them what is one figure, also by set."""
    lines = head(COLUMNS.values())
    for name, label in SIGNS.items():
        cells = [known(results, f"{name}_{suffix}") for suffix in COLUMNS]
        if any(cells):
            lines.append(row(label, cells))
    lines += ["", *head(("all", *(name.replace("_", " ") for name in SETS)))]
    for name, label in FIGURES.items():
        cells = [known(results, name), *(known(results, f"{name}_{part}") for part in SETS)]
        if any(cells):
            lines.append(row(label, cells))
    return ended(results, lines)
