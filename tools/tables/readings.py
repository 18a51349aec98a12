"""Tables of a run against readings of real crossings, and of groups of eyes."""

import re

from av_grading.signs.registry import findings
from tables.parts import Results, ended, head, known, row, short

COMPARED = "hypertensive"
"""Group of eyes that is compared with the reference, where there is one."""
EARLIER = "0.2.0"
"""The version whose figures have the prefix `before_`."""
READINGS_ROWS = {
    "reading_qwk": "QWK of the two readings with each other",
    "qwk_each": "QWK of the grades with one reading, graded crossings",
    "qwk": "QWK with the mean of both readings, graded crossings",
    "qwk_all": "the same, refusals as grade 0",
    "spearman": "rank correlation with the mean, graded crossings",
    "auc_grade1": "AUC, read as 1 or more, graded crossings",
    "auc_grade2": "AUC, read as 2 or more, graded crossings",
    "auc_grade2_all": "the same, refusals as grade 0",
    "found_share": "clear crossings that are found",
    "clear_graded_share": "clear crossings, vein above in neither reading: graded",
    "not_clear_graded_share": "crossings that are not clear: graded",
    "read2_graded_share": "read as 2 or more in both: graded",
    "read2_called2_share": "the same: called 2 or more",
    "read3_graded_share": "read as 3 in both: graded",
    "read3_called2_share": "the same: called 2 or more",
    "read0_called1_share": "read as 0 in both: called 1 or more",
    "read0_called2_share": "the same: called 2 or more",
    "side_worse_spearman": "worse side of the vein: rank correlation with the mean reading",
    "side_auc": "AUC, worse side read as 2 or more against 0",
    "visible_width_side_auc": "the same, by the visible width",
    "bent_auc": "AUC, bent or not",
    "deflection_bent_auc": "the same, by the measured deflection",
    "clear_auc": "AUC, clear or not",
    "above_kappa": "kappa, which vessel is above",
}
EYES_ROWS = {
    "auc_hypertensive_normal_top2": "AUC, hypertensive against normal: two highest grades",
    "auc_hypertensive_normal_top2_graded": "the same, of eyes where a crossing is graded",
    "auc_hypertensive_normal_max": "hypertensive against normal: highest grade",
    "auc_hypertensive_normal_mean": "the same: mean grade",
    "auc_hypertensive_others_top2": "AUC, hypertensive against all others but vein occlusion: "
    "two highest",
    "auc_hypertensive_others_top2_graded": "the same, of eyes where a crossing is graded",
    "sensitivity_at_10_percent_normal": "hypertensive eyes flagged where one normal eye in ten is",
}


def readings_table(results: Results) -> str:
    """Now and before, those figures that either has; shares with their counts below."""
    columns = _columns(results)
    lines = head(columns)
    for name, label in READINGS_ROWS.items():
        cells = [known(results, f"{prefix}{name}") for prefix in columns.values()]
        if any(cells):
            lines.append(row(label, cells))
    metrics = results["metrics"]
    words = {
        "n_photographs": "photographs",
        "n_readings": "crossings read",
        "n_clear": "clear in both readings",
        "n_not_clear": "in neither",
        "n_read2": "read as 2 or more in both",
        "n_read3": "as 3",
        "n_read0": "as 0",
    }
    counts = [f"{metrics[n]:.0f} {word}" for n, word in words.items() if n in metrics]
    return ended(results, [*lines, "", f"{', '.join(counts)}."])


def eyes_table(results: Results) -> str:
    """Now, before, and the readings alone; then each group's mean of the two highest grades."""
    now, *before = _columns(results).items()
    columns = dict([now, ("now, main veins", "main_veins_"), *before])
    columns["the readings alone"] = "reading_"
    metrics = results["metrics"]
    rows = dict(EYES_ROWS)
    for name, count in metrics.items():
        group = name.removeprefix("n_eyes_")
        if group not in (name, "without_grade"):
            rows[f"group_{group}_top2"] = (
                f"two highest grades, {group.replace('_', ' ')} ({count:.0f})"
            )
    lines = head(columns)
    for name, label in rows.items():
        lines.append(row(label, (known(results, f"{p}{name}") for p in columns.values())))
    return ended(results, lines)


def groups_table(results: Results) -> str:
    """Every sign by group: means over eyes with intervals of the first group and the reference,
    which are compared, and means alone of the others; the best separation first."""
    metrics, reference = results["metrics"], results["data"]["reference"]
    eyes = {n.removeprefix("n_eyes_"): v for n, v in metrics.items() if n.startswith("n_eyes_")}
    compared = COMPARED if COMPARED in eyes else next(g for g in eyes if g != reference)
    others = [group for group in eyes if group not in (compared, reference)]
    names = [f"{group.replace('_', ' ')} ({eyes[group]:.0f})" for group in eyes]
    heads = dict(zip(eyes, names, strict=True))
    columns = [heads[compared], heads[reference], f"AUC, {compared} against {reference}"]
    lines = head(["of an eye's crossings", *columns, *(heads[group] for group in others)])
    titles = {f.name: (f.title, f.least) for f in findings()} | {"grade": ("Grade", False)}
    areas = {n: v for n, v in metrics.items() if n.endswith(f"_auc_{compared}")}
    for name in sorted(areas, key=lambda n: -areas[n]):
        start = name.removesuffix(f"_auc_{compared}")
        sign, statistic = re.fullmatch(r"(.+)_(strongest|mean|present)", start).groups()
        title, least = titles.get(sign, (sign.replace("_", " "), False))
        words = {"strongest": "lowest" if least else "highest", "mean": "mean"}
        cells = [words.get(statistic, "share that has it")]
        cells += [known(results, n) for n in (f"{start}_{compared}", f"{start}_{reference}", name)]
        cells += [
            short(f"{metrics[n]:.3f}") if n in metrics else "" for n in others_of(start, others)
        ]
        lines.append(row(title, cells))
    return ended(results, lines)


def others_of(start: str, groups: list[str]) -> list[str]:
    """Names of a statistic's metrics."""
    return [f"{start}_{group}" for group in groups]


def _columns(results: Results) -> dict[str, str]:
    """Column → prefix of its metrics; without an earlier run none for it."""
    before = any(name.startswith("before_") for name in results["metrics"])
    return {"now": "", EARLIER: "before_"} if before else {"now": ""}
